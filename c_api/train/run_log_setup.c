#include "train/run_log_setup_internal.h"

#include "base/device_internal.h"
#include "base/text_internal.h"
#include "base/version_internal.h"
#include "config/encoder_options_internal.h"
#include "method/model_internal.h"
#include "train/run_due_internal.h"
#include "train/run_setup_internal.h"

#include "moco/version.h"

#include <string.h>

static void log_processes(const moco__run *run)
{
#define TEXT_OF(kind, text) [kind] = (text),
    static const char *const shuffles[] = { MOCO_SHUFFLE_MAP(TEXT_OF) };
#undef TEXT_OF
    const moco_config *c = &run->setup.config;
    const int32_t world = moco_comm_world(run->setup.comm);
    if (world > 1) {
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                            "%d processes, each with %lld image%s of the batch; keys shuffled by %s; rank 0 is %s",
                            world, (long long)c->batch / world, moco__plural((uint64_t)(c->batch / world)),
                            shuffles[moco__model_shuffle_kind(run->setup.model)], moco_peers_name(run->setup.peers, 0));
    }
    if (c->accumulate > 1) {
        const int64_t piece = c->batch / world / c->accumulate;
        moco__run_log_write(&run->report.log, MOCO_LOG_INFO,
                            "each process computes its part of the batch in %lld pieces of %lld image%s",
                            (long long)c->accumulate, (long long)piece, moco__plural((uint64_t)piece));
    }
}

static void log_environment(const moco__run *run)
{
    char device[256] = "";
    if (moco_device_describe(device, sizeof device, run->setup.device) != MOCO_OK) {
        device[0] = '\0';
    }
    const bool chosen = run->setup.chose_device;
    const char *why = chosen && run->setup.device.type == MOCO_CPU ? moco__device_reason() : "";
    const char *commit = moco__commit();
    const int threads = (int)moco_threads();
    moco__run_log_write(&run->report.log, MOCO_LOG_INFO, "libmoco %s%s%s%s, libtorch %s, %s%s%s%s%s, %d thread%s",
                        moco_version(), commit[0] != '\0' ? " (" : "", commit, commit[0] != '\0' ? ")" : "",
                        moco_libtorch_version(), device, chosen ? " (auto" : "", why[0] != '\0' ? ": " : "", why,
                        chosen ? ")" : "", threads, moco__plural((uint64_t)threads));
}

static void log_data(const moco__run *run)
{
    const moco__run_setup *s = &run->setup;
    const moco__run_log *log = &run->report.log;
    char text[MOCO_PATH_MAX + 512];
    size_t shared = 0;
    moco_dataset_describe(s->images, text, sizeof text);
    const bool by_steps = s->config.max_steps > 0;
    const uint64_t length = by_steps ? s->steps : s->epochs;
    moco__run_log_write(log, MOCO_LOG_INFO, "%s; %llu step%s per epoch, %llu %s%s%s", text,
                        (unsigned long long)s->epoch_steps, moco__plural(s->epoch_steps), (unsigned long long)length,
                        by_steps ? "step" : "epoch", moco__plural(length), by_steps ? " in all" : "");
    if (s->val_images == NULL) {
        return;
    }
    moco_dataset_describe(s->val_images, text, sizeof text);
    moco__run_log_write(log, MOCO_LOG_INFO, "kNN monitor: %s", text);
    if (moco__run_is_writer(s) && moco_dataset_overlap(&shared, s->images, s->val_images) == MOCO_OK && shared > 0) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "kNN monitor: %zu of the %zu test images %s a training image too; no image votes on "
                            "itself",
                            shared, moco_dataset_count(s->val_images), shared == 1 ? "is" : "are each");
    }
}

