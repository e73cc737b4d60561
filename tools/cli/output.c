/*
 * Writes messages to standard error, and checks standard output.
 */
#include "cli/output.h"

#include "cli/setting_names.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

output_options output_settings;

enum { LINE_SIZE = 3 * MOCO_PATH_MAX };

static int rank = -1; /* of this process; -1: there is only one */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*clear_line)(void);

void output_lock(void)
{
    pthread_mutex_lock(&lock);
}
void output_unlock(void)
{
    pthread_mutex_unlock(&lock);
}
void output_set_clear(void (*clear)(void))
{
    clear_line = clear;
}

void output_set_rank(int of_process)
{
    rank = of_process;
    output_settings.quiet = output_settings.quiet || rank > 0;
}

bool output_has_colour(int descriptor)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(descriptor) == 1 && (no_colour == NULL || no_colour[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

/* Writes all bytes by one call, unless a signal or a full pipe breaks it. */
static void put(const char *text, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t count = write(STDERR_FILENO, text + done, size - done);
        if (count <= 0 && errno != EINTR) {
            return; /* there is nobody to tell */
        }
        done += count > 0 ? (size_t)count : 0;
    }
}

/* Names of files may hold what moves a terminal's cursor or changes its colours. */
static void replace_controls(char *text, size_t count, const char *kept)
{
    for (size_t i = 0; i < count; ++i) {
        const unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 || c == 0x7f) && (c == '\0' || strchr(kept, c) == NULL)) {
            text[i] = '?';
        }
    }
}

void output_make_plain(char *text)
{
    replace_controls(text, strlen(text), "");
}

/* Writes a message above a progress bar, by one call, so that lines of several processes do not mix. */
static void say(const char *label, const char *colour, const char *format, va_list args) MOCO_PRINTF(3, 0);

static void say(const char *label, const char *colour, const char *format, va_list args)
{
    const bool coloured = colour[0] != '\0' && output_has_colour(STDERR_FILENO);
    char line[LINE_SIZE];
    char name[32] = "";
    if (rank >= 0) {
        (void)snprintf(name, sizeof name, "rank %d: ", rank);
    }
    size_t used = (size_t)snprintf(line, sizeof line, "moco: %s%s%s%s", name, coloured ? colour : "", label,
                                   coloured ? "\x1b[0m" : "");
    const int length = vsnprintf(line + used, sizeof line - used - 1, format, args);
    const size_t start = used;
    used += length > 0 ? (size_t)length : 0;
    used = used < sizeof line - 1 ? used : sizeof line - 2; /* a longer message is cut */
    replace_controls(line + start, used - start, "\n\t");
    line[used++] = '\n';
    output_lock();
    if (clear_line != NULL) {
        clear_line();
    }
    put(line, used);
    output_unlock();
}

static const char red[] = "\x1b[1;31m";
static const char yellow[] = "\x1b[1;33m";

int say_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("error: ", red, format, args);
    va_end(args);
    return EXIT_FAILED;
}

int say_failure(void)
{
    char message[4096];
    name_settings_as_options(message, sizeof message, moco_error_message());
    return say_error("%s", message[0] != '\0' ? message : "the command failed without a message; please report this");
}

static void say_help_hint(const char *format, ...) MOCO_PRINTF(1, 2);

static void say_help_hint(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("", "", format, args);
    va_end(args);
}

int say_usage(const tool_command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("error: ", red, format, args);
    va_end(args);
    say_help_hint("try 'moco %s%s--help'", command != NULL ? command->name : "", command != NULL ? " " : "");
    return EXIT_USAGE;
}

int say_refused(const tool_command *command, moco_status status)
{
    if (status == MOCO_OK) {
        return EXIT_OK;
    }
    return status == MOCO_ENOMEM ? say_failure() : say_usage(command, "%s", moco_error_message());
}

void say_note(const char *format, ...)
{
    if (output_settings.quiet) {
        return;
    }
    va_list args;
    va_start(args, format);
    say("", "", format, args);
    va_end(args);
}

static void say_log(const char *label, const char *colour, const char *format, ...) MOCO_PRINTF(3, 4);

