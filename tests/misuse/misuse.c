/*
 * Calls every function of the interface with NULL for each pointer and with extreme numbers, each function in its own
 * process. No call may crash or hang, and no message may name what the caller does not know.
 *
 *     misuse [FUNCTION]
 */
#include "misuse.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20, MAX_CALLS = 400 };

/* Where a child is, for its parent. */
typedef struct progress {
    size_t call;    /* the number of the current call, from 1 */
    size_t skipped; /* calls that ended an earlier child */
    bool skip[MAX_CALLS];
    char what[128];
    size_t complaints;
} progress;

static progress *shared;

static const double reals[] = { NAN, INFINITY, -INFINITY, -1, 0, 1e300 };
static const long long wholes[] = { LLONG_MIN, INT_MIN, -1, 0, 1, 77, 1LL << 40, INT_MAX, LLONG_MAX };

static bool is_raw(const parameter *p)
{
    return p->kind == POINTER && (strstr(p->type, "void *") != NULL || strstr(p->type, "int64_t *") != NULL ||
                                  strstr(p->type, "size_t *") != NULL || strstr(p->type, "uint8_t *") != NULL ||
                                  strstr(p->type, "double *") != NULL || strstr(p->type, "char *const *") != NULL ||
                                  strstr(p->type, "const *") != NULL || strstr(p->type, "char *") == p->type ||
                                  strstr(p->type, "moco_option *") != NULL || strstr(p->type, "_tensor *") != NULL ||
                                  strstr(p->type, "moco_metadata *") != NULL || strstr(p->type, "metric *") != NULL ||
                                  strstr(p->type, "float *") != NULL);
}

/* The length of an array of the caller cannot be checked, so only what fits is given. */
static bool is_length(const function *f, size_t index)
{
    const parameter *p = &f->parameters[index];
    bool raw = false;
    for (size_t i = 0; i < f->count; ++i) {
        raw = raw || is_raw(&f->parameters[i]);
    }
    return raw && (p->kind == SIZE || (p->kind == INT32 && strstr(f->name, "moco_image_set") != NULL));
}

static bool is_number(const parameter *p)
{
    return p->kind != POINTER && p->kind != CALLBACK && p->kind != REAL && p->kind != BOOL;
}

static choice valid(const parameter *p)
{
    choice c = { NULL, 1, 1 };
    if (p->kind == POINTER) {
        c.pointer = fixture_of(p->type, p->name);
    } else if (p->kind == ENUM || p->kind >= VALUE_MOCO_DEVICE) {
        c.whole = 0;
    }
    return c;
}

/* ---- What a call says ---- */

