/* What a run says of itself: train.log, metrics.jsonl, and the progress callback. */
#include "base/clock_internal.h"
#include "train/run_internal.h"

#include "moco/loss.h"
#include "moco/version.h"

#include <math.h>
#include <stdarg.h>
#include <time.h>

/* A loss this close to guessing, once the queue is full of real keys, means that nothing is learnt. */
static const double near_chance = 0.98;
static const uint64_t max_patience = 500; /* steps */

void moco__run_log(moco__run *run, moco_log_level level, const char *format, ...)
{
    char line[1536];
    va_list args;
    if (!moco__run_is_writer(run) && level == MOCO_LOG_INFO) {
        return; /* rank 0 says the same */
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    moco__run_log_file(run, line);
    moco_log(level, "%s", line);
}

void moco__run_log_file(moco__run *run, const char *line)
{
    char stamp[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (run->log == NULL) {
        return;
    }
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    }
    (void)fprintf(run->log, "%s %s\n", stamp, line);
    (void)fflush(run->log);
}

static void log_processes(moco__run *run)
{
    const moco_config *c = &run->config;
    const int32_t world = moco_comm_world(run->comm);
    if (world > 1) {
        moco__run_log(run, MOCO_LOG_INFO,
                      "%d processes, each with %lld images of the batch; keys shuffled by %s; rank 0 "
                      "is %s",
                      world, (long long)c->batch / world, moco_config_choice(c, "shuffle"),
                      moco_peers_name(run->options.peers, 0));
    }
    if (c->accumulate > 1) {
        moco__run_log(run, MOCO_LOG_INFO, "a process computes its part of the batch in %lld pieces of %lld images",
                      (long long)c->accumulate, (long long)(c->batch / world / c->accumulate));
    }
}

void moco__run_log_start(moco__run *run)
{
    const moco_config *c = &run->config;
    char device[256] = "";
    if (moco_device_describe(device, sizeof device, run->device) != MOCO_OK) {
        device[0] = '\0';
    }
    const char *commit = moco_commit();
    moco__run_log(run, MOCO_LOG_INFO, "libmoco %s%s%s%s, libtorch %s, %s, %d threads", moco_version(),
                  commit[0] != '\0' ? " (" : "", commit, commit[0] != '\0' ? ")" : "", moco_libtorch_version(), device,
                  (int)moco_threads());
    moco__run_log(run, MOCO_LOG_INFO, "%zu images of %s; %llu steps an epoch, %lld epochs",
                  moco_dataset_count(run->images), c->data, (unsigned long long)run->epoch_steps, (long long)c->epochs);
    moco__run_log(run, MOCO_LOG_INFO,
                  "%s%s, %.2f million parameters, %s, %s; batch %lld in %lld groups of batch norm; "
                  "lr %g",
                  c->arch, c->cifar_stem ? " (CIFAR stem)" : "",
                  (double)moco_encoder_parameter_count(moco_model_query_encoder(run->model)) / 1e6,
                  moco_config_choice(c, "precision"), moco_config_choice(c, "layout"), (long long)c->batch,
                  (long long)c->bn_splits, c->lr);
    log_processes(run);
    moco__run_log(run, MOCO_LOG_INFO, "loss with K %lld, T %g, dim %lld: chance %.3f, floor about %.3f",
                  (long long)c->queue_size, c->temperature, (long long)c->dim, moco_infonce_chance(c->queue_size),
                  moco_infonce_floor(c->queue_size, c->dim, c->temperature));
    if (c->queue_size > (int64_t)moco_dataset_count(run->images)) {
        moco__run_log(run, MOCO_LOG_WARNING,
                      "the queue of %lld keys is larger than the data set: each image meets its own older keys as "
                      "negatives; consider --queue-size %lld or less",
                      (long long)c->queue_size, (long long)(moco_dataset_count(run->images) / 2));
    }
    if (run->val_images == NULL && c->knn_every > 0) {
        moco__run_log(run, MOCO_LOG_INFO, "no kNN monitor: there are no labels, or no other split; see --val-data");
    }
}

/* The loss touches chance when the queue has just filled; it is worth a warning where it stays there. */
static void warn_of_chance(moco__run *run, double loss)
{
    const moco_config *c = &run->config;
    const uint64_t patience = run->epoch_steps < max_patience ? run->epoch_steps : max_patience;
    const bool filled = moco_queue_filled(moco_model_queue(run->model)) == c->queue_size;
    const double chance = moco_infonce_chance(c->queue_size) * (c->symmetric ? 2 : 1);
    if (!filled || loss < near_chance * chance) {
        run->left_chance = run->position.step;
    } else if (!run->warned_of_chance && run->position.step - run->left_chance >= patience) {
        run->warned_of_chance = true;
        moco__run_log(run, MOCO_LOG_WARNING,
                      "step %llu: for %llu steps the loss, now %.3f, has been at chance (%.3f) with a full queue: "
                      "nothing is being learnt; lower --lr, raise --momentum or add --warmup-epochs",
                      (unsigned long long)run->position.step,
                      (unsigned long long)(run->position.step - run->left_chance), loss, chance);
    }
}

static moco_status check_finite(const moco__run *run, double loss, double lr)
{
    if (isfinite(loss)) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EDIVERGED,
                          "step %llu: the loss is %g at lr %g: the training diverged; lower --lr, add --warmup-epochs, "
                          "or use --precision fp32. The last checkpoint is unharmed",
                          (unsigned long long)run->position.step, loss, lr);
}

