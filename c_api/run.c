/* Setting a training run up, and taking it down. */
#include "run.h"

#include "encoder_options.h"
#include "handle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AUTO_SPLITS = 8 }; /* the GPUs of the paper, as MoCo's own demonstration on one GPU */

static moco_format format_of(const char *name)
{
    static const char *const names[] = {
#define FORMAT_NAME(id, text) text,
        MOCO_FORMAT_MAP(FORMAT_NAME)
#undef FORMAT_NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (strcmp(names[i], name) == 0) {
            return (moco_format)i;
        }
    }
    return MOCO_FORMAT_AUTO;
}

static int64_t auto_splits(int64_t batch)
{
    int64_t splits = MAX_AUTO_SPLITS;
    while (splits > 1 && (batch % splits != 0 || batch / splits < 2)) {
        splits -= 1;
    }
    return splits;
}

moco_status moco__run_resolve(moco_config *config)
{
    moco_augment_policy policy;
    MOCO_TRY(moco_augment_preset(&policy, config->augment, (int32_t)config->image_size));
    config->image_size = policy.size;
    if (config->lr == 0) {
        config->lr = moco_schedule_auto_lr(config->batch);
    }
    if (config->bn_splits == 0) {
        config->bn_splits = auto_splits(config->batch);
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
    options.format = format_of(config->format);
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
    options.encoder = moco__encoder_options(config, run->device);
    options.sgd.momentum = config->sgd_momentum;
    options.sgd.weight_decay = config->weight_decay;
    options.queue_size = config->queue_size;
    options.queue_filled_only = config->queue_filled_only;
    options.temperature = config->temperature;
    options.symmetric = config->symmetric;
    options.shuffle = config->shuffle_bn;
    options.seed = config->seed;
    MOCO_TRY(moco_model_create(&run->model, &options));
    moco_schedule schedule = MOCO_SCHEDULE_INIT;
    schedule.kind = strcmp(config->schedule, "steps") == 0    ? MOCO_SCHEDULE_STEPS
                    : strcmp(config->schedule, "cosine") == 0 ? MOCO_SCHEDULE_COSINE
                                                              : MOCO_SCHEDULE_CONSTANT;
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

moco_status moco__run_start(moco__run *run)
{
    const moco_config *config = &run->config;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = moco_dataset_count(run->images);
    order.batch = (size_t)config->batch;
    order.seed = config->seed;
    MOCO_TRY(moco_sampler_create(&run->sampler, &order));
    run->epoch_steps = moco_sampler_batches(run->sampler);
    run->steps = run->epoch_steps * (uint64_t)config->epochs;
    MOCO_TRY(moco_sampler_seek(run->sampler, run->position.epoch, (size_t)run->position.batch));

    moco_augment_policy policy;
    MOCO_TRY(moco_augment_preset(&policy, config->augment, (int32_t)config->image_size));
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = (int32_t)config->workers;
    options.prefetch = (int32_t)config->prefetch;
    options.seed = config->seed;
    options.layout = strcmp(config->layout, "nhwc") == 0 ? MOCO_NHWC : MOCO_NCHW;
    options.device = run->device;
    options.skip_broken = config->skip_broken;
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
