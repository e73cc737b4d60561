/* Applies policies to images, with the random draws of torchvision. */
#include "loader/augment_internal.h"

#include "base/callback_internal.h"
#include "base/handle_internal.h"
#include "base/image_internal.h"
#include "loader/augment_policy_internal.h"
#include "loader/stages_internal.h"

#include <math.h>

/* Rounds as in Python: ties to even. */
static int32_t round_even(double value)
{
    return (int32_t)nearbyint(value);
}

/* Returns the largest box of an allowed ratio in the middle, for images that are too long for ten tries. */
static moco_box central_crop(int32_t width, int32_t height, const double ratio[2])
{
    const double in_ratio = (double)width / (double)height;
    moco_box box = { 0, 0, height, width };
    if (in_ratio < ratio[0]) {
        box.height = round_even(width / ratio[0]);
    } else if (in_ratio > ratio[1]) {
        box.width = round_even(height * ratio[1]);
    }
    /* A box has at least one pixel. */
    box.height = box.height < 1 ? 1 : box.height;
    box.width = box.width < 1 ? 1 : box.width;
    box.top = (height - box.height) / 2;
    box.left = (width - box.width) / 2;
    return box;
}

moco_box moco__random_crop(moco__rng *rng, int32_t width, int32_t height, const double scale[2], const double ratio[2])
{
    const double area = (double)width * (double)height;
    const double log_low = log(ratio[0]);
    const double log_high = log(ratio[1]);
    for (int i = 0; i < 10; ++i) {
        const double target = area * moco__rng_uniform(rng, scale[0], scale[1]);
        const double aspect = exp(moco__rng_uniform(rng, log_low, log_high));
        const double w = nearbyint(sqrt(target * aspect));
        const double h = nearbyint(sqrt(target / aspect));
        if (w > 0 && w <= width && h > 0 && h <= height) {
            moco_box box = { 0, 0, (int32_t)h, (int32_t)w };
            box.top = (int32_t)moco__rng_below(rng, (uint64_t)(height - box.height) + 1);
            box.left = (int32_t)moco__rng_below(rng, (uint64_t)(width - box.width) + 1);
            return box;
        }
    }
    return central_crop(width, height, ratio);
}

/* ---- Operations that make another image ---- */

/* Resize(int): the short side becomes `side`; the long one stays in proportion, rounded down. */
static moco_status resize(moco_image *out, const moco_image *in, int32_t side)
{
    const int32_t width = moco_image_width(in);
    const int32_t height = moco_image_height(in);
    const int32_t low = width <= height ? width : height;
    const int32_t high = width <= height ? height : width;
    const double along = (double)side * (double)high / (double)low;
    if (along * (double)side > INT32_MAX / 3.0) {
        return moco_error_set(
            MOCO_EINVALID,
            "augment: resizing the short side of %d x %d pixels to %d makes the image too long; leave "
            "it out of the dataset",
            width, height, side);
    }
    const int32_t other = (int32_t)along;
    return moco_image_resized_crop(out, in, (moco_box){ 0, 0, height, width }, width <= height ? other : side,
                                   width <= height ? side : other);
}

/* Returns the shift by which CenterCrop places an image of `from` pixels on a canvas of `to`. */
static int32_t center_shift(int32_t from, int32_t to)
{
    return from < to ? (to - from) / 2 : -round_even((from - to) / 2.0);
}

/* CenterCrop: a smaller image is padded with black. */
static moco_status center_crop(moco_image *out, const moco_image *in, int32_t size)
{
    const int32_t width = moco_image_width(in);
    const int32_t height = moco_image_height(in);
    const int32_t x = center_shift(width, size);
    const int32_t y = center_shift(height, size);
    if (width >= size && height >= size) {
        return moco_image_crop(out, in, (moco_box){ -y, -x, size, size });
    }
    MOCO_TRY(moco_image_bands(in) != NULL ? moco__image_fill_bands(out, size, size, moco_image_channels(in), 0)
                                          : moco_image_fill(out, size, size, 0));
    return moco_image_paste(out, in, x, y, 1);
}

static bool makes_image(moco_augment_kind kind)
{
    return kind == MOCO_RANDOM_RESIZED_CROP || kind == MOCO_RESIZE || kind == MOCO_CENTER_CROP;
}

