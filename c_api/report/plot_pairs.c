/* Draws a sheet of original images, each beside its two augmented views. */
#include "moco/plot.h"

#include "base/handle_internal.h"
#include "config/config_read_internal.h"
#include "dataset/dataset_internal.h"
#include "report/plot_pairs_internal.h"
#include "report/sheet_internal.h"

#include "moco/augment.h"

enum { COLUMNS = 4, ROWS = 6, STEP = MOCO__TILE + MOCO__TILE_GAP };
enum { BLOCK = 3 * MOCO__TILE + 2 * MOCO__TILE_GAP + MOCO__SHEET_MARGIN };

/* What all pairs of a sheet share. */
typedef struct pairs {
    moco__sheet sheet;
    moco_augment_policy policy, key_policy; /* of the two views */
    const moco_config *config;
} pairs;

static moco_status put_view(pairs *p, size_t index, uint32_t view, double x, double y)
{
    const moco_augment_key key = { p->config->seed, 0, index, view };
    const moco_augment_policy *policy = view == 0 ? &p->policy : &p->key_policy;
    MOCO_TRY(moco_augment_apply(p->sheet.view, p->sheet.scratch, p->sheet.image, policy, key));
    return moco__sheet_tile(&p->sheet, p->sheet.view, x, y);
}

/* Reads an image; with skip_broken the next one that is not broken, whose index it gives. */
static moco_status read_image(const pairs *p, const moco_dataset *dataset, size_t *index)
{
    const size_t count = moco_dataset_count(dataset);
    moco_status status = moco_dataset_read(dataset, p->sheet.image, *index);
    for (size_t i = 1; i < count && p->config->skip_broken && moco__is_broken_image(status); ++i) {
        (void)moco__dataset_skip(dataset, *index, moco_error_message());
        *index = (*index + 1) % count;
        status = moco_dataset_read(dataset, p->sheet.image, *index);
    }
    return status;
}

/* A configuration names an application's operations, but does not have their functions. */
static void leave_out_callbacks(moco_augment_policy *policy)
{
    size_t kept = 0;
    for (size_t i = 0; i < policy->count; ++i) {
        if (policy->ops[i].kind != MOCO_AUGMENT_CALLBACK) {
            policy->ops[kept++] = policy->ops[i];
        }
    }
    policy->count = kept;
}

static moco_status draw(pairs *p, const char *path, const moco_dataset *dataset)
{
    const bool fast = p->config->augment_precision == MOCO_AUGMENT_FAST;
    MOCO_TRY(moco_config_policy(&p->policy, p->config, MOCO_POLICY_TRAIN));
    MOCO_TRY(moco_config_policy(&p->key_policy, p->config, MOCO_POLICY_TRAIN_KEY));
    leave_out_callbacks(&p->policy);
    leave_out_callbacks(&p->key_policy);
    MOCO_TRY(moco__sheet_create(&p->sheet));
    moco_image_set_channels(p->sheet.image, (int32_t)p->config->channels);
    moco_image_set_fast(p->sheet.view, fast);
    moco_image_set_fast(p->sheet.scratch, fast);
    MOCO_TRY(moco__sheet_open(&p->sheet, path, COLUMNS * BLOCK + MOCO__SHEET_MARGIN,
                              MOCO__SHEET_HEAD + ROWS * STEP + MOCO__SHEET_MARGIN - MOCO__TILE_GAP,
                              "Training images, each beside the two views that training compares (query, key)"));
    const size_t count = moco_dataset_count(dataset);
    const size_t wanted = (size_t)COLUMNS * ROWS;
    for (size_t i = 0; i < wanted && i < count; ++i) {
        size_t index = i * (count / wanted > 0 ? count / wanted : 1); /* spread over all classes */
        const double x = MOCO__SHEET_MARGIN + (double)(i % COLUMNS) * BLOCK;
        const size_t row = i / COLUMNS;
        const double y = MOCO__SHEET_HEAD + (double)row * STEP;
        MOCO_TRY(read_image(p, dataset, &index));
        MOCO_TRY(moco__sheet_tile(&p->sheet, p->sheet.image, x, y));
        MOCO_TRY(put_view(p, index, 0, x + STEP, y));
        MOCO_TRY(put_view(p, index, 1, x + 2 * STEP, y));
    }
    return moco__canvas_write(&p->sheet.canvas, path);
}

moco_status moco__plot_pairs(const char *path, const moco_dataset *dataset, const moco_config *config)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(config);
    moco_config c;
    MOCO_TRY(moco__config_read(&c, config));
    pairs p = { .policy = MOCO_AUGMENT_POLICY_INIT, .key_policy = MOCO_AUGMENT_POLICY_INIT, .config = &c };
    const moco_status status = draw(&p, path, dataset);
    moco__sheet_free(&p.sheet);
    return status;
}
