/* Chooses among learning rates of linear classifiers on a part of the training images that is held out. */
#include "evaluate/linear_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "evaluate/feature_rows_internal.h"
#include "evaluate/feature_set_internal.h"
#include "evaluate/hold_out_internal.h"

/* Returns the rate whose last epoch is the best; rates that diverged do not count. */
static size_t best_of(const moco_linear_result *result)
{
    size_t best = 0;
    for (size_t i = 1; i < result->rate_count; ++i) {
        const moco_linear_outcome *o = &result->outcomes[i];
        const moco_linear_outcome *before = &result->outcomes[best];
        if (!o->diverged && (before->diverged || o->last.acc1 > before->last.acc1)) {
            best = i;
        }
    }
    return best;
}

static moco_status choose_rows(moco_linear_choice *out, moco_linear *linear, const moco_features *features,
                               const moco__hold_out *parts, const moco_linear_train_options *options)
{
    moco_features *held;
    MOCO_TRY(moco__features_take(&held, features, parts->held, parts->held_count));
    const moco_status status =
        moco__linear_train_rows(&out->held_out, linear, features, parts->learnt, parts->learnt_count, held, options);
    moco_features_free(held);
    out->learnt = parts->learnt_count;
    out->held_images = parts->held_count;
    return status;
}

moco_status moco_linear_choose_cached(moco_linear_choice *out, const moco_linear_options *heads,
                                      const moco_features *features, const moco_linear_train_options *options)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(heads);
    MOCO_CHECK_ARG(features);
    moco_linear_train_options how;
    moco_linear *linear = NULL;
    moco__hold_out parts = { NULL, 0, NULL, 0 };
    moco_linear_choice choice = { .best = 0 };
    moco_status status;
    MOCO__READ_OPTIONS(&how, options, MOCO_LINEAR_TRAIN_OPTIONS_INIT);
    MOCO_TRY_GOTO(moco__hold_out_create(&parts, features->labels, features->count, how.seed));
    MOCO_TRY_GOTO(moco_linear_create(&linear, heads));
    MOCO_TRY_GOTO(choose_rows(&choice, linear, features, &parts, &how));
    choice.best = best_of(&choice.held_out);
    *out = choice;
done:
    moco_linear_free(linear);
    moco__hold_out_free(&parts);
    return status;
}

/* What the choice on images works with. */
typedef struct parts_of_images {
    moco_dataset *learnt, *held;
    moco_features *features; /* of those held out */
    moco_linear *linear;
} parts_of_images;

static moco_status choose_images(moco_linear_choice *out, parts_of_images *p, const moco_linear_options *heads,
                                 moco_linear_images images, moco_features_options tests,
                                 const moco_linear_train_options *options)
{
    MOCO_TRY(moco__hold_out_datasets(&p->learnt, &p->held, images.dataset, options->seed));
    tests.kind = MOCO_FEATURE_POOLED;
    tests.raw = true;
    MOCO_TRY(moco_features_extract(&p->features, p->held, images.encoder, &tests));
    MOCO_TRY(moco_linear_create(&p->linear, heads));
    images.dataset = p->learnt;
    MOCO_TRY(moco_linear_train_images(&out->held_out, p->linear, &images, p->features, options));
    out->best = best_of(&out->held_out);
    out->learnt = moco_dataset_count(p->learnt);
    out->held_images = moco_dataset_count(p->held);
    return MOCO_OK;
}

moco_status moco_linear_choose_images(moco_linear_choice *out, const moco_linear_options *heads,
                                      const moco_linear_images *images, const moco_features_options *tests,
                                      const moco_linear_train_options *options)
{
    moco_linear_train_options how;
    moco_features_options view;
    moco_linear_images from;
    parts_of_images parts = { .linear = NULL };
    moco_linear_choice choice = { .best = 0 };
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(heads);
    MOCO_CHECK_ARG(images);
    MOCO__READ_OPTIONS(&from, images, MOCO_LINEAR_IMAGES_INIT);
    MOCO__READ_OPTIONS(&view, tests, MOCO_FEATURES_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&how, options, MOCO_LINEAR_TRAIN_OPTIONS_INIT);
    MOCO_TRY(moco__linear_check_images(&from));
    const moco_status status = choose_images(&choice, &parts, heads, from, view, &how);
    moco_linear_free(parts.linear);
    moco_features_free(parts.features);
    moco_dataset_free(parts.held);
    moco_dataset_free(parts.learnt);
    if (status == MOCO_OK) {
        *out = choice;
    }
    return status;
}
