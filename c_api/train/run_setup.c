/* Sets up what a training run works with: settings, device, data and model. */
#include "train/run_setup_internal.h"

#include "base/comm_internal.h"
#include "base/device_internal.h"
#include "base/machine_internal.h"
#include "base/text_internal.h"
#include "config/config_check_internal.h"
#include "config/config_model_internal.h"

#include <stdio.h>
#include <string.h>

bool moco__run_is_writer(const moco__run_setup *setup)
{
    return moco_comm_rank(setup->comm) == 0;
}

moco__loss_bounds moco__run_loss_bounds(const moco__run_setup *setup)
{
    const moco_config *c = &setup->config;
    return moco__loss_bounds_of(&(moco__loss_setting){ .mechanism = c->mechanism,
                                                       .queue_size = c->queue_size,
                                                       .batch = c->batch,
                                                       .dim = c->dim,
                                                       .images = (int64_t)moco_dataset_count(setup->images),
                                                       .temperature = c->temperature,
                                                       .symmetric = c->symmetric });
}

/* Returns the number of parts in which all processes together compute a batch; a part has one or more groups. */
static int64_t parts_of(const moco__run_setup *setup)
{
    return moco_comm_world(setup->comm) * setup->config.accumulate;
}

static moco_status resolve_splits(moco__run_setup *setup)
{
    moco_config *config = &setup->config;
    const int64_t parts = parts_of(setup);
    if (config->batch % parts != 0) {
        const int64_t next = (config->batch + parts - 1) / parts * parts;
        return moco_error_set(MOCO_EINVALID,
                              "batch %lld does not divide into %d x %lld equal parts (processes x accumulate); use "
                              "batch %lld",
                              (long long)config->batch, moco_comm_world(setup->comm), (long long)config->accumulate,
                              (long long)next);
    }
    if (config->sync_bn) {
        config->bn_splits = 1;
        return MOCO_OK;
    }
    const int64_t asked = config->bn_splits;
    if (asked == 0 || (asked % parts != 0 && setup->resumes)) {
        config->bn_splits = moco__auto_splits(config->batch, parts);
    }
    if (asked != 0 && asked != config->bn_splits) {
        moco_log(MOCO_LOG_WARNING,
                 "the run had %lld groups of batch norm, which do not divide into %lld parts; it continues with %lld",
                 (long long)asked, (long long)parts, (long long)config->bn_splits);
    }
    if (config->bn_splits % parts != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "bn-splits: %lld groups do not divide among %d processes with accumulate %lld; use a "
                              "multiple of %lld, auto, or sync-bn",
                              (long long)config->bn_splits, moco_comm_world(setup->comm), (long long)config->accumulate,
                              (long long)parts);
    }
    return MOCO_OK;
}

/* Returns this process's share of the cores of its host. */
static int64_t share_of_cores(const moco__run_setup *setup)
{
    const int64_t count = moco__cores();
    const int64_t processes = setup->peers != NULL ? moco_peers_launch(setup->peers)->local_world : 1;
    return count > processes ? count / processes : 1;
}

static moco_status resolve_device(moco__run_setup *setup)
{
    const moco_launch alone = MOCO_LAUNCH_INIT;
    const moco_peers *peers = setup->peers;
    char *text = setup->config.device;
    MOCO_TRY(moco_launch_device(&setup->device, text, peers != NULL ? moco_peers_launch(peers) : &alone));
    setup->chose_device = strcmp(text, "auto") == 0;
    if (setup->chose_device) { /* so that a resumed run stays there */
        (void)snprintf(text, sizeof setup->config.device, "%s", moco__device_kind(setup->device.type));
    }
    return MOCO_OK;
}

/* All processes compute the same way, so "auto" gives bf16 only if it is fast on all of them. */
static moco_status resolve_arithmetic(moco__run_setup *setup)
{
    moco_config *config = &setup->config;
    if (config->precision == MOCO_PRECISION_AUTO) {
        int64_t slow = moco_precision_fastest(setup->device) == MOCO_FP32 ? 1 : 0;
        MOCO_TRY(moco__comm_largest(&slow, setup->comm, slow));
        config->precision = slow != 0 ? MOCO_PRECISION_FP32 : MOCO_PRECISION_BF16;
    }
    moco_config_resolve_arithmetic(config, setup->device);
    return MOCO_OK;
}

/* Makes the policy before the images are opened, on which its statistics may have to be measured. */
static moco_status policy_without_statistics(moco_augment_policy *out, const moco_config *config)
{
    moco_config plain = *config;
    (void)snprintf(plain.normalize, sizeof plain.normalize, "none");
    return moco_config_policy(out, &plain, MOCO_POLICY_TRAIN);
}

moco_status moco__run_resolve(moco__run_setup *setup)
{
    moco_config *config = &setup->config;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(resolve_device(setup));
    if (setup->device.type == MOCO_CUDA) {
        MOCO_TRY(moco_device_set(MOCO_SETTING_DETERMINISTIC, config->deterministic));
        MOCO_TRY(moco_device_set(MOCO_SETTING_TF32, config->tf32));
    }
    MOCO_TRY(resolve_arithmetic(setup));
    policy.callback = setup->given.policy.callback;
    MOCO_TRY(policy_without_statistics(&policy, config));
    MOCO_TRY(moco_augment_check(&policy)); /* a text may want a callback that is not given */
    config->image_size = policy.size;
    if (config->lr == 0) {
        config->lr = moco_schedule_auto_lr(config->batch);
    }
    MOCO_TRY(resolve_splits(setup));
    if (config->threads == 0) {
        config->threads = share_of_cores(setup);
    }
    MOCO_TRY(moco_threads_set((int32_t)config->threads));
    config->threads = moco_threads();
    return MOCO_OK;
}

