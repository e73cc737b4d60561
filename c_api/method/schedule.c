/* Computes the learning rate over the training. */
#include "moco/schedule.h"

#include <math.h>

double moco_schedule_lr(const moco_schedule *schedule, double epoch)
{
    if (epoch < schedule->warmup_epochs) {
        return schedule->lr * epoch / schedule->warmup_epochs;
    }
    const double at = schedule->per_step ? epoch : floor(epoch);
    double factor = 1;
    switch (schedule->kind) {
    case MOCO_SCHEDULE_CONSTANT:
        break;
    case MOCO_SCHEDULE_STEPS:
        for (size_t i = 0; i < schedule->milestone_count && at >= schedule->milestones[i]; ++i) {
            factor *= 0.1;
        }
        break;
    case MOCO_SCHEDULE_COSINE: {
        const double progress = (at - schedule->warmup_epochs) / (schedule->epochs - schedule->warmup_epochs);
        factor = (1 + cos(M_PI * fmin(fmax(progress, 0), 1))) / 2;
        break;
    }
    }
    return schedule->lr * factor;
}

double moco_schedule_auto_lr(int64_t batch)
{
    return 0.03 * (double)batch / 256;
}