static void say_log(const char *label, const char *colour, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(label, colour, format, args);
    va_end(args);
}

static void on_log(moco_log_level level, const char *logged, void *payload)
{
    char message[4096];
    name_settings_as_options(message, sizeof message, logged);
    (void)payload;
    switch (level) {
    case MOCO_LOG_DEBUG:
        if (output_settings.verbose) {
            say_log("debug: ", "", "%s", message);
        }
        break;
    case MOCO_LOG_INFO:
        if (!output_settings.quiet) {
            say_log("info: ", "", "%s", message);
        }
        break;
    case MOCO_LOG_WARNING:
        say_log("warning: ", yellow, "%s", message);
        break;
    case MOCO_LOG_ERROR:
        say_log("error: ", red, "%s", message);
        break;
    }
}

void output_show_log(bool shown)
{
    moco_log_set_callback(shown ? on_log : NULL, NULL);
}

/* A program that is started without standard streams would give their numbers to the next files that it opens, and
 * write its messages into these. */
static void keep_descriptors(void)
{
    int opened = 0;
    while (opened >= 0 && opened <= STDERR_FILENO) {
        opened = open("/dev/null", O_RDWR);
    }
    if (opened > STDERR_FILENO) {
        (void)close(opened);
    }
}

void output_start(void)
{
    keep_descriptors();
    /* Only the classes of characters: numbers keep their dot. */
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit is an error of writing, which names the file */
    output_show_log(true);
}

int output_finish(int code)
{
    errno = 0;
    const bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (lost && errno != EPIPE && errno != 0) {
        const char *reason = strerror(errno);
        (void)say_error("standard output cannot be written: %s", reason);
        return code == EXIT_OK ? EXIT_FAILED : code;
    }
    return code;
}

size_t output_text_width(void)
{
    struct winsize window;
    if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) {
        return 80;
    }
    return window.ws_col < 60 ? 60 : window.ws_col > 100 ? 100 : window.ws_col;
}

const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

const char *format_number(char *buffer, size_t size, int digits, double value)
{
    static const moco_option number = { .name = "number", .kind = MOCO_OPTION_REAL };
    (void)snprintf(buffer, size, "%.*g", digits, value);
    const double rounded = strtod(buffer, NULL);
    return moco_option_get(&rounded, &number, buffer, size) == MOCO_OK ? buffer : "";
}

const char *format_time(char *buffer, size_t size, double seconds)
{
    const long long whole = seconds >= 0 && seconds < 1e12 ? (long long)(seconds + 0.5) : 0;
    if (whole >= 3600) {
        (void)snprintf(buffer, size, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        (void)snprintf(buffer, size, "%lld:%02lld", whole / 60, whole % 60);
    }
    return buffer;
}

const char *format_bytes(char *buffer, size_t size, double bytes)
{
    static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        ++unit;
    }
    (void)snprintf(buffer, size, "%.*f %s", unit == 0 ? 0 : 1, bytes, units[unit]);
    return buffer;
}

const char *format_shell(char *buffer, size_t size, const char *text)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:=+@%";
    if (text[0] != '\0' && text[strspn(text, safe)] == '\0') {
        (void)snprintf(buffer, size, "%s", text);
        return buffer;
    }
    size_t used = 0;
    (void)snprintf(buffer, size, "'");
    for (used = 1; *text != '\0' && used + 6 < size; ++text) {
        used += (size_t)snprintf(buffer + used, size - used, *text == '\'' ? "'\\''" : "%c", *text);
    }
    (void)snprintf(buffer + used, size - used, "'");
    return buffer;
}

void print_json_value(double value)
{
    if (isfinite(value)) {
        (void)printf("%.9g", value);
    } else {
        (void)printf("null");
    }
}

void print_json_text(const char *text)
{
    if (text == NULL) {
        (void)fputs("null", stdout);
        return;
    }
    (void)putchar('"');
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; ++byte) {
        if (*byte == '"' || *byte == '\\') {
            (void)printf("\\%c", *byte);
        } else if (*byte < 0x20 || *byte == 0x7F) {
            (void)printf("\\u%04x", *byte);
        } else {
            (void)putchar(*byte);
        }
    }
    (void)putchar('"');
}
