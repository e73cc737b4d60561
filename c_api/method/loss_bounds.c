/* Computes what the loss is at best and by guessing. */
#include "method/loss_bounds_internal.h"

#include "method/infonce_internal.h"

#include <math.h>

/*
 * Returns how many older keys of its image a query meets on the mean in a queue that spans `epochs` epochs. The key of
 * an epoch ago is e - 1 + u + v epochs old, where u and v, the places of the image in two shuffled epochs, are uniform.
 */
static double older_keys(double epochs)
{
    const double whole = floor(epochs);
    const double rest = epochs - whole;
    const double second = whole >= 1 ? 1 - (1 - rest) * (1 - rest) / 2 + (whole - 1) : 0;
    return rest * rest / 2 + second;
}

static double own_of(const moco__loss_setting *s)
{
    const double images = (double)s->images;
    const double views = s->symmetric ? 2 : 1; /* that the queue takes of an image */
    if (s->images < 1) {
        return 0;
    }
    switch (s->mechanism) {
    case MOCO_MECHANISM_MOCO:
        return fmin(views * older_keys((double)s->queue_size / views / images), (double)s->queue_size);
    case MOCO_MECHANISM_MEMORY_BANK:
        return (double)s->queue_size / images;
    default:
        return 0;
    }
}

/* Returns the floor with a number of own features, which is the mean of those with the whole numbers beside it. */
static double floor_with(double own, double others, const moco__loss_setting *s)
{
    const double few = floor(own);
    const double share = own - few;
    const double rest = expm1(moco__infonce_floor(1, s->dim, s->temperature)); /* of one other negative */
    return (1 - share) * log1p(few + others * rest) + share * log1p(few + 1 + others * rest);
}

moco__loss_bounds moco__loss_bounds_of(const moco__loss_setting *s)
{
    const bool is_dictionary = s->mechanism == MOCO_MECHANISM_MOCO || s->mechanism == MOCO_MECHANISM_MEMORY_BANK;
    const int64_t negatives = is_dictionary ? s->queue_size : s->batch - 1;
    const double scale = s->mechanism == MOCO_MECHANISM_MOMENTUM_BATCH ? 2 * s->temperature : 1;
    const double losses = scale * (s->symmetric ? 2 : 1);
    const double own = own_of(s);
    return (moco__loss_bounds){ .negatives = (double)negatives,
                                .own = own,
                                .chance = losses * moco__infonce_chance(negatives),
                                .floor = losses * floor_with(own, (double)negatives - own, s) };
}
