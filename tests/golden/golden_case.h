/* Runs and compares one golden case of the reference. */
#ifndef MOCO_TESTS_GOLDEN_CASE_H
#define MOCO_TESTS_GOLDEN_CASE_H

#include <jansson.h>
#include <moco.h>

typedef struct golden_options {
    moco_layout layout;
    size_t steps; /* at most; 0: all */
    double slack; /* factor of the tolerances */
    bool verbose;
    char **argv;      /* of the program */
    int option_count; /* arguments before the files */
} golden_options;

/* Runs a case and prints what differs. Returns 0 (equal) or 1 (differs or failed). */
int golden_case(const char *path, const json_t *root, const golden_options *options);

/* The comparisons of one case. */
typedef struct comparison {
    const char *path;
    bool bottleneck;
    bool verbose;
    double slack;
    int step;
    int64_t batch; /* over all ranks */
    moco_comm *comm;
    const json_t *names; /* of an encoder's tensors, in the order of the dot products */
    int checked;
    int failed;
    double worst; /* largest deviation, as a share of its tolerance */
    char worst_what[128];
} comparison;

/* Compares a number; prints it if it differs by more than the tolerance. */
void golden_check(comparison *c, const char *what, const char *part, double got, double want, double tolerance);

/* Compares a tensor with what a case says of it. */
typedef void (*compare_function)(comparison *c, const char *what, const json_t *expected, const moco_tensor *tensor);

/* Compares those of a step's queries, keys and logits that the case has. */
void compare_outputs(comparison *c, const json_t *expected, const moco_step *step, compare_function compare);

/* Compares the dot products of a step. The queue is dim x K, as the reference's. */
void compare_dots(comparison *c, const json_t *expected, const moco_step *step, const moco_tensor *queue,
                  moco_model *model);

/* Compares everything that the case expects after a step. q and logits are those of all ranks, the loss is that of this
 * rank. */
void compare_step(comparison *c, const json_t *expected, const moco_step *step, double loss,
                  const moco_model_means *means, moco_model *model);

#endif
