/* Finds the images of a run: at the paths of its configuration, or as the application gives them. */
#include "train/run_data_internal.h"

#include "base/files_internal.h"
#include "base/hash_internal.h"
#include "base/options_read_internal.h"
#include "base/text_internal.h"
#include "config/config_stored_internal.h"
#include "dataset/dataset_identity_internal.h"
#include "dataset/dataset_pair_internal.h"
#include "formats/command_source_internal.h"
#include "method/model_internal.h"
#include "train/run_due_internal.h"
#include "train/run_identity_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define APPLICATION "application"
#define KEY_SOURCE MOCO__NOTE_DATA "source"
#define KEY_ORDER MOCO__NOTE_DATA "order"
#define NAME_OF_CALLBACK "Callback("

/* ---- What the application gives ---- */

static moco_status take_order(moco__run_given *given, const moco_sampler_options *options)
{
    moco_sampler_options o;
    if (options == NULL) {
        return MOCO_OK;
    }
    MOCO__READ_OPTIONS(&o, options, MOCO_SAMPLER_OPTIONS_INIT);
    if (o.weights == NULL && o.order == NULL) {
        return moco_error_set(MOCO_EINVALID, "train: options->order has neither weights nor order; set one, or leave "
                                             "options->order NULL");
    }
    given->weights = o.weights;
    given->order = o.order;
    given->order_payload = o.payload;
    given->order_count = o.count;
    given->has_order = true;
    return MOCO_OK;
}

static moco_status take_policy(moco__run *run, bool is_new)
{
    moco__run_given *given = &run->setup.given;
    const moco_augment_policy *policy = run->options.policy;
    if (policy == NULL) {
        return MOCO_OK;
    }
    MOCO_TRY(moco_augment_check(policy));
    MOCO__READ_OPTIONS(&given->policy, policy, MOCO_AUGMENT_POLICY_INIT);
    if (!is_new) {
        return MOCO_OK;
    }
    run->setup.config.image_size = given->policy.size;
    return moco_augment_format(run->setup.config.policy, sizeof run->setup.config.policy, policy);
}

moco_status moco__run_take_given(moco__run *run, bool is_new)
{
    const moco_train_options *o = &run->options;
    moco__run_given *given = &run->setup.given;
    given->images = o->dataset;
    given->val_images = o->val_dataset;
    given->pipe_data = o->pipe_data;
    given->pipe_val_data = o->pipe_val_data;
    if (o->metadata == NULL && o->metadata_count > 0) {
        return moco_error_set(MOCO_EINVALID, "train: options->metadata is NULL, but its count is %zu",
                              o->metadata_count);
    }
    for (size_t i = 0; i < o->metadata_count; ++i) {
        if (o->metadata[i].key == NULL) {
            return moco_error_set(MOCO_EINVALID, "train: options->metadata[%zu].key is NULL", i);
        }
    }
    if (o->val_dataset != NULL && o->dataset == NULL) {
        return moco_error_set(MOCO_EINVALID,
                              "train: options->val_dataset needs options->dataset; give both, or use the "
                              "configuration's data and val_data");
    }
    if (o->dataset != NULL && (o->data != NULL || o->val_data != NULL)) {
        return moco_error_set(MOCO_EINVALID, "train: options->data and val_data are places of files, and "
                                             "options->dataset is given too; leave one of them NULL");
    }
    MOCO_TRY(take_order(given, o->order));
    return take_policy(run, is_new);
}

/* ---- Opening ---- */

const char *moco__run_data_name(const moco__run_setup *setup)
{
    return setup->given.images != NULL ? "the application's dataset" : setup->config.data;
}

/* A command in the settings is run only if the caller has given it too. */
static moco_status check_command(bool *trusted, const moco__run_setup *setup, int which, const char *path)
{
    const char *given = which == 0 ? setup->given.pipe_data : setup->given.pipe_val_data;
    const char *option = which == 0 ? "data" : "val-data";
    *trusted = moco__command_is(path) && given != NULL && strcmp(given, path) == 0;
    if (*trusted || !moco__command_is(path)) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID,
                          "%s is the command \"%s\"; commands are not taken from files, which others may have made. If "
                          "you trust it, give the same text again on the command line: moco resume RUN --%s '%s'",
                          option, path, option, path);
}

/* Says how a run continues whose images were moved, which may leave an empty folder. */
static moco_status say_where(const moco__run_setup *setup, int which, const char *path, moco_status status)
{
    char why[2 * MOCO_PATH_MAX];
    const bool is_gone = status == MOCO_ENOTFOUND || (status == MOCO_EFORMAT && moco__is_directory(path));
    if (!setup->resumes || !is_gone) {
        return status;
    }
    (void)snprintf(why, sizeof why, "%s", moco_error_message());
    return moco_error_set(status,
                          "%s; if the images were moved, continue by moco_resume() and give their new path by %s", why,
                          which == 0 ? "data" : "val-data");
}

