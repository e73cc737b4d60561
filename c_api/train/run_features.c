/* Measures the quality of features of some training images without labels. */
#include "train/run_features_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "train/run_health_internal.h"
#include "train/run_metrics_internal.h"

#include "moco/evaluate.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_IMAGES = 2048, FEWEST_IMAGES = 256, BATCH = 256 };
enum { LIDAR_OBJECTS = 512, LIDAR_VIEWS = 10 };

/* Images measured per image trained, if they are of one size. A forward pass costs a fifth of a training step, so this
 * is some 0.4 % of the time; the time itself bounds it where steps wait for images, or spectra count. */
static const double share_of_images = 0.02;
static const double share_of_time = 0.01;
static const double least_rank = 0.02; /* of the embedding's dimensions */

/* Returns how many images show the spectrum of that many dimensions. */
static size_t images_for(int64_t dimensions, const moco__run_setup *setup)
{
    const size_t images = moco_dataset_count(setup->images);
    const size_t twice = dimensions < MOST_IMAGES / 2 ? 2 * (size_t)dimensions : (size_t)MOST_IMAGES;
    const size_t wanted = twice > FEWEST_IMAGES ? twice : (size_t)FEWEST_IMAGES;
    return wanted < images ? wanted : images;
}

/* Returns what a measurement costs, in images of the size that is trained on. */
static double costs_of(const moco__run_setup *setup)
{
    const moco_config *c = &setup->config;
    const moco_encoder *encoder = moco_model_query_encoder(setup->model);
    const size_t images = moco_dataset_count(setup->images);
    const double larger = c->knn_image_size > c->image_size ? (double)c->knn_image_size / (double)c->image_size : 1;
    const size_t tested =
        images_for(moco_encoder_feature_dim(encoder), setup) + images_for(moco_encoder_dim(encoder), setup);
    const size_t views = LIDAR_VIEWS * (images < LIDAR_OBJECTS ? images : LIDAR_OBJECTS);
    return (double)tested * larger * larger + (c->lidar ? (double)views : 0);
}

/* Whether the run asks for it, or enough steps were taken since the last time that it is cheap, or the run ends. */
static bool is_due(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    const moco_config *c = &setup->config;
    const moco_position *at = &run->state.position;
    const uint64_t since = at->step - run->report.health.measured;
    if (at->step == 0) {
        return c->monitor_every > 0 && isnan(run->report.health.rank);
    }
    if (since == 0 || at->step == setup->steps) {
        return since > 0;
    }
    if (c->monitor_every > 0) {
        return at->batch == 0 && at->epoch % (uint64_t)c->monitor_every == 0;
    }
    const double own = (double)c->batch / moco_comm_world(setup->comm);
    const moco__run_health *health = &run->report.health;
    return (double)since * own * share_of_images >= costs_of(setup) &&
           (moco__now() - health->measured_time) * share_of_time >= health->measured_seconds;
}

static moco_features_options options_of(const moco__run *run, moco_feature_kind kind)
{
    const moco__run_setup *setup = &run->setup;
    const moco_config *c = &setup->config;
    const int64_t part = c->batch / moco_comm_world(setup->comm) / c->accumulate;
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&options, c, setup->device);
    options.kind = kind;
    options.workers = (int32_t)c->workers;
    options.skip_broken = c->skip_broken;
    options.batch = (size_t)(part < 1 ? 1 : part > BATCH ? BATCH : part); /* what the device has room for */
    options.raw = true;
    return options;
}

static moco_status measure(moco_quality *out, const moco__run *run, moco_feature_kind kind)
{
    moco_encoder *encoder = moco_model_query_encoder(run->setup.model);
    moco_features_options options = options_of(run, kind);
    moco_features *features = NULL;
    options.limit = images_for(
        kind == MOCO_FEATURE_OUTPUT ? moco_encoder_dim(encoder) : moco_encoder_feature_dim(encoder), &run->setup);
    MOCO_TRY(moco_features_extract(&features, run->setup.images, encoder, &options));
    const moco_status status = moco_quality_measure(out, moco_features_matrix(features));
    moco_features_free(features);
    return status;
}

