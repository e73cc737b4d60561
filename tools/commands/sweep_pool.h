/*
 * Runs programs, some at a time, each with its output in a file.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_POOL_H
#define MOCO_TOOLS_COMMANDS_SWEEP_POOL_H

#include <stdbool.h>
#include <stddef.h>

enum { POOL_WORDS = 600 };

/* A command of this tool to run. */
typedef struct pool_job {
    size_t number;           /* the caller's */
    const char *log;         /* receives standard output and error; appended */
    char *words[POOL_WORDS]; /* after the program's name; NULL after the last */
    const char *gpus;        /* for CUDA_VISIBLE_DEVICES; NULL: unchanged */
} pool_job;

/* What the pool asks its caller. */
typedef struct pool_client {
    /* Prepares the next job for a slot, from 0; its texts must live until the next call. Returns false when there are
     * no more. */
    bool (*next)(pool_job *job, size_t slot, void *payload);
    /* Hears that a job has ended, with its exit code, or 128 + N after signal N. What it wrote begins at log_start. */
    void (*ended)(size_t number, int code, double seconds, long log_start, void *payload);
    void *payload;
} pool_client;

/* Keeps `count` jobs running until there are no more. After a signal, which it passes on to all, it starts no more, and
 * waits for those that run. Returns EXIT_OK, or EXIT_FAILED after a message if a job cannot be started. */
int pool_run(const pool_client *client, size_t count);

#endif
