/*
 * Writes messages to standard error, and checks standard output.
 */
#ifndef MOCO_TOOLS_CLI_OUTPUT_H
#define MOCO_TOOLS_CLI_OUTPUT_H

#include "cli/command.h"

/* The options that every command has. */
typedef struct output_options {
    bool quiet, verbose, help;
} output_options;
extern output_options output_settings;

/* Opens /dev/null for standard streams that are closed, sets the locale, ignores signals of closed pipes, and shows the
 * log of the library. */
void output_start(void);

/* From now on messages name the rank of this process, and ranks above 0 show only errors and warnings. */
void output_set_rank(int of_process);

/* Shows or hides the log of the library. */
void output_show_log(bool shown);

/* Replaces control characters of a name, line breaks too, for a line of a table. */
void output_make_plain(char *text);

/* Flushes standard output; returns @p code, or EXIT_FAILED if output was lost, unless its reader just left. */
int output_finish(int code);

/* Prints "moco: error: ..." and returns EXIT_FAILED. */
int say_error(const char *format, ...) MOCO_PRINTF(1, 2);

/* Prints the error message of the library and returns EXIT_FAILED. */
int say_failure(void);

/* Prints a usage error and how to get help on @p command (NULL: on the tool); returns EXIT_USAGE. */
int say_usage(const tool_command *command, const char *format, ...) MOCO_PRINTF(2, 3);

/* Prints why the library refuses a value: a usage error, unless memory was out. Returns EXIT_OK if it does not. */
int say_refused(const tool_command *command, moco_status status);

/* Prints "moco: ..." unless quiet. */
void say_note(const char *format, ...) MOCO_PRINTF(1, 2);

/* One thread at a time writes to the terminal; @p clear removes the progress bar that is shown there. */
void output_lock(void);
void output_unlock(void);
void output_set_clear(void (*clear)(void));

/* Returns the columns to wrap text at: those of the terminal, 60 to 100; 80 in a pipe. */
size_t output_text_width(void);

/* Whether to write colours: the stream is a terminal, and NO_COLOR is not set. */
bool output_has_colour(int descriptor);

/* Returns the ending of a noun after a count: "" for 1 image, "s" for 2 images. */
const char *plural(uint64_t count);
/* Writes a number with at most this many significant digits, as "300" and "1e-5". */
const char *format_number(char *buffer, size_t size, int digits, double value);
/* Writes "3:05" or "2:03:05". */
const char *format_time(char *buffer, size_t size, double seconds);
/* Writes "1.2 MB". */
const char *format_bytes(char *buffer, size_t size, double bytes);
/* Writes the text as one word for a shell. */
const char *format_shell(char *buffer, size_t size, const char *text);

/* Prints a JSON string with its quotes, or null for NULL. */
void print_json_text(const char *text);
/* Prints a number with nine digits, or null if it is not finite. */
void print_json_value(double value);

#endif
