/* Records what the data of a run are, and finds out whether they have changed since a checkpoint. */
#include "train/run_identity_internal.h"

#include "base/comm_internal.h"
#include "base/files_place_internal.h"
#include "base/text_internal.h"
#include "config/config_stored_internal.h"
#include "dataset/dataset_pair_internal.h"
#include "method/model_internal.h"
#include "train/run_due_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 32 };

/* What a checkpoint notes of a set of images. */
typedef struct identity_keys {
    const char *images, *classes, *fingerprint;
} identity_keys;

static const identity_keys of_training = { MOCO__NOTE_IMAGES, MOCO__NOTE_CLASSES, MOCO__NOTE_DATA "fingerprint" };
static const identity_keys of_monitor = { MOCO__NOTE_DATA "val_images", MOCO__NOTE_DATA "val_classes",
                                          MOCO__NOTE_DATA "val_fingerprint" };

/* An application's images have no fingerprint. */
typedef struct identity {
    char images[TEXT_SIZE], classes[TEXT_SIZE], fingerprint[TEXT_SIZE];
} identity;

static identity describe(const moco_dataset *images, bool is_opened, uint64_t fingerprint)
{
    identity is;
    (void)snprintf(is.images, sizeof is.images, "%zu", moco_dataset_count(images));
    (void)snprintf(is.classes, sizeof is.classes, "%zu", moco_dataset_class_count(images));
    is.fingerprint[0] = '\0';
    if (is_opened) {
        (void)snprintf(is.fingerprint, sizeof is.fingerprint, "%016" PRIx64, fingerprint);
    }
    return is;
}

static identity describe_training(const moco__run_setup *setup)
{
    return describe(setup->images, setup->opened[0] != NULL, setup->fingerprint);
}

static identity describe_monitor(const moco__run_setup *setup)
{
    return describe(setup->val_images, setup->opened[1] != NULL, setup->val_fingerprint);
}

static bool differs(const moco__notes *notes, const char *key, const char *is)
{
    const char *was = moco__notes_get(notes, key);
    return was != NULL && strcmp(was, is) != 0;
}

/* A value that the checkpoint lacks does not count as different. */
static bool is_other(const moco__notes *notes, const identity_keys *keys, const identity *is)
{
    return differs(notes, keys->images, is->images) || differs(notes, keys->classes, is->classes) ||
           differs(notes, keys->fingerprint, is->fingerprint);
}

static moco_status note(moco__notes *notes, const identity_keys *keys, const identity *is)
{
    MOCO_TRY(moco__notes_set(notes, keys->images, is != NULL ? is->images : NULL));
    MOCO_TRY(moco__notes_set(notes, keys->classes, is != NULL ? is->classes : NULL));
    const bool is_known = is != NULL && is->fingerprint[0] != '\0';
    return moco__notes_set(notes, keys->fingerprint, is_known ? is->fingerprint : NULL);
}

static moco_status refuse_bank(const char *checkpoint)
{
    return moco_error_set(MOCO_EINVALID,
                          "%s: the images are not those of the run, and its memory bank holds a feature of each of "
                          "the old ones, so that the run cannot continue on others; start a new one",
                          checkpoint);
}

static moco_status refuse(const moco__run *run, const char *checkpoint, const identity *is)
{
    const moco__notes *notes = &run->setup.model->notes;
    const char *images = moco__notes_get(notes, MOCO__NOTE_IMAGES);
    const char *classes = moco__notes_get(notes, MOCO__NOTE_CLASSES);
    return moco_error_set(MOCO_EINVALID,
                          "%s: the run was trained on other data: %s images of %s classes, and %s has %s of %s, or "
                          "other names, labels or sizes; give it the old images, or continue on these by data_changed, "
                          "which begins its epoch anew",
                          checkpoint, images != NULL ? images : "?", classes != NULL ? classes : "?",
                          moco__dataset_place(run->setup.images), is->images, is->classes);
}

/* Remembers what the monitor's images were if they have changed: a run goes on with others, but its accuracies are of
 * other images then. */
static void compare_monitor(moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    const moco__notes *notes = &setup->model->notes;
    const char *images = moco__notes_get(notes, of_monitor.images);
    const char *classes = moco__notes_get(notes, of_monitor.classes);
    bool changed = images != NULL && setup->val_images == NULL && moco__run_wants_tests(&setup->config);
    if (setup->val_images != NULL) {
        const identity is = describe_monitor(setup);
        changed = is_other(notes, &of_monitor, &is);
    }
    if (changed) {
        (void)snprintf(run->origin.monitor, sizeof run->origin.monitor, "%s images of %s classes",
                       images != NULL ? images : "?", classes != NULL ? classes : "?");
    }
}