/* Logs how bands are scaled, and which operations of the policy they have instead of colours. */
static void log_bands(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const moco__run_log *log = &run->report.log;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    bool jitters = false;
    bool greys = false;
    if (c->normalize[0] != '\0') {
        moco__run_log_write(log, MOCO_LOG_INFO, "%lld channel%s, normalised by the means/standard deviations %s",
                            (long long)c->channels, moco__plural((uint64_t)c->channels), c->normalize);
    }
    if (c->channels == 3 || moco_config_policy(&policy, c, MOCO_POLICY_TRAIN) != MOCO_OK) {
        return;
    }
    for (size_t i = 0; i < policy.count; ++i) {
        jitters = jitters || policy.ops[i].kind == MOCO_COLOR_JITTER;
        greys = greys || policy.ops[i].kind == MOCO_RANDOM_GRAYSCALE;
    }
    if (jitters || greys) {
        moco__run_log_write(log, MOCO_LOG_INFO, "images of %lld channel%s have no colours: %s%s%s",
                            (long long)c->channels, moco__plural((uint64_t)c->channels),
                            jitters ? "colour jitter changes brightness and contrast alone" : "",
                            jitters && greys ? ", and " : "",
                            !greys             ? ""
                            : c->channels == 1 ? "grey changes nothing"
                                               : "grey is the mean of the channels");
    }
}

/* Logs the negatives of the loss, its chance and its floor. */
static void log_loss(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const moco__run_log *log = &run->report.log;
    const moco__loss_bounds bounds = moco__run_loss_bounds(&run->setup);
    const bool is_dictionary = c->mechanism == MOCO_MECHANISM_MOCO || c->mechanism == MOCO_MECHANISM_MEMORY_BANK;
    moco__run_log_write(log, MOCO_LOG_INFO,
                        "%s of mechanism %s with %s%.0f%s, T %g, dim %lld: chance %.3f, floor about %.3f",
                        c->symmetric ? "sum of two losses" : "loss", moco_config_choice(c, "mechanism"),
                        is_dictionary ? "K " : "", bounds.negatives, is_dictionary ? "" : " negatives", c->temperature,
                        (long long)c->dim, bounds.chance, bounds.floor);
    if (bounds.own >= 0.5 && c->mechanism == MOCO_MECHANISM_MOCO) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "the queue of %lld keys is long for %zu images: each image meets about %.1f older keys of "
                            "itself as negatives; consider queue-size %lld or less",
                            (long long)c->queue_size, moco_dataset_count(run->setup.images), bounds.own,
                            (long long)(moco_dataset_count(run->setup.images) / 2));
    }
    if (bounds.own >= 1 && c->mechanism == MOCO_MECHANISM_MEMORY_BANK) {
        moco__run_log_write(log, MOCO_LOG_WARNING,
                            "%lld negatives are drawn from a bank of %zu images: about %.1f of them are the image "
                            "itself; consider queue-size %lld or less",
                            (long long)c->queue_size, moco_dataset_count(run->setup.images), bounds.own,
                            (long long)(moco_dataset_count(run->setup.images) / 2));
    }
}

static void warn_of_precision(const moco__run *run)
{
    const moco_device device = run->setup.device;
    const moco_precision asked = run->setup.config.precision == MOCO_PRECISION_BF16 ? MOCO_BF16 : MOCO_FP32;
    const char *advice = moco__precision_advice(asked, moco_precision_fastest(device), device.type);
    if (advice != NULL) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "%s", advice);
    }
}

void moco__run_log_setup(const moco__run *run)
{
    const moco__run_setup *s = &run->setup;
    const moco_config *c = &s->config;
    const moco__run_log *log = &run->report.log;
    char lr[32];
    log_environment(run);
    log_data(run);
    log_bands(run);
    moco__run_log_write(
        log, MOCO_LOG_INFO, "%s%s, %.2f million parameters, %s, %s%s; batch %lld in %lld group%s of batch norm; lr %s",
        c->arch, c->cifar_stem ? " (CIFAR stem)" : "",
        (double)moco_encoder_parameter_count(moco_model_query_encoder(s->model)) / 1e6,
        moco_config_choice(c, "precision"), moco_config_choice(c, "layout"),
        moco__model_has_graph(s->model) ? ", steps by a CUDA graph" : "", (long long)c->batch, (long long)c->bn_splits,
        moco__plural((uint64_t)c->bn_splits), moco__number_text(lr, sizeof lr, 6, c->lr));
    warn_of_precision(run);
    log_processes(run);
    log_loss(run);
    if (s->val_images == NULL && moco__run_wants_tests(c)) {
        moco__run_log_write(log, MOCO_LOG_INFO,
                            "there is no kNN monitor, since the data has no labels or no other split; see val-data");
    }
}
