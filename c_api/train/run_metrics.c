/* Reads a run's metrics back from the device, watches the loss, and writes metrics.jsonl. */
#include "train/run_metrics_internal.h"

#include "base/comm_internal.h"
#include "train/run_health_internal.h"

#include "moco/loss.h"

#include <math.h>

/* A loss this close to guessing while the queue is full of real keys means that nothing is learnt. */
static const double near_chance = 0.98;

/* Warns if the loss stays at chance. It may touch chance when the queue has just filled. That of a memory bank is above
 * chance while it learns: features of images are old, or random before the images were seen. */
static void warn_of_chance(moco__run *run, double loss)
{
    const moco_queue *queue = moco_model_queue(run->setup.model);
    const uint64_t step = run->state.position.step;
    const uint64_t patience = moco__run_patience(run);
    const bool filled = queue != NULL ? moco_queue_filled(queue) == moco_queue_size(queue)
                                      : moco_model_bank(run->setup.model) == NULL || step > run->setup.epoch_steps;
    const double chance = moco__run_loss_bounds(&run->setup).chance;
    const bool is_above = loss * near_chance > chance;
    moco__run_report *report = &run->report;
    if (!filled || loss < near_chance * chance || (is_above && moco_model_bank(run->setup.model) != NULL)) {
        report->left_chance = step;
    } else if (!report->warned_of_chance && step - report->left_chance >= patience) {
        report->warned_of_chance = true;
        moco__run_log_write(&report->log, MOCO_LOG_WARNING,
                            "step %llu: for %llu steps the loss, now %.3f, has been at chance (%.3f)%s%s: nothing is "
                            "being learnt; lower lr%s or add warmup-epochs",
                            (unsigned long long)step, (unsigned long long)(step - report->left_chance), loss, chance,
                            is_above ? " or above" : "", queue != NULL ? " with a full queue" : "",
                            moco__run_has_momentum(run) ? ", raise momentum" : "");
    }
}

/* Warns once if other programs want the cores. A GPU computes while this thread sleeps. */
static void warn_of_pace(moco__run *run)
{
    moco__run_report *report = &run->report;
    double wall = 0;
    double cpu = 0;
    if (run->setup.device.type != MOCO_CPU || report->pace.warned || !moco__pace_is_poor(&wall, &cpu, &report->pace)) {
        return;
    }
    const int32_t threads = moco_threads();
    report->pace.warned = true;
    moco__run_log_write(&report->log, MOCO_LOG_WARNING,
                        "step %llu: the last steps took %.1f s and computed for %.1f s of them: other programs use the "
                        "cores, or a control group limits the time%s",
                        (unsigned long long)run->state.position.step, wall, cpu,
                        threads > 1 ? ". Threads wait for each other then, so that threads 1 may be faster" : "");
}

static moco_status explain_divergence(uint64_t step, double lr)
{
    return moco_error_set(MOCO_EDIVERGED,
                          "step %llu: the loss is not finite at lr %g: the training diverged; lower lr, add "
                          "warmup-epochs, or use precision fp32. The last checkpoint is unharmed",
                          (unsigned long long)step, lr);
}

double moco__run_epoch(const moco__run *run)
{
    const uint64_t counted = run->state.position.step - (uint64_t)run->setup.shift;
    return (double)counted / (double)run->setup.epoch_steps;
}

moco_status moco__run_write_metrics(const moco__run *run, const moco_metric *values, size_t count)
{
    const double epoch = moco__run_epoch(run);
    moco_metrics *metrics = run->report.metrics;
    return metrics != NULL ? moco_metrics_write(metrics, run->state.position.step, epoch, values, count) : MOCO_OK;
}

moco_status moco__run_read_metrics(moco__run *run)
{
    moco__progress *progress = &run->report.progress;
    const moco_progress *p = &progress->seen;
    moco_model_means means;
    if (moco__progress_window(progress) == 0) {
        return MOCO_OK;
    }
    const moco_status status = moco_model_read_means(&means, run->setup.model);
    MOCO_TRY(moco__comm_check(run->setup.comm)); /* what came through a broken connection means nothing */
    if (status == MOCO_EDIVERGED) {
        return explain_divergence(p->step, p->lr);
    }
    MOCO_TRY(status);
    moco__progress_measure(progress, means.loss, means.acc1, means.acc5);
    warn_of_chance(run, means.loss);
    warn_of_pace(run);
    const moco_pair_quality pairs = moco__run_measure_step(run);
    moco__run_warn_of_leak(run);
    const moco_metric values[] = {
        { "loss", p->loss },
        { "acc1", p->acc1 },
        { "acc5", p->acc5 },
        { "lr", p->lr },
        { "images_per_s", p->images_per_s },
        { "data_wait", p->data_wait },
        { "alignment", pairs.alignment },
        { "uniformity", pairs.uniformity },
        { "spread", pairs.spread },
    };
    return moco__run_write_metrics(run, values, sizeof values / sizeof values[0]);
}
