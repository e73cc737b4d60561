/**
 * @file schedule.h
 * Learning rate over the training: milestones or cosine, per epoch or per step, with warm-up.
 */
#ifndef MOCO_SCHEDULE_H
#define MOCO_SCHEDULE_H

#include "error.h"

MOCO_BEGIN_DECLS

#define MOCO_MAX_MILESTONES 16

/** Shape of a schedule. @since 0.1 */
typedef enum moco_schedule_kind {
    MOCO_SCHEDULE_CONSTANT,
    MOCO_SCHEDULE_STEPS,
    MOCO_SCHEDULE_COSINE
} moco_schedule_kind;

/** A learning-rate schedule. @since 0.1 */
typedef struct moco_schedule {
    size_t struct_size;
    moco_schedule_kind kind;
    double lr;                              /**< base rate */
    double epochs;                          /**< length of the training */
    double warmup_epochs;                   /**< rise linearly from 0, per step always; 0: none, as the reference */
    bool per_step;                          /**< false: constant within an epoch, as the reference */
    size_t milestone_count;                 /**< steps: x 0.1 from each of these epochs on */
    double milestones[MOCO_MAX_MILESTONES]; /**< in epochs, ascending */
} moco_schedule;

#define MOCO_SCHEDULE_INIT                                                                                             \
    {                                                                                                                  \
        sizeof(moco_schedule), MOCO_SCHEDULE_CONSTANT, 0.03, 200, 0, false, 0,                                         \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/**
 * The rate at @p epoch, counted from 0 and fractional within an epoch. Cosine is lr (1 + cos(pi epoch / epochs)) / 2,
 * over the epochs after the warm-up.
 * @since 0.1
 */
MOCO_API double moco_schedule_lr(const moco_schedule *schedule, double epoch);

/** The reference's rule for a global batch: 0.03 x batch / 256. @since 0.1 */
MOCO_API double moco_schedule_auto_lr(int64_t batch);

MOCO_END_DECLS

#endif
