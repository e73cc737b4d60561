/**
 * @file moco.h
 * libmoco: Momentum Contrast (arXiv 1911.05722) as a C library.
 *
 * A training run in short:
 *
 * @code
 * moco_dataset *images;
 * moco_dataset_open(&images, "photos/", NULL);
 *
 * moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
 * order.count = moco_dataset_count(images);
 * moco_sampler *sampler;
 * moco_sampler_create(&sampler, &order);
 *
 * moco_augment_policy v2 = MOCO_AUGMENT_POLICY_INIT;
 * moco_augment_preset(&v2, "v2", 0);
 * moco_loader *loader;
 * moco_loader_create(&loader, images, sampler, &v2, NULL, NULL);
 *
 * moco_model *model;                                    // encoders q and k, queue, optimiser
 * moco_model_create(&model, NULL);
 *
 * for (int step = 0; step < 1000; ++step) {
 *     moco_batch batch;                                 // two views of each image
 *     moco_loader_next(loader, &batch);
 *     moco_model_step(NULL, model, batch.query, batch.key, 0.03, 0.999);
 * }
 * @endcode
 *
 * Each call returns a ::moco_status that must be checked (see examples/). moco_train() does all of this and more.
 *
 * Structs of options begin with struct_size, the size that the application was compiled with: start from their macro
 * MOCO_..._INIT, or from the function moco_..._init() of the same name, for languages without macros. A call reads what
 * the application knows, and takes defaults for the rest; later versions only append members. Structs without
 * struct_size, and moco_augment_op, do not change as long as the library's soname stays.
 *
 * A process that is forked from one that has used tensors lacks the threads of its parent: there calls return
 * ::MOCO_EUNAVAILABLE until moco_threads_set(1). Fork before the first tensor, or start another program.
 *
 * What a function returns "borrowed" lives as long as the handle that it came from, unless the comment says otherwise.
 *
 * Functions that take different handles may be called from several threads at once. A handle belongs to one thread at a
 * time, unless its header says otherwise.
 */
#ifndef MOCO_H
#define MOCO_H

/* Basics. */
#include "moco/call.h"
#include "moco/common.h"
#include "moco/device.h"
#include "moco/dlpack.h"
#include "moco/error.h"
#include "moco/ops.h"
#include "moco/tensor.h"
#include "moco/version.h"

/* From files to batches. */
#include "moco/augment.h"
#include "moco/dataset.h"
#include "moco/image.h"
#include "moco/loader.h"
#include "moco/sampler.h"
#include "moco/shards.h"

/* Networks, and several processes that train one. */
#include "moco/comm.h"
#include "moco/ddp.h"
#include "moco/encoder.h"
#include "moco/launch.h"
#include "moco/optim.h"
#include "moco/peers.h"

/* The method: one step, and what it consists of. */
#include "moco/loss.h"
#include "moco/model.h"
#include "moco/momentum.h"
#include "moco/profile.h"
#include "moco/queue.h"
#include "moco/schedule.h"
#include "moco/shuffle.h"

/* Complete runs. */
#include "moco/checkpoint.h"
#include "moco/config.h"
#include "moco/metrics.h"
#include "moco/option.h"
#include "moco/plot.h"
#include "moco/preset.h"
#include "moco/progress.h"
#include "moco/report.h"
#include "moco/runs.h"
#include "moco/train.h"

/* What the features are worth, and weights for other programs. */
#include "moco/embed.h"
#include "moco/evaluate.h"
#include "moco/export.h"
#include "moco/finetune.h"
#include "moco/linear.h"
#include "moco/quality.h"
#include "moco/safetensors.h"
#include "moco/weights.h"

#endif