static double epoch_of(const moco__run *run)
{
    return (double)run->position.step / (double)run->epoch_steps;
}

static moco_status report_window(moco__run *run, double lr)
{
    moco_progress *p = &run->progress;
    moco_model_means means;
    MOCO_TRY(moco_model_read_means(&means, run->model));
    MOCO_TRY(check_finite(run, means.loss, lr));
    const double now = moco__now();
    const double wait = moco_loader_wait_seconds(run->loader);
    const double seconds = fmax(now - run->window_time, 1e-9);
    const double steps = (double)(run->position.step - run->window_start);
    p->has_metrics = true;
    p->loss = means.loss;
    p->acc1 = means.acc1;
    p->acc5 = means.acc5;
    p->images_per_s = steps * (double)run->config.batch / seconds;
    p->data_wait = fmin((wait - run->window_wait) / seconds, 1);
    p->eta_s = (double)(run->steps - run->position.step) * seconds / steps;
    run->window_start = run->position.step;
    run->window_time = now;
    run->window_wait = wait;
    warn_of_chance(run, means.loss);
    const moco_metric values[] = {
        { "loss", p->loss },
        { "acc1", p->acc1 },
        { "acc5", p->acc5 },
        { "lr", lr },
        { "images_per_s", p->images_per_s },
        { "data_wait", p->data_wait },
    };
    return run->metrics == NULL ? MOCO_OK
                                : moco_metrics_write(run->metrics, run->position.step, epoch_of(run), values,
                                                     sizeof values / sizeof values[0]);
}

moco_status moco__run_report(moco__run *run, double lr, bool flush)
{
    moco_progress *p = &run->progress;
    const uint64_t step = run->position.step;
    p->step = step;
    p->steps = run->steps;
    p->epochs = (uint64_t)run->config.epochs;
    p->epoch = (step - 1) / run->epoch_steps;
    p->epoch_step = step - p->epoch * run->epoch_steps;
    p->epoch_steps = run->epoch_steps;
    p->lr = lr;
    p->knn_acc1 = run->knn_acc1;
    p->has_metrics = false;
    const bool due = flush || step % (uint64_t)run->config.print_freq == 0 || p->epoch_step == p->epoch_steps;
    return due && step > run->window_start ? report_window(run, lr) : MOCO_OK;
}
