/* Fine-tunes to try learning rates. */
#ifndef MOCO_EVALUATE_FINETUNE_INTERNAL_H
#define MOCO_EVALUATE_FINETUNE_INTERNAL_H

#include "moco/finetune.h"

/* As moco_finetune(), without a warning of rates that are too high: to find that out is what they are tried for. */
moco_status moco__finetune_try(moco_finetune_result *out, moco_encoder *encoder, const moco_dataset *train,
                               const moco_dataset *val, const moco_finetune_options *options);

#endif