static moco_status open_path(moco__run_setup *setup, int which, const char *path, const moco_dataset_options *options)
{
    moco_dataset_options o = *options;
    MOCO_TRY(check_command(&o.pipes, setup, which, path));
    const moco_status status = moco_dataset_open(&setup->opened[which], path, &o);
    if (status != MOCO_OK) {
        return say_where(setup, which, path, status);
    }
    *(which == 0 ? &setup->images : &setup->val_images) = setup->opened[which];
    return MOCO_OK;
}

/* Opens the images of the monitor: those given, the validation data, or else the other split of the training data if it
 * has one. `asked`: the settings name them. */
static moco_status find_val_data(moco__run_setup *setup, moco_dataset_options options, bool asked)
{
    const moco_config *config = &setup->config;
    options.split = MOCO_SPLIT_TEST;
    if (setup->given.val_images != NULL) {
        setup->val_images = setup->given.val_images;
        return MOCO_OK;
    }
    if (asked) {
        return open_path(setup, 1, config->val_data, &options);
    }
    const bool has_split = setup->given.images == NULL && moco_dataset_class_count(setup->images) > 0 &&
                           moco_dataset_has_split(config->data, &options);
    return has_split ? open_path(setup, 1, config->data, &options) : MOCO_OK;
}

/* Refuses images that the monitor cannot classify, before the training begins. A split without labels is only left
 * alone if nobody asked for it. */
static moco_status check_val_data(moco__run_setup *setup, bool asked)
{
    if (setup->val_images != NULL && !asked && moco_dataset_class_count(setup->val_images) == 0) {
        moco_log(MOCO_LOG_WARNING, "%s has no labels, so that no kNN monitor can test on it",
                 moco__dataset_place(setup->val_images));
        setup->val_images = NULL;
    }
    if (setup->val_images == NULL || moco_dataset_check_pair(setup->images, setup->val_images) == MOCO_OK) {
        return MOCO_OK;
    }
    char why[2 * MOCO_PATH_MAX];
    (void)snprintf(why, sizeof why, "%s", moco_error_message());
    return moco_error_set(MOCO_EINVALID, "the kNN monitor: %s; mend the data, give other val-data, or set knn-every 0",
                          why);
}

static moco_status open_val_data(moco__run_setup *setup, moco_dataset_options options)
{
    const bool asked = setup->given.val_images != NULL || setup->config.val_data[0] != '\0';
    if (!moco__run_wants_tests(&setup->config)) {
        return MOCO_OK;
    }
    if (setup->given.val_images != NULL && moco_dataset_class_count(setup->given.val_images) == 0) {
        return moco_error_set(MOCO_EINVALID, "train: options->val_dataset has no labels, which the kNN monitor needs; "
                                             "leave it NULL");
    }
    MOCO_TRY(find_val_data(setup, options, asked));
    setup->val_fingerprint = setup->opened[1] != NULL ? moco__dataset_fingerprint(setup->opened[1]) : 0;
    return check_val_data(setup, asked);
}

moco_status moco__run_open_data(moco__run_setup *setup)
{
    const moco_config *config = &setup->config;
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.format = config->format;
    options.skip_broken = config->skip_broken;
    options.keep = 3 * (size_t)config->shuffle_window;
    setup->images = setup->given.images;
    if (setup->images == NULL) {
        MOCO_TRY(open_path(setup, 0, config->data, &options));
        setup->fingerprint = moco__dataset_fingerprint(setup->images);
    }
    const size_t count = moco_dataset_count(setup->images);
    if (count < 2) {
        return moco_error_set(MOCO_EINVALID,
                              "%s has %zu image%s; a batch takes two or more, each with another as negative",
                              moco__run_data_name(setup), count, moco__plural(count));
    }
    if (count < (size_t)config->batch) {
        return moco_error_set(MOCO_EINVALID, "%s has %zu image%s, fewer than a batch of %lld; use batch %zu or less",
                              moco__run_data_name(setup), count, moco__plural(count), (long long)config->batch, count);
    }
    if (setup->given.order_count != 0 && setup->given.order_count != count) {
        return moco_error_set(MOCO_EINVALID, "train: options->order is for %zu images, but %s has %zu; give as many",
                              setup->given.order_count, moco__run_data_name(setup), count);
    }
    return open_val_data(setup, options);
}

/* ---- What checkpoints record ---- */

