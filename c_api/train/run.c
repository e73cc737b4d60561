/* Setting a training run up, and taking it down. */
#include "train/run_internal.h"

#include "base/handle_internal.h"
#include "base/machine_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_AUTO_SPLITS = 8 }; /* the GPUs of the paper, as MoCo's own demonstration on one GPU */

bool moco__run_is_writer(const moco__run *run)
{
    return moco_comm_rank(run->comm) == 0;
}

/* Parts that a batch is computed in, over all processes: each has one or several groups of its own. */
static int64_t parts_of(const moco__run *run)
{
    return moco_comm_world(run->comm) * run->config.accumulate;
}

/* The largest multiple of the parts, up to what the paper had, that divides the batch. */
static int64_t auto_splits(int64_t batch, int64_t parts)
{
    int64_t splits = MAX_AUTO_SPLITS - MAX_AUTO_SPLITS % parts;
    while (splits > parts && (batch % splits != 0 || batch / splits < 2)) {
        splits -= parts;
    }
    return splits > parts ? splits : parts;
}

static moco_status resolve_splits(moco__run *run)
{
    moco_config *config = &run->config;
    const int64_t parts = parts_of(run);
    if (config->batch % parts != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "batch %lld cannot be cut into %d x %lld equal parts (processes x --accumulate); use "
                              "--batch %lld",
                              (long long)config->batch, moco_comm_world(run->comm), (long long)config->accumulate,
                              (long long)((config->batch + parts - 1) / parts * parts));
    }
    if (config->sync_bn) {
        config->bn_splits = 1;
        return MOCO_OK;
    }
    const int64_t asked = config->bn_splits;
    if (asked == 0 || (asked % parts != 0 && run->resumes)) {
        config->bn_splits = auto_splits(config->batch, parts);
    }
    if (asked != 0 && asked != config->bn_splits) {
        moco__run_log(run, MOCO_LOG_WARNING,
                      "the run had %lld groups of batch norm, which do not fit %lld parts; it goes on with %lld",
                      (long long)asked, (long long)parts, (long long)config->bn_splits);
    }
    if (config->bn_splits % parts != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "bn-splits: %lld groups cannot be shared out over %d processes with accumulate %lld; use "
                              "a multiple of %lld, auto, or --sync-bn",
                              (long long)config->bn_splits, moco_comm_world(run->comm), (long long)config->accumulate,
                              (long long)parts);
    }
    return MOCO_OK;
}

/* Cores, and so threads and workers, are shared by the processes of a host. */
static int64_t share_of_cores(const moco__run *run)
{
    const int64_t count = moco__cores();
    const int64_t processes = run->options.peers != NULL ? moco_peers_launch(run->options.peers)->local_world : 1;
    return count > processes ? count / processes : 1;
}

static moco_status resolve_device(moco__run *run)
{
    const moco_launch alone = MOCO_LAUNCH_INIT;
    const moco_peers *peers = run->options.peers;
    return moco_launch_device(&run->device, run->config.device, peers != NULL ? moco_peers_launch(peers) : &alone);
}

/* The processes compute alike, so bf16 must be fast for all of them. */
static moco_status resolve_arithmetic(moco__run *run)
{
    moco_config *config = &run->config;
    if (config->precision == MOCO_PRECISION_AUTO) {
        int64_t slow = moco_precision_fastest(run->device) == MOCO_FP32 ? 1 : 0;
        MOCO_TRY(moco_comm_largest(&slow, run->comm, slow));
        config->precision = slow != 0 ? MOCO_PRECISION_FP32 : MOCO_PRECISION_BF16;
    }
    moco_config_resolve_arithmetic(config, run->device);
    return MOCO_OK;
}

moco_status moco__run_resolve(moco__run *run)
{
    moco_config *config = &run->config;
    moco_augment_policy policy;
    MOCO_TRY(resolve_device(run));
    MOCO_TRY(resolve_arithmetic(run));
    MOCO_TRY(moco_augment_preset(&policy, config->augment, (int32_t)config->image_size));
    config->image_size = policy.size;
    if (config->lr == 0) {
        config->lr = moco_schedule_auto_lr(config->batch);
    }
    MOCO_TRY(resolve_splits(run));
    if (config->threads == 0) {
        config->threads = share_of_cores(run);
    }
    MOCO_TRY(moco_threads_set((int32_t)config->threads));
    config->threads = moco_threads();
    return MOCO_OK;
}

