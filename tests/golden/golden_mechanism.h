/* Golden cases of the mechanisms, which make_mechanisms.py computes. */
#ifndef MOCO_TESTS_GOLDEN_MECHANISM_H
#define MOCO_TESTS_GOLDEN_MECHANISM_H

#include "golden_case.h"

/* Sets the options of a case that names a mechanism. */
moco_status golden_mechanism_options(moco_model_options *options, const json_t *config);

/* Takes a step with the case's rates, and the numbers of its images. */
moco_status golden_mechanism_step(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                                  const json_t *config, int number);

/* Compares a step's loss, q, k, logits and gradients. q and logits are those of all ranks, the loss that of this rank.
 */
void golden_compare_mechanism(comparison *c, const json_t *expected, const moco_step *step, double loss,
                              const moco_model_means *means, moco_model *model);

/* Compares weights and bank after the last step. */
void golden_compare_end(comparison *c, const json_t *expected, moco_model *model);

#endif