moco_status moco__run_create_model(moco__run_setup *setup)
{
    const moco_config *config = &setup->config;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options encoder = MOCO_ENCODER_OPTIONS_INIT;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;
    options.comm = setup->comm;
    MOCO_TRY(moco_config_model_options(&options, &encoder, &sgd, &ddp, config, setup->device));
    options.bank_images = (int64_t)moco_dataset_count(setup->images);
    return moco_model_create(&setup->model, &options);
}

static moco_status make_schedule(moco__run_setup *setup)
{
    const moco_config *config = &setup->config;
    const double epoch_steps = (double)setup->epoch_steps;
    moco_schedule schedule = MOCO_SCHEDULE_INIT;
    schedule.kind = config->schedule;
    schedule.lr = config->lr;
    schedule.epochs =
        config->max_steps > 0 ? (double)((int64_t)setup->steps - setup->shift) / epoch_steps : (double)config->epochs;
    schedule.warmup_epochs = config->warmup_epochs;
    schedule.per_step = config->lr_per_step || config->max_steps > 0;
    schedule.decay = config->lr_decay;
    schedule.decay_epochs = config->lr_decay_steps > 0 ? (double)config->lr_decay_steps / epoch_steps : 1;
    if (schedule.kind == MOCO_SCHEDULE_STEPS) {
        MOCO_TRY(moco__config_milestones(config, schedule.milestones, &schedule.milestone_count));
    }
    if (schedule.warmup_epochs > 0 && schedule.warmup_epochs >= schedule.epochs) {
        return moco_error_set(MOCO_EINVALID, "warmup-epochs: %g is not less than the %g epochs of the run; use fewer",
                              schedule.warmup_epochs, schedule.epochs);
    }
    setup->schedule = schedule;
    return MOCO_OK;
}

/* Counts epochs and steps. `counted`: the steps done, if all epochs had had as many as they have now. */
static moco_status count_steps(moco__run_setup *setup, moco_position position)
{
    const moco_config *config = &setup->config;
    const uint64_t counted = position.epoch * setup->epoch_steps + position.batch;
    setup->shift = (int64_t)(position.step - counted);
    if (config->max_steps == 0) {
        setup->epochs = (uint64_t)config->epochs;
        setup->steps = setup->epoch_steps * setup->epochs + (uint64_t)setup->shift;
        return MOCO_OK;
    }
    setup->steps = (uint64_t)config->max_steps;
    if (setup->steps < position.step) {
        return moco_error_set(MOCO_EINVALID, "max-steps: the run has done %llu of its %lld steps",
                              (unsigned long long)position.step, (long long)config->max_steps);
    }
    setup->epochs = (setup->steps - (uint64_t)setup->shift + setup->epoch_steps - 1) / setup->epoch_steps;
    return MOCO_OK;
}

moco_status moco__run_open_sampler(moco__run_setup *setup, moco_position position)
{
    const moco_config *config = &setup->config;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_sampler_options_for(&order, setup->images, (size_t)config->shuffle_window);
    order.batch = (size_t)config->batch;
    order.seed = config->seed;
    order.rank = moco_comm_rank(setup->comm);
    order.world = moco_comm_world(setup->comm);
    order.groups = (size_t)parts_of(setup);
    order.weights = setup->given.weights;
    order.order = setup->given.order;
    order.payload = setup->given.order_payload;
    MOCO_TRY(moco_sampler_create(&setup->sampler, &order));
    setup->epoch_steps = moco_sampler_batches(setup->sampler);
    MOCO_TRY(count_steps(setup, position));
    MOCO_TRY(make_schedule(setup));
    return moco_sampler_seek(setup->sampler, position.epoch, (size_t)position.batch);
}

moco_status moco__run_open_loader(moco__run_setup *setup)
{
    const moco_config *config = &setup->config;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    policy.callback = setup->given.policy.callback;
    policy.payload = setup->given.policy.payload;
    MOCO_TRY(moco_config_policy(&policy, config, MOCO_POLICY_TRAIN));
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    MOCO_TRY(moco_config_encoder_options(&network, config, setup->device));
    options.workers = (int32_t)(config->workers > 0 ? config->workers : share_of_cores(setup));
    options.prefetch = (int32_t)config->prefetch;
    options.seed = config->seed;
    options.layout = network.layout;
    options.device = setup->device;
    options.skip_broken = config->skip_broken;
    options.single_view = config->mechanism == MOCO_MECHANISM_MEMORY_BANK;
    options.fast = config->augment_precision == MOCO_AUGMENT_FAST;
    /* The first convolution rounds to bf16 anyway. */
    options.dtype = config->precision == MOCO_PRECISION_BF16 ? MOCO_BFLOAT16 : MOCO_FLOAT32;
    moco_augment_policy key = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(moco_config_policy(&key, config, MOCO_POLICY_TRAIN_KEY));
    return moco_loader_create(&setup->loader, setup->images, setup->sampler, &policy,
                              config->key_policy[0] != '\0' ? &key : NULL, &options);
}

void moco__run_close_setup(moco__run_setup *setup)
{
    moco_loader_free(setup->loader);
    moco_sampler_free(setup->sampler);
    moco_model_free(setup->model);
    moco_dataset_free(setup->opened[1]);
    moco_dataset_free(setup->opened[0]);
}
