/*
 * Prints the result of moco linear.
 */
#ifndef MOCO_TOOLS_COMMANDS_LINEAR_REPORT_H
#define MOCO_TOOLS_COMMANDS_LINEAR_REPORT_H

#include <moco.h>

/* What one network gave. */
typedef struct linear_trial {
    moco_feature_scale scale;
    moco_linear_result result;
    moco_linear_choice choice; /* of several rates; learnt 0: there is one rate */
} linear_trial;

/* Returns the rate that the held-out images chose, of those that did not diverge on all; the only one if there is no
 * choice. */
size_t linear_report_chosen(const linear_trial *trial);

typedef struct linear_report {
    const linear_trial *trained, *baseline; /* NULL: that was not tested; at least one was */
    bool is_pixels;                         /* whether the baseline is raw pixels, and no untrained network */
    size_t train_images, val_images;
    int64_t classes, epochs, batch;
    bool cached;
    const char *checkpoint; /* of the trained network */
} linear_report;

void linear_report_text(const linear_report *report);
void linear_report_json(const linear_report *report);

#endif