moco_status moco__run_check_bank(const moco__run_setup *setup, const char *checkpoint)
{
    moco__safetensors *file = NULL;
    if (moco_model_bank(setup->model) == NULL) {
        return MOCO_OK;
    }
    const identity is = describe_training(setup);
    MOCO_TRY(moco__stored_open(&file, checkpoint));
    const char *was = moco__safetensors_metadata(file, MOCO__NOTE_IMAGES);
    const bool fits = was == NULL || strcmp(was, is.images) == 0;
    moco__safetensors_free(file);
    return fits ? MOCO_OK : refuse_bank(checkpoint);
}

moco_status moco__run_check_identity(moco__run *run, const char *checkpoint)
{
    moco__run_setup *setup = &run->setup;
    const moco__notes *notes = &setup->model->notes;
    const identity is = describe_training(setup);
    int64_t changed = 0;
    if (moco__run_is_writer(setup)) {
        compare_monitor(run);
        run->origin.is_known = moco__notes_get(notes, MOCO__NOTE_IMAGES) != NULL;
        changed = is_other(notes, &of_training, &is) ? 1 : 0;
        if (changed != 0 && !run->options.data_changed && moco_model_bank(setup->model) == NULL) {
            return refuse(run, checkpoint, &is);
        }
        changed = changed != 0 || (!run->origin.is_known && run->options.data_changed) ? 1 : 0;
        if (changed != 0 && moco_model_bank(setup->model) != NULL) {
            return refuse_bank(checkpoint);
        }
    }
    MOCO_TRY(moco__comm_largest(&changed, setup->comm, changed));
    run->origin.data_changed = changed != 0;
    if (run->origin.data_changed) {
        run->state.position.batch = 0;
    }
    return MOCO_OK;
}

moco_status moco__run_check_length(const moco__run *run)
{
    const moco__run_setup *setup = &run->setup;
    if (!setup->resumes || !moco__run_is_writer(setup) || run->origin.is_known || run->origin.data_changed ||
        setup->shift == 0) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID,
                          "the run was trained on other data: its %llu steps are not %llu epochs and %llu steps of "
                          "%zu images; give it the old images, or continue on these by data_changed, which begins its "
                          "epoch anew",
                          (unsigned long long)run->state.position.step, (unsigned long long)run->state.position.epoch,
                          (unsigned long long)run->state.position.batch, moco_dataset_count(setup->images));
}

moco_status moco__run_note_identity(const moco__run_setup *setup)
{
    moco__notes *notes = &setup->model->notes;
    const identity is = describe_training(setup);
    MOCO_TRY(note(notes, &of_training, &is));
    if (setup->val_images == NULL) {
        return note(notes, &of_monitor, NULL);
    }
    const identity monitor = describe_monitor(setup);
    return note(notes, &of_monitor, &monitor);
}

/* ---- Where the folder of the run is ---- */

static moco_status refuse_place(const char *out, const char *where, const char *data, const char *why)
{
    return moco_error_set(MOCO_EINVALID, "%s: the folder of the run is %s the data %s; %s", out, where, data, why);
}

/* What the run reads: its plots would be images from the next start on. */
static moco_status check_images(const char *out, const moco_dataset *images)
{
    return images != NULL && moco__files_contain(moco__dataset_place(images), out)
               ? refuse_place(out, "in", moco__dataset_place(images),
                              "move it to another place, and continue it there by moco_resume()")
               : MOCO_OK;
}

static moco_status check_new(const char *out, const char *data)
{
    static const char choose[] = "choose a folder beside it (out), since the plots of a run would become images";
    if (data[0] == '\0') {
        return MOCO_OK;
    }
    if (moco__files_contain(data, out)) {
        return refuse_place(out, "in", data, choose);
    }
    return moco__files_contain(out, data) ? refuse_place(out, "around", data, choose) : MOCO_OK;
}

moco_status moco__run_check_places(const moco__run_setup *setup)
{
    const moco_config *config = &setup->config;
    if (!moco__run_is_writer(setup)) {
        return MOCO_OK;
    }
    if (setup->images == NULL) { /* nothing is open yet */
        MOCO_TRY(setup->given.images == NULL ? check_new(config->out, config->data) : MOCO_OK);
        return check_new(config->out, config->val_data);
    }
    MOCO_TRY(check_images(config->out, setup->images));
    return check_images(config->out, setup->val_images);
}