static bool is_parameter(const function *f, const char *name)
{
    for (size_t i = 0; i < f->count; ++i) {
        if (strcmp(f->parameters[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_exported(const char *name)
{
    for (size_t i = 0; i < function_count; ++i) {
        if (strcmp(functions[i].name, name) == 0) {
            return true;
        }
    }
    return strchr(name, '_') == NULL; /* a word such as "encoder" */
}

static void complain(const function *f, const char *why, const char *message)
{
    shared->complaints += 1;
    (void)fprintf(stderr, "%s, %s: %s: %s\n", f->name, shared->what, why, message);
}

static void check_message(const function *f, long long status)
{
    char who[64];
    char argument[64];
    const char *message = moco_error_message();
    if (status == MOCO_OK || status == NO_STATUS) {
        return;
    }
    const bool echoes = strcmp(f->name, "moco_peers_fail") == 0; /* gives back the status that it is given */
    if (message[0] == '\0' && !echoes) {
        complain(f, "a failure without a message", moco_status_name((moco_status)status));
    }
    if (strstr(message, "moco__") != NULL || strstr(message, " --") != NULL || strstr(message, "torch.") != NULL) {
        complain(f, "a message that the caller does not understand", message);
    }
    if (sscanf(message, "%63[a-z_A-Z]: argument %63s is NULL", who, argument) == 2) {
        /* An inline function passes on what the exported function in it says. */
        const bool passed_on = f->is_inline && strcmp(who, f->name) != 0;
        if (is_exported(who) && (passed_on || is_parameter(f, argument))) {
            return;
        }
        complain(f, "a message that names something inside", message);
    }
}

/* ---- Calls ---- */

static void try_call(const function *f, const choice *arguments, const char *what, const char *name, long long whole)
{
    shared->call += 1;
    if (shared->call >= MAX_CALLS || shared->skip[shared->call]) {
        return;
    }
    (void)snprintf(shared->what, sizeof shared->what, "%s %s (%lld)", what, name, whole);
    (void)moco_error_set(MOCO_OK, "%s", "");
    check_message(f, f->call(arguments));
}

static void try_extremes(const function *f, choice *arguments, size_t i)
{
    const parameter *p = &f->parameters[i];
    const choice before = arguments[i];
    for (size_t n = 0; p->kind == REAL && n < sizeof reals / sizeof reals[0]; ++n) {
        arguments[i].real = reals[n];
        try_call(f, arguments, "extreme", p->name, (long long)n);
    }
    for (size_t n = 0; is_number(p) && n < sizeof wholes / sizeof wholes[0]; ++n) {
        arguments[i].whole = wholes[n];
        if (!is_length(f, i) || (wholes[n] >= 0 && wholes[n] <= 1)) {
            try_call(f, arguments, "extreme", p->name, wholes[n]);
        }
    }
    arguments[i] = before;
}

static void try_function(const function *f)
{
    const choice nothing[MAX_PARAMETERS] = { { NULL, 0, 0 } };
    choice arguments[MAX_PARAMETERS];
    try_call(f, nothing, "nothing", "", 0);
    const size_t length = strlen(f->name);
    if (strcmp(f->name + length - 5, "_free") == 0 || strcmp(f->name, "moco_log_set_callback") == 0) {
        return;
    }
    for (size_t i = 0; i < f->count; ++i) {
        arguments[i] = valid(&f->parameters[i]);
    }
    try_call(f, arguments, "valid", "", 0);
    for (size_t i = 0; i < f->count; ++i) {
        if (f->parameters[i].kind == POINTER) {
            const choice before = arguments[i];
            arguments[i].pointer = NULL;
            try_call(f, arguments, "NULL for", f->parameters[i].name, 0);
            arguments[i] = before;
        }
        try_extremes(f, arguments, i);
    }
}

/* Runs a function's calls in children, the next one without the call that ended the last. Returns the faults. */
static size_t run(const function *f)
{
    size_t faults = 0;
    memset(shared, 0, sizeof *shared);
    for (;;) {
        shared->call = 0;
        const pid_t child = fork();
        if (child == 0) {
            (void)alarm(SECONDS);
            if (moco_threads_set(1) == MOCO_OK) {
                try_function(f);
            }
            _Exit(0);
        }
        int state = 0;
        (void)waitpid(child, &state, 0);
        if (WIFEXITED(state) && WEXITSTATUS(state) == 0) {
            return faults + shared->complaints;
        }
        (void)fprintf(stderr, "%s, %s: %s %d\n", f->name, shared->what, WIFSIGNALED(state) ? "signal" : "exit code",
                      WIFSIGNALED(state) ? WTERMSIG(state) : WEXITSTATUS(state));
        faults += 1;
        if (shared->call == 0 || shared->call >= MAX_CALLS) {
            return faults;
        }
        shared->skip[shared->call] = true;
    }
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/moco_misuse_XXXXXX";
    size_t faults = 0;
    size_t calls = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return EXIT_FAILURE;
    }
#ifndef MOCO_SANITIZED
    const struct rlimit memory = { 8ULL << 30, 8ULL << 30 };
    (void)setrlimit(RLIMIT_AS, &memory);
#endif
    for (size_t i = 0; i < function_count; ++i) {
        if (argc < 2 || strcmp(argv[1], functions[i].name) == 0) {
            faults += run(&functions[i]);
            calls += shared->call;
        }
    }
    (void)printf("%zu functions, %zu calls, %zu faults\n", function_count, calls, faults);
    if (chdir("/") == 0) {
        char command[64];
        (void)snprintf(command, sizeof command, "rm -rf %s", folder);
        (void)!system(command);
    }
    return faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
