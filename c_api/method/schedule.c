/* Computes the learning rate over the training. */
#include "moco/schedule.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"

#include <math.h>

MOCO__DEFINE_INIT(moco_schedule, MOCO_SCHEDULE_INIT)

static moco_status read_schedule(moco_schedule *out, const moco_schedule *schedule)
{
    if (schedule == NULL) {
        return moco_error_set(MOCO_EINVALID, "schedule: argument schedule is NULL");
    }
    MOCO__READ_OPTIONS(out, schedule, MOCO_SCHEDULE_INIT);
    if (out->milestone_count > MOCO_MAX_MILESTONES) {
        return moco_error_set(MOCO_EINVALID, "schedule: %zu milestones; give at most %d", out->milestone_count,
                              MOCO_MAX_MILESTONES);
    }
    return MOCO_OK;
}

/* Counts how often the rate has fallen. Positions are quotients of whole numbers, which rounding must not put below the
 * step that they mean. */
static double decays_until(const moco_schedule *s, double epoch)
{
    const double tolerance = 1e-9;
    return floor(epoch / (s->decay_epochs > 0 ? s->decay_epochs : 1) + tolerance);
}

double moco_schedule_lr(const moco_schedule *schedule, double epoch)
{
    moco_schedule s;
    if (read_schedule(&s, schedule) != MOCO_OK) {
        return NAN;
    }
    if (epoch < s.warmup_epochs) {
        return s.lr * epoch / s.warmup_epochs;
    }
    const double at = s.per_step ? epoch : floor(epoch);
    double factor = NAN;
    switch (s.kind) {
    case MOCO_SCHEDULE_CONSTANT:
        factor = 1;
        break;
    case MOCO_SCHEDULE_STEPS:
        factor = 1;
        for (size_t i = 0; i < s.milestone_count && at >= s.milestones[i]; ++i) {
            factor *= 0.1;
        }
        break;
    case MOCO_SCHEDULE_COSINE: {
        const double progress = (at - s.warmup_epochs) / (s.epochs - s.warmup_epochs);
        factor = (1 + cos(M_PI * fmin(fmax(progress, 0), 1))) / 2;
        break;
    }
    case MOCO_SCHEDULE_EXPONENTIAL:
        factor = pow(s.decay > 0 ? s.decay : 0.9, decays_until(&s, epoch));
        break;
    }
    return s.lr * factor;
}