void moco__run_describe_order(char text[MOCO__ORDER_TEXT], const moco__run_setup *setup)
{
    const moco__run_given *given = &setup->given;
    text[0] = '\0';
    if (given->order != NULL) {
        (void)snprintf(text, MOCO__ORDER_TEXT, "callback");
    } else if (given->weights != NULL) {
        const size_t bytes = moco_dataset_count(setup->images) * sizeof *given->weights;
        (void)snprintf(text, MOCO__ORDER_TEXT, "weights %016" PRIx64,
                       moco__hash(MOCO__HASH_START, given->weights, bytes));
    }
}

static moco_status check_policy(const moco__run *run, const char *path)
{
    const char *was = run->setup.config.policy;
    char is[MOCO_AUGMENT_TEXT_MAX];
    if (run->options.policy == NULL) {
        return strstr(was, NAME_OF_CALLBACK) == NULL
                   ? MOCO_OK
                   : moco_error_set(MOCO_EINVALID,
                                    "%s: the run's augmentation has a callback, which no file can hold; "
                                    "give the policy again in options->policy",
                                    path);
    }
    MOCO_TRY(moco_augment_format(is, sizeof is, run->options.policy));
    if (strcmp(is, was) != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: the run has the augmentation \"%s\", not \"%s\"; give that one in "
                              "options->policy, or none",
                              path, was[0] != '\0' ? was : run->setup.config.augment, is);
    }
    return MOCO_OK;
}

/* Compares the dataset with the numbers in a checkpoint. */
static moco_status check_dataset(const moco__run_given *given, const moco__safetensors *file, const char *path,
                                 bool data_changed)
{
    uint64_t images = 0;
    uint64_t classes = 0;
    if (moco__safetensors_metadata(file, KEY_SOURCE) == NULL) {
        return given->images == NULL ? MOCO_OK
                                     : moco_error_set(MOCO_EINVALID,
                                                      "%s: the run reads its images from files; leave "
                                                      "options->dataset NULL",
                                                      path);
    }
    MOCO_TRY(moco__stored_number(&images, file, path, MOCO__NOTE_IMAGES));
    MOCO_TRY(moco__stored_number(&classes, file, path, MOCO__NOTE_CLASSES));
    if (given->images == NULL) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: the run was trained on an application's dataset of %" PRIu64 " images and %" PRIu64
                              " classes, which is not in its folder; only the application can continue it, with that "
                              "dataset in options->dataset",
                              path, images, classes);
    }
    const bool equal =
        moco_dataset_count(given->images) == images && moco_dataset_class_count(given->images) == classes;
    if (!equal && !data_changed) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: the run was trained on %" PRIu64 " images of %" PRIu64
                              " classes, but options->dataset has %zu of %zu; give the same dataset, or set "
                              "options->data_changed",
                              path, images, classes, moco_dataset_count(given->images),
                              moco_dataset_class_count(given->images));
    }
    return MOCO_OK;
}

moco_status moco__run_check_given(const moco__run *run, const char *checkpoint)
{
    moco__safetensors *file;
    MOCO_TRY(moco__stored_open(&file, checkpoint));
    const moco_status status = check_dataset(&run->setup.given, file, checkpoint, run->options.data_changed);
    moco__safetensors_free(file);
    return status == MOCO_OK ? check_policy(run, checkpoint) : status;
}

moco_status moco__run_check_order(const moco__run *run, const char *path)
{
    const char *was = moco__notes_get(&run->setup.model->notes, KEY_ORDER);
    char is[MOCO__ORDER_TEXT];
    moco__run_describe_order(is, &run->setup);
    if (!moco__run_is_writer(&run->setup) || strcmp(is, was != NULL ? was : "") == 0) {
        return MOCO_OK;
    }
    if (was == NULL) {
        return moco_error_set(MOCO_EINVALID, "%s: the run shuffles its images; leave options->order NULL", path);
    }
    return moco_error_set(MOCO_EINVALID,
                          "%s: the run takes its images in an order by %s; give the same%s again in "
                          "options->order",
                          path, strcmp(was, "callback") == 0 ? "a callback" : "weights",
                          is[0] != '\0' ? ", not another one," : "");
}

moco_status moco__run_note_given(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    moco_model *model = setup->model;
    char order[MOCO__ORDER_TEXT];
    if (setup->given.images != NULL) {
        MOCO_TRY(moco__notes_set(&model->notes, KEY_SOURCE, APPLICATION));
    }
    MOCO_TRY(moco__run_note_identity(setup));
    if (setup->given.has_order) {
        moco__run_describe_order(order, setup);
        MOCO_TRY(moco__notes_set(&model->notes, KEY_ORDER, order));
    }
    for (size_t i = 0; i < run->options.metadata_count; ++i) {
        const moco_metadata *row = &run->options.metadata[i];
        MOCO_TRY(moco_model_set_metadata(model, row->key, row->value));
    }
    return MOCO_OK;
}