/* Whether a geometric operation would return the same image, and can be skipped. */
static bool is_identity(const moco_augment_op *op, const moco_image *in, int32_t size)
{
    const int32_t width = moco_image_width(in);
    const int32_t height = moco_image_height(in);
    if (op->kind == MOCO_RESIZE) {
        return (width <= height ? width : height) == size;
    }
    return op->kind == MOCO_CENTER_CROP && width == size && height == size;
}

static moco_status transform(moco_image *out, const moco_image *in, const moco_augment_op *op, int32_t size,
                             moco__rng *rng)
{
    if (op->kind == MOCO_RESIZE) {
        return resize(out, in, size);
    }
    if (op->kind == MOCO_CENTER_CROP) {
        return center_crop(out, in, size);
    }
    const moco_box box =
        moco__random_crop(rng, moco_image_width(in), moco_image_height(in), op->parameter, op->parameter + 2);
    return moco_image_resized_crop(out, in, box, size, size);
}

/* ---- Operations in place ---- */

/* ColorJitter: the four adjustments in random order; those with parameter 0 are skipped. */
static moco_status color_jitter(moco_image *image, const double parameter[4], moco__rng *rng)
{
    uint64_t order[4] = { 0, 1, 2, 3 };
    double factor[4];
    for (uint64_t i = 4; i > 1; --i) {
        const uint64_t j = moco__rng_below(rng, i);
        const uint64_t kept = order[j];
        order[j] = order[i - 1];
        order[i - 1] = kept;
    }
    for (size_t i = 0; i < 4; ++i) {
        const double x = parameter[i];
        factor[i] = i < 3 ? moco__rng_uniform(rng, fmax(0.0, 1.0 - x), 1.0 + x) : moco__rng_uniform(rng, -x, x);
    }
    for (size_t i = 0; i < 4; ++i) {
        if (parameter[order[i]] > 0) {
            MOCO_TRY(moco_image_adjust(image, (moco_adjustment)order[i], factor[order[i]]));
            moco__stage_end(order[i] == MOCO_HUE ? MOCO_STAGE_HUE : MOCO_STAGE_COLOR);
        }
    }
    return MOCO_OK;
}

static moco_status call_back(moco_image *image, const moco_augment_op *op, const moco_augment_policy *policy,
                             moco__rng *rng)
{
    double random[4];
    for (size_t i = 0; i < 4; ++i) {
        random[i] = moco__rng_double(rng);
    }
    moco__callback_begin();
    MOCO_TRY(moco__callback_end(policy->callback(image, op->parameter, random, policy->payload),
                                "augment: the policy's callback failed"));
    return moco_image_width(image) > 0 && moco_image_height(image) > 0
               ? MOCO_OK
               : moco_error_set(MOCO_EINVALID, "augment: the policy's callback left the image empty; set its pixels");
}

static moco_status change(moco_image *image, const moco_augment_op *op, const moco_augment_policy *policy,
                          moco__rng *rng)
{
    switch (op->kind) {
    case MOCO_COLOR_JITTER:
        return color_jitter(image, op->parameter, rng);
    case MOCO_RANDOM_GRAYSCALE:
        return moco_image_grayscale(image);
    case MOCO_GAUSSIAN_BLUR:
        return moco_image_gaussian_blur(image, moco__rng_uniform(rng, op->parameter[0], op->parameter[1]));
    case MOCO_RANDOM_HFLIP:
        return moco_image_hflip(image);
    case MOCO_AUGMENT_CALLBACK:
        return call_back(image, op, policy, rng);
    case MOCO_RANDOM_RESIZED_CROP:
    case MOCO_RESIZE:
    case MOCO_CENTER_CROP:
        break;
    }
    return moco_error_set(MOCO_EINTERNAL, "augment: operation kind %d is not one in place", (int)op->kind);
}

/* Returns the stage to which the time of an operation is counted. */
static moco_stage stage_of(moco_augment_kind kind)
{
    switch (kind) {
    case MOCO_COLOR_JITTER:
    case MOCO_AUGMENT_CALLBACK:
        return MOCO_STAGE_COLOR;
    case MOCO_RANDOM_GRAYSCALE:
        return MOCO_STAGE_GRAYSCALE;
    case MOCO_GAUSSIAN_BLUR:
        return MOCO_STAGE_BLUR;
    case MOCO_RANDOM_HFLIP:
        return MOCO_STAGE_STORE;
    case MOCO_RANDOM_RESIZED_CROP:
    case MOCO_RESIZE:
    case MOCO_CENTER_CROP:
        break;
    }
    return MOCO_STAGE_RESIZE;
}

