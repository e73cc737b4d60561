/**
 * @file profile.h
 * Measures what a training step spends its time on.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_PROFILE_H
#define MOCO_PROFILE_H

#include "model.h"

MOCO_BEGIN_DECLS

/** The phases of a step. */
typedef enum moco_phase {
    MOCO_PHASE_INPUT,     /**< copy the views to the device, set gradients to zero */
    MOCO_PHASE_MOMENTUM,  /**< momentum update of the key encoder */
    MOCO_PHASE_SHUFFLE,   /**< shuffle images, bring keys back into order, and the exchange between ranks for both */
    MOCO_PHASE_KEY,       /**< forward pass of the key encoder */
    MOCO_PHASE_QUERY,     /**< forward pass of the query encoder */
    MOCO_PHASE_LOSS,      /**< logits of the positive and of the queue, cross entropy */
    MOCO_PHASE_BACKWARD,  /**< backward pass, and the average of gradients over ranks */
    MOCO_PHASE_METRICS,   /**< running means of loss and accuracy */
    MOCO_PHASE_OPTIMIZER, /**< SGD */
    MOCO_PHASE_ENQUEUE,   /**< put the keys into the queue */
    MOCO_PHASE_COUNT      /**< number of phases */
} moco_phase;

/** Returns the name of a phase, as "query" or "momentum"; NULL for other values. Static. */
static inline const char *moco_phase_name(moco_phase phase)
{
    static const char *const names[MOCO_PHASE_COUNT] = { "input", "momentum", "shuffle", "key",       "query",
                                                         "loss",  "backward", "metrics", "optimizer", "enqueue" };
    return (unsigned)phase < MOCO_PHASE_COUNT ? names[phase] : NULL;
}

/** Seconds per phase, summed over steps. */
typedef struct moco_step_times {
    int64_t steps;                 /**< how many steps were measured */
    double wall[MOCO_PHASE_COUNT]; /**< elapsed seconds */
    double cpu[MOCO_PHASE_COUNT];  /**< CPU seconds of all threads of the process */
} moco_step_times;

/**
 * Makes moco_model_step() add its times to @p times. Each phase then waits for the device, so steps on a GPU take
 * longer. A step that is not profiled costs nothing extra.
 * @param model the model to measure
 * @param times borrowed until the next call or until the model is freed, and not cleared; NULL: stop measuring
 */
MOCO_API void moco_model_profile(moco_model *model, moco_step_times *times);

MOCO_END_DECLS

#endif