/* Each image comes several times, and gets other random views each time. */
static moco_status measure_lidar(double *out, const moco__run *run)
{
    const size_t images = moco_dataset_count(run->setup.images);
    const size_t objects = images < LIDAR_OBJECTS ? images : LIDAR_OBJECTS;
    size_t *indices = moco__calloc(objects * LIDAR_VIEWS, sizeof *indices);
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_features_options options = options_of(run, MOCO_FEATURE_OUTPUT);
    moco_dataset *views = NULL;
    moco_features *features = NULL;
    moco_status status = indices != NULL ? MOCO_OK : MOCO_ENOMEM;
    for (size_t i = 0; indices != NULL && i < objects * LIDAR_VIEWS; ++i) {
        indices[i] = i / LIDAR_VIEWS * images / objects;
    }
    policy.callback = run->setup.given.policy.callback;
    policy.payload = run->setup.given.policy.payload;
    options.policy = &policy;
    MOCO_TRY_GOTO(status);
    MOCO_TRY_GOTO(moco_config_policy(&policy, &run->setup.config, MOCO_POLICY_TRAIN));
    MOCO_TRY_GOTO(moco_dataset_subset(&views, run->setup.images, indices, objects * LIDAR_VIEWS));
    MOCO_TRY_GOTO(moco_features_extract(&features, views, moco_model_query_encoder(run->setup.model), &options));
    MOCO_TRY_GOTO(moco_quality_lidar(out, moco_features_matrix(features), LIDAR_VIEWS));
done:
    moco_features_free(features);
    moco_dataset_free(views);
    free(indices);
    return status;
}

static void warn_of_rank(moco__run *run, const moco_quality *output)
{
    moco__run_health *health = &run->report.health;
    const double dim = (double)run->setup.config.dim;
    const bool has_learnt = run->state.position.step > 2 * moco__run_patience(run);
    if (!health->warned_of_rank && has_learnt && output->rankme < 1 + least_rank * dim) {
        health->warned_of_rank = true;
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                            "epoch %g: the embeddings use %.1f of %.0f dimensions (RankMe): the run has collapsed to "
                            "few directions; lower lr, raise temperature, or use a larger %s",
                            moco__run_epoch(run), output->rankme, dim, moco__run_negatives(run));
    }
}

void moco__run_recall_features(moco__run *run)
{
    moco__run_health *health = &run->report.health;
    moco_series ranks = { 0, NULL, NULL, NULL };
    health->measured = 0;
    health->rank = health->best_rank = NAN;
    if (moco__run_watches(run) && moco_series_read(&ranks, run->setup.config.out, "pooled_rankme") == MOCO_OK) {
        for (size_t i = 0; i < ranks.count; ++i) {
            health->measured = (uint64_t)ranks.steps[i];
            health->rank = ranks.values[i];
            health->best_rank = ranks.steps[i] > 0 ? fmax(health->best_rank, ranks.values[i]) : health->best_rank;
        }
    }
    moco_series_free(&ranks);
}

moco_status moco__run_measure_features(moco__run *run)
{
    moco__run_health *health = &run->report.health;
    moco_quality pooled = { NAN, NAN, NAN };
    moco_quality output = { NAN, NAN, NAN };
    double lidar = NAN;
    const double start = moco__now();
    if (!moco__run_watches(run) || !is_due(run)) {
        return MOCO_OK;
    }
    const bool known = measure(&pooled, run, MOCO_FEATURE_POOLED) == MOCO_OK &&
                       measure(&output, run, MOCO_FEATURE_OUTPUT) == MOCO_OK &&
                       (!run->setup.config.lidar || measure_lidar(&lidar, run) == MOCO_OK);
    health->measured = run->state.position.step;
    health->measured_time = moco__now();
    health->measured_seconds = health->measured_time - start;
    health->seconds += health->measured_seconds;
    moco__progress_leave_out(&run->report.progress, start);
    if (!known) {
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING, "epoch %g: the features were not measured: %s",
                            moco__run_epoch(run), moco_error_message());
        return MOCO_OK;
    }
    health->rank = pooled.rankme;
    health->best_rank = run->state.position.step > 0 ? fmax(health->best_rank, pooled.rankme) : health->best_rank;
    run->report.progress.seen.rankme = pooled.rankme;
    warn_of_rank(run, &output);
    moco_log(MOCO_LOG_DEBUG, "epoch %g: features were measured in %.2f s", moco__run_epoch(run),
             health->measured_seconds);
    const moco_metric values[] = {
        { "pooled_spread", pooled.spread },
        { "pooled_rankme", pooled.rankme },
        { "pooled_alpha", pooled.alpha },
        { "output_spread", output.spread },
        { "output_rankme", output.rankme },
        { "output_alpha", output.alpha },
        { "lidar", lidar },
    };
    return moco__run_write_metrics(run, values, sizeof values / sizeof values[0]);
}