/* ---- The policy ---- */

static moco_status copy(moco_image *out, const moco_image *in)
{
    if (moco_image_bands(in) != NULL) {
        return moco_image_crop(out, in, (moco_box){ 0, 0, moco_image_height(in), moco_image_width(in) });
    }
    return moco_image_set(out, MOCO_FRAME_RGB, moco_image_width(in), moco_image_height(in), 0, moco_image_pixels(in));
}

/* `current` is the source at first, then image or scratch; a crop writes to the other one. */
static moco_status run_ops(const moco_image **current, moco_image *image, moco_image *scratch, const moco_image *source,
                           const moco_augment_policy *policy, moco__rng *rng)
{
    *current = source;
    for (size_t i = 0; i < policy->count; ++i) {
        const moco_augment_op *op = &policy->ops[i];
        if (moco__rng_double(rng) >= op->probability) {
            continue;
        }
        const int32_t size = op->kind == MOCO_RESIZE && op->parameter[0] > 0 ? (int32_t)op->parameter[0] : policy->size;
        if (makes_image(op->kind)) {
            moco_image *target = *current == image ? scratch : image;
            if (!is_identity(op, *current, size)) {
                MOCO_TRY(transform(target, *current, op, size, rng));
                *current = target;
                moco__stage_end(MOCO_STAGE_RESIZE);
            }
            continue;
        }
        if (*current == source) {
            MOCO_TRY(copy(image, source));
            *current = image;
        }
        MOCO_TRY(change(*current == image ? image : scratch, op, policy, rng));
        moco__stage_end(stage_of(op->kind));
    }
    return MOCO_OK;
}

moco_box moco__augment_reads(const moco_augment_policy *policy, moco_augment_key key, int32_t width, int32_t height)
{
    moco__rng rng;
    moco__rng_start_view(&rng, key.seed, key.epoch, key.index, key.view);
    for (size_t i = 0; i < policy->count; ++i) {
        const moco_augment_op *op = &policy->ops[i];
        if (moco__rng_double(&rng) < op->probability) {
            if (op->kind == MOCO_RANDOM_RESIZED_CROP) {
                return moco__random_crop(&rng, width, height, op->parameter, op->parameter + 2);
            }
            break;
        }
    }
    return (moco_box){ 0, 0, height, width };
}

moco_status moco__augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                                const moco_augment_policy *policy, moco_augment_key key)
{
    const moco_image *current;
    moco__rng rng;
    moco__rng_start_view(&rng, key.seed, key.epoch, key.index, key.view);
    MOCO_TRY(run_ops(&current, image, scratch, source, policy, &rng));
    if (moco_image_width(current) != policy->size || moco_image_height(current) != policy->size) {
        return moco_error_set(MOCO_EINVALID,
                              "augment: the policy makes an image of %d x %d pixels instead of %d x %d; give it a "
                              "random resized crop or a center crop of probability 1",
                              moco_image_width(current), moco_image_height(current), policy->size, policy->size);
    }
    return current != image ? copy(image, current) : MOCO_OK;
}

moco_status moco_augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                               const moco_augment_policy *policy, moco_augment_key key)
{
    moco_augment_policy known;
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(scratch);
    MOCO_CHECK_ARG(source);
    MOCO_TRY(moco__augment_policy_read(&known, policy));
    if (image == scratch || image == source || scratch == source) {
        return moco_error_set(MOCO_EINVALID, "augment: image, scratch and source must be three different images");
    }
    if (moco_image_width(source) < 1 || moco_image_height(source) < 1) {
        return moco_error_set(MOCO_EINVALID, "augment: the source image is empty; read or set it first");
    }
    if (key.epoch > MOCO__RNG_MAX_EPOCH || key.index > MOCO__RNG_MAX_INDEX || key.view > MOCO__RNG_MAX_VIEW) {
        return moco_error_set(MOCO_EINVALID, "augment: epoch %llu and index %llu must be below 2^48, view %u below 256",
                              (unsigned long long)key.epoch, (unsigned long long)key.index, key.view);
    }
    return moco__augment_apply(image, scratch, source, &known, key);
}
