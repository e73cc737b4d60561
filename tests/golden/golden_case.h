/* One golden case of the reference: its configuration, its run, its comparison. */
#ifndef MOCO_TESTS_GOLDEN_CASE_H
#define MOCO_TESTS_GOLDEN_CASE_H

#include <jansson.h>
#include <moco.h>

typedef struct golden_options {
    moco_layout layout;
    size_t steps; /* at most; 0: all */
    double slack; /* factor of the tolerances */
    bool verbose;
    char **argv; /* the program's, and how many options stand before the files */
    int option_count;
} golden_options;

/* Runs a case and prints what differs. Returns 0 (equal) or 1 (differs or failed). */
int golden_case(const char *path, const json_t *root, const golden_options *options);

/* Counts comparisons of one case. */
typedef struct comparison {
    const char *path;
    bool bottleneck;
    bool verbose;
    double slack;
    int step;
    int64_t batch; /* over all ranks */
    moco_comm *comm;
    int checked;
    int failed;
    double worst; /* largest deviation, as a share of its tolerance */
    char worst_what[128];
} comparison;

/* Compares everything that the case expects after a step. q and logits are of all ranks, the loss is this rank's. */
void compare_step(comparison *c, const json_t *expected, const moco_step *step, double loss,
                  const moco_model_means *means, moco_model *model);

#endif
