/**
 * @file profile.h
 * What the training step spends its time on.
 */
#ifndef MOCO_PROFILE_H
#define MOCO_PROFILE_H

#include "model.h"

MOCO_BEGIN_DECLS

/** The parts of a step, in its order. @since 0.1 */
typedef enum moco_phase {
    MOCO_PHASE_INPUT,     /**< views to the device, gradients to zero */
    MOCO_PHASE_MOMENTUM,  /**< momentum update of the key encoder */
    MOCO_PHASE_SHUFFLE,   /**< images into shuffled order, keys back out of it, and what ranks send each other for it */
    MOCO_PHASE_KEY,       /**< forward pass of the key encoder */
    MOCO_PHASE_QUERY,     /**< forward pass of the query encoder */
    MOCO_PHASE_LOSS,      /**< logits against positive and queue, cross-entropy */
    MOCO_PHASE_BACKWARD,  /**< backward pass, that of the loss too, and the average of gradients over ranks */
    MOCO_PHASE_METRICS,   /**< running means of loss and accuracy */
    MOCO_PHASE_OPTIMIZER, /**< SGD */
    MOCO_PHASE_ENQUEUE,   /**< keys into the queue */
    MOCO_PHASE_COUNT
} moco_phase;

/** "input", "momentum" and so on; NULL where it is no phase; borrowed, static. @since 0.1 */
MOCO_API const char *moco_phase_name(moco_phase phase);

/** Seconds by phase, summed over steps. @since 0.1 */
typedef struct moco_step_times {
    int64_t steps;                 /**< how many */
    double wall[MOCO_PHASE_COUNT]; /**< on the clock */
    double cpu[MOCO_PHASE_COUNT];  /**< of all threads of the process */
} moco_step_times;

/**
 * From now on moco_model_step() adds to @p times. Each phase then waits for the device, so that steps take longer where
 * it is no CPU; a step that is not profiled pays nothing.
 * @param times borrowed until the next call or the model's end, and not cleared; NULL: no longer
 * @since 0.1
 */
MOCO_API void moco_model_profile(moco_model *model, moco_step_times *times);

MOCO_END_DECLS

#endif
