/**
 * @file schedule.h
 * The learning rate over the training: constant, milestones, cosine or exponential, per epoch or per step, with
 * warm-up.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_SCHEDULE_H
#define MOCO_SCHEDULE_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Most milestones of a schedule. */
#define MOCO_MAX_MILESTONES 16

/** Shapes of a schedule: identifier, name in a configuration. */
#define MOCO_SCHEDULE_MAP(X)                                                                                           \
    X(MOCO_SCHEDULE_CONSTANT, "constant")                                                                              \
    X(MOCO_SCHEDULE_STEPS, "steps")                                                                                    \
    X(MOCO_SCHEDULE_COSINE, "cosine")                                                                                  \
    X(MOCO_SCHEDULE_EXPONENTIAL, "exponential")

/** Shape of a schedule. */
typedef enum moco_schedule_kind {
#define MOCO_SCHEDULE_ENUM(name, text) name,
    MOCO_SCHEDULE_MAP(MOCO_SCHEDULE_ENUM)
#undef MOCO_SCHEDULE_ENUM
} moco_schedule_kind;

/** A learning-rate schedule. */
typedef struct moco_schedule {
    size_t struct_size;                     /**< set by the macro or function below */
    moco_schedule_kind kind;                /**< shape; ::MOCO_SCHEDULE_CONSTANT */
    double lr;                              /**< base rate; 0.03 */
    double epochs;                          /**< length of the training; 200 */
    double warmup_epochs;                   /**< the rate rises linearly from 0, always per step; 0: no warm-up */
    bool per_step;                          /**< false: constant within an epoch, as in the reference */
    size_t milestone_count;                 /**< ::MOCO_SCHEDULE_STEPS: how many milestones */
    double milestones[MOCO_MAX_MILESTONES]; /**< epochs from which the rate is 0.1 times as high; ascending */
    double decay;        /**< ::MOCO_SCHEDULE_EXPONENTIAL: factor, above 0; 0.9; 0 is read as 0.9 @since 0.2 */
    double decay_epochs; /**< epochs, which may be a fraction, after which decay multiplies the rate again; always per
                              step; 1; 0 is read as 1 @since 0.2 */
} moco_schedule;

/** The defaults of ::moco_schedule. */
#define MOCO_SCHEDULE_INIT                                                                                             \
    {                                                                                                                  \
        sizeof(moco_schedule), MOCO_SCHEDULE_CONSTANT, 0.03, 200, 0, false, 0, { 0 }, 0.9, 1                           \
    }

/**
 * Fills in what ::MOCO_SCHEDULE_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_schedule) of the caller
 * @since 0.2
 */
MOCO_API void moco_schedule_init(moco_schedule *options, size_t struct_size);

/**
 * Returns the rate at @p epoch, which counts from 0 and is fractional within an epoch. The cosine is
 * lr (1 + cos(pi epoch / epochs)) / 2 over the epochs after the warm-up. The exponential is lr decay^n after n times
 * decay_epochs, the warm-up included.
 */
MOCO_API double moco_schedule_lr(const moco_schedule *schedule, double epoch);

/** Returns the rate for a batch over all processes, by the reference's rule: 0.03 x batch / 256. */
static inline double moco_schedule_auto_lr(int64_t batch)
{
    return 0.03 * (double)batch / 256;
}

MOCO_END_DECLS

#endif
