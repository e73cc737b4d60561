/**
 * @file runs.h
 * Looks at runs from the outside, during the training or after it. moco_series_read() reads their metrics.
 */
#ifndef MOCO_RUNS_H
#define MOCO_RUNS_H

#include "error.h"

MOCO_BEGIN_DECLS

/** What a run does: identifier, name for people. @since 0.2 */
#define MOCO_RUN_STATE_MAP(X)                                                                                          \
    X(MOCO_RUN_NEW, "new")         /* it has not begun to train */                                                     \
    X(MOCO_RUN_RUNNING, "running") /* a process trains it now */                                                       \
    X(MOCO_RUN_STOPPED, "stopped") /* it was stopped or killed; moco_resume() continues it */                          \
    X(MOCO_RUN_FAILED, "failed")   /* it ended with an error */                                                        \
    X(MOCO_RUN_DONE, "done")       /* it has reached its last step */

/** States of a run. @since 0.2 */
typedef enum moco_run_state {
#define MOCO_RUN_STATE_ENUM(identifier, name) identifier,
    MOCO_RUN_STATE_MAP(MOCO_RUN_STATE_ENUM)
#undef MOCO_RUN_STATE_ENUM
} moco_run_state;

/** What moco_run_inspect() finds. @since 0.2 */
typedef struct moco_run_info {
    moco_run_state state; /**< by the lock on the folder and the last words of train.log */
    uint64_t step;        /**< of the last line of metrics.jsonl; 0: there is none */
    double epoch;         /**< of the same line, with its fraction */
    char failure[1024];   /**< of ::MOCO_RUN_FAILED: the message, cut; else empty */
} moco_run_info;

/**
 * Looks at the folder of a run, which may be in progress, and changes nothing there. On a file system without locks a
 * run in progress counts as stopped.
 * @param[out] out what was found
 * @param run its folder
 * @return ::MOCO_ENOTFOUND if @p run holds neither config.yaml nor metrics.jsonl; ::MOCO_EIO if a file cannot be read
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_run_inspect(moco_run_info *out, const char *run);

/** The name of a state, as "running"; borrowed, static; NULL for other numbers. @since 0.2 */
MOCO_API const char *moco_run_state_name(moco_run_state state);

MOCO_END_DECLS

#endif