/* The monitor's images: those asked for, or the other split of the training data where there is one. */
static moco_status open_val_data(moco__run *run, moco_dataset_options options)
{
    const moco_config *config = &run->config;
    if (config->knn_every == 0 || moco_dataset_class_count(run->images) == 0) {
        return MOCO_OK;
    }
    options.split = MOCO_SPLIT_TEST;
    if (config->val_data[0] != '\0') {
        return moco_dataset_open(&run->val_images, config->val_data, &options);
    }
    if (!moco_dataset_has_split(config->data, &options)) {
        return MOCO_OK;
    }
    return moco_dataset_open(&run->val_images, config->data, &options);
}

moco_status moco__run_open_data(moco__run *run)
{
    const moco_config *config = &run->config;
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.format = config->format;
    options.keep = 3 * (size_t)config->shuffle_window;
    MOCO_TRY(moco_dataset_open(&run->images, config->data, &options));
    const size_t count = moco_dataset_count(run->images);
    if (count < (size_t)config->batch) {
        return moco_error_set(MOCO_EINVALID, "%s has %zu images, fewer than a batch of %lld; use --batch %zu or less",
                              config->data, count, (long long)config->batch, count);
    }
    return open_val_data(run, options);
}

moco_status moco__run_create_model(moco__run *run)
{
    const moco_config *config = &run->config;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = moco_config_encoder_options(config, run->device);
    options.encoder.bn_splits = config->sync_bn ? 1 : config->bn_splits / parts_of(run);
    options.sync_bn = config->sync_bn;
    options.accumulate = config->accumulate;
    options.comm = run->comm;
    options.ddp.bucket_mib = config->bucket_mib;
    options.ddp.compress_bf16 = config->gradient_compression == MOCO_COMPRESSION_BF16;
    options.sgd.momentum = config->sgd_momentum;
    options.sgd.weight_decay = config->weight_decay;
    options.queue_size = config->queue_size;
    options.queue_filled_only = config->queue_filled_only;
    options.temperature = config->temperature;
    options.symmetric = config->symmetric;
    options.shuffle = config->shuffle;
    options.seed = config->seed;
    MOCO_TRY(moco_model_create(&run->model, &options));
    moco_schedule schedule = MOCO_SCHEDULE_INIT;
    schedule.kind = config->schedule;
    schedule.lr = config->lr;
    schedule.epochs = (double)config->epochs;
    schedule.warmup_epochs = config->warmup_epochs;
    schedule.per_step = config->lr_per_step;
    if (schedule.kind == MOCO_SCHEDULE_STEPS) {
        MOCO_TRY(moco_config_milestones(config, schedule.milestones, &schedule.milestone_count));
    }
    run->schedule = schedule;
    return MOCO_OK;
}

moco_status moco__run_open_sampler(moco__run *run)
{
    const moco_config *config = &run->config;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler_options_for(&order, run->images, (size_t)config->shuffle_window);
    order.batch = (size_t)config->batch;
    order.seed = config->seed;
    order.rank = moco_comm_rank(run->comm);
    order.world = moco_comm_world(run->comm);
    order.groups = (size_t)parts_of(run);
    MOCO_TRY(moco_sampler_create(&run->sampler, &order));
    run->epoch_steps = moco_sampler_batches(run->sampler);
    run->steps = run->epoch_steps * (uint64_t)config->epochs;
    return moco_sampler_seek(run->sampler, run->position.epoch, (size_t)run->position.batch);
}

moco_status moco__run_start(moco__run *run)
{
    const moco_config *config = &run->config;
    moco_augment_policy policy;
    MOCO_TRY(moco__run_open_sampler(run));
    MOCO_TRY(moco_augment_preset(&policy, config->augment, (int32_t)config->image_size));
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = (int32_t)(config->workers > 0 ? config->workers : share_of_cores(run));
    options.prefetch = (int32_t)config->prefetch;
    options.seed = config->seed;
    options.layout = moco_config_encoder_options(config, run->device).layout;
    options.device = run->device;
    options.skip_broken = config->skip_broken;
    options.fast = config->augment_precision == MOCO_AUGMENT_FAST;
    /* The first convolution would round to bf16 all the same. */
    options.dtype = config->precision == MOCO_PRECISION_BF16 ? MOCO_BFLOAT16 : MOCO_FLOAT32;
    return moco_loader_create(&run->loader, run->images, run->sampler, &policy, NULL, &options);
}

void moco__run_close(moco__run *run)
{
    moco_loader_free(run->loader);
    moco_sampler_free(run->sampler);
    moco_model_free(run->model);
    moco_dataset_free(run->val_images);
    moco_dataset_free(run->images);
    moco_metrics_free(run->metrics);
    if (run->log != NULL) {
        (void)fclose(run->log);
    }
    moco__handle_free(run);
}
