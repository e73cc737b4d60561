/*
 * Messages on standard error, and the state of standard output.
 */
#ifndef MOCO_TOOLS_CLI_OUTPUT_H
#define MOCO_TOOLS_CLI_OUTPUT_H

#include "cli/command.h"

/* Set by the options that every command has. */
typedef struct output_options {
    bool quiet, verbose, help;
} output_options;
extern output_options output_settings;

/* Prepares locale, signals of closed pipes, and the library's log. */
void output_start(void);

/* From now on messages name the rank of this process, and only rank 0 says more than errors and warnings. */
void output_set_rank(int of_process);

/* Whether the library's log is shown; it is from output_start() on. */
void output_show_log(bool shown);

/* Flushes standard output; returns @p code, or EXIT_FAILED where output was lost for another reason than its reader's
 * leaving. */
int output_finish(int code);

/* Prints "moco: error: ..." and returns EXIT_FAILED. */
int say_error(const char *format, ...) MOCO_PRINTF(1, 2);

/* Prints the library's message of the last failure and returns EXIT_FAILED. */
int say_failure(void);

/* Prints an error of usage, and how to get help on @p command (NULL: on the tool); returns EXIT_USAGE. */
int say_usage(const tool_command *command, const char *format, ...) MOCO_PRINTF(2, 3);

/* Prints "moco: ..." unless quiet. */
void say_note(const char *format, ...) MOCO_PRINTF(1, 2);

/* One thread at a time writes to the terminal; @p clear takes away a progress bar that stands there. */
void output_lock(void);
void output_unlock(void);
void output_set_clear(void (*clear)(void));

/* Columns to wrap text at: the terminal's, within 60 and 100; 80 in a pipe. */
size_t output_text_width(void);

/* Whether to write colours to a stream: a terminal, and NO_COLOR is not set. */
bool output_has_colour(int descriptor);

/* "3:05" or "2:03:05". */
const char *format_time(char *buffer, size_t size, double seconds);
/* "1.2 MB". */
const char *format_bytes(char *buffer, size_t size, double bytes);
/* The text as one word of a shell. */
const char *format_shell(char *buffer, size_t size, const char *text);

/* Prints a JSON string with its quotes; of NULL, null. */
void print_json_text(const char *text);

#endif
