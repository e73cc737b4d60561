/* Compares what must be equal on all ranks of a run: settings, data and version at its start, queue and weights later.
 */
#include "train/run_agreement_internal.h"

#include "base/bytes_internal.h"
#include "base/device_internal.h"
#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "config/config_fields_internal.h"
#include "ranks/peers_internal.h"
#include "train/run_changes_internal.h"
#include "train/run_data_internal.h"

#include "moco/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static moco_status add_line(moco__bytes *text, const char *format, ...) MOCO_PRINTF(2, 3);

/* Appends to a text, which stays NUL-terminated; the NUL does not count. */
static moco_status add_line(moco__bytes *text, const char *format, ...)
{
    const size_t used = text->size;
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MOCO_TRY(moco__bytes_resize(text, used + (size_t)length + 1));
    va_start(args, format);
    (void)vsnprintf((char *)text->data + used, (size_t)length + 1, format, args);
    va_end(args);
    text->size -= 1;
    return MOCO_OK;
}

/* Appends the options, one per line; with or without those that may differ from host to host. */
static moco_status write_config(moco__bytes *text, const moco_config *config, bool with_per_host)
{
    const moco_option *option;
    char value[MOCO_PATH_MAX];
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        if (with_per_host || !option->per_host) {
            MOCO_TRY(moco__config_get(config, option, value, sizeof value));
            MOCO_TRY(add_line(text, "%s: %s\n", option->name, value));
        }
    }
    return MOCO_OK;
}

static moco_status read_config(moco_config *config, char *text)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *value = strstr(line, ": ");
        if (value != NULL) {
            *value = '\0';
            MOCO_TRY(moco_config_set(config, line, value + 2));
        }
    }
    return MOCO_OK;
}

/* Gives all ranks rank 0's text. */
static moco_status share_text(moco__bytes *text, moco_peers *peers)
{
    char size[32];
    (void)snprintf(size, sizeof size, "%zu", text->size);
    MOCO_TRY(moco__peers_share(peers, size, sizeof size));
    MOCO_TRY(moco__bytes_resize(text, (size_t)strtoull(size, NULL, 10) + 1));
    return moco__peers_share(peers, (char *)text->data, text->size);
}

moco_status moco__run_share_config(moco__run_setup *setup)
{
    moco__bytes text = { 0 };
    moco_status status;
    if (setup->peers == NULL) {
        return MOCO_OK;
    }
    if (moco__run_is_writer(setup)) {
        MOCO_TRY_GOTO(write_config(&text, &setup->config, true));
    }
    MOCO_TRY_GOTO(share_text(&text, setup->peers));
    if (!moco__run_is_writer(setup)) {
        moco_config_init(&setup->config, sizeof setup->config);
        MOCO_TRY_GOTO(read_config(&setup->config, (char *)text.data));
    }
done:
    moco__bytes_free(&text);
    return status;
}

static moco_status describe(moco__bytes *text, const moco__run_setup *setup)
{
    MOCO_TRY(add_line(text, "libmoco: %s\nlibtorch: %s\n", moco_version(), moco_libtorch_version()));
    MOCO_TRY(add_line(text, "images: %zu\nclasses: %zu\n", moco_dataset_count(setup->images),
                      moco_dataset_class_count(setup->images)));
    MOCO_TRY(add_line(text, "images of the kNN monitor: %zu\n",
                      setup->val_images != NULL ? moco_dataset_count(setup->val_images) : (size_t)0));
    MOCO_TRY(add_line(text, "names, labels and sizes of images: %016llx\n", (unsigned long long)setup->fingerprint));
    MOCO_TRY(add_line(text, "names, labels and sizes of the kNN monitor's images: %016llx\n",
                      (unsigned long long)setup->val_fingerprint));
    char order[MOCO__ORDER_TEXT];
    moco__run_describe_order(order, setup);
    MOCO_TRY(add_line(text, "order: %s\n", order[0] != '\0' ? order : "drawn from the seed"));
    MOCO_TRY(add_line(text, "device: %s\n", moco__device_kind(setup->device.type)));
    return write_config(text, &setup->config, false);
}

moco_status moco__run_agree(const moco__run_setup *setup)
{
    moco__bytes text = { 0 };
    if (setup->peers == NULL) {
        return MOCO_OK;
    }
    moco_status status = describe(&text, setup);
    if (status == MOCO_OK) {
        status = moco_peers_agree(setup->peers, (const char *)text.data);
    }
    moco__bytes_free(&text);
    return status;
}

moco_status moco__run_same_settings(const moco_config *of_run, const moco_config *asked)
{
    const moco_option *option;
    char is[MOCO_PATH_MAX];
    char wanted[MOCO_PATH_MAX];
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        const bool is_measured = option->offset == offsetof(moco_config, normalize) && asked->normalize[0] == '\0';
        if (moco__run_may_change(option) || is_measured) {
            continue;
        }
        MOCO_TRY(moco__config_get(of_run, option, is, sizeof is));
        MOCO_TRY(moco__config_get(asked, option, wanted, sizeof wanted));
        if (strcmp(wanted, "auto") != 0 && strcmp(is, wanted) != 0) {
            return moco_error_set(
                MOCO_EINVALID,
                "%s holds a run with %s %s, not %s; continue it with its settings by moco_resume()%s, "
                "or choose another folder (out)",
                asked->out, option->name, is, wanted,
                strcmp(option->name, "epochs") == 0 ? ", which can lengthen it by epochs" : "");
        }
    }
    return MOCO_OK;
}

/* Adds a tensor's bits to a hash, in order. */
static moco_status add_to_checksum(uint64_t *sum, const moco_tensor *tensor)
{
    const size_t count = (size_t)moco_tensor_numel(tensor) * moco_dtype_size(moco_tensor_dtype(tensor));
    uint8_t *bytes = moco__calloc(count + 1, 1);
    if (bytes == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = moco_tensor_to_host(bytes, count, tensor);
    if (status == MOCO_OK) {
        *sum = moco__hash(*sum, bytes, count);
    }
    free(bytes);
    return status;
}

enum { PARTS = 4 };

static moco_status checksums(int64_t out[PARTS], const moco_model *model)
{
    uint64_t sums[PARTS] = { MOCO__HASH_START, MOCO__HASH_START, MOCO__HASH_START, MOCO__HASH_START };
    const moco_tensor *keys =
        moco_model_bank(model) != NULL ? moco_model_bank(model) : moco_queue_keys(moco_model_queue(model));
    const moco_tensor_list *lists[] = { moco_encoder_parameters(moco_model_query_encoder(model)),
                                        moco_encoder_parameters(moco_model_key_encoder(model)),
                                        moco_model_predictor(model) };
    MOCO_TRY(keys != NULL ? add_to_checksum(&sums[0], keys) : MOCO_OK);
    for (int p = 1; p < PARTS; ++p) {
        for (size_t i = 0; i < moco_tensor_list_count(lists[p - 1]); ++i) {
            MOCO_TRY(add_to_checksum(&sums[p], moco_tensor_list_get(lists[p - 1], i)));
        }
    }
    memcpy(out, sums, sizeof sums);
    return MOCO_OK;
}

static moco_status compare(const moco__run_setup *setup, const int64_t *all, uint64_t step)
{
    static const char *const names[PARTS] = { "the queue or bank", "the query encoder", "the key encoder",
                                              "the predictor" };
    for (int32_t r = 1; r < moco_comm_world(setup->comm); ++r) {
        for (int p = 0; p < PARTS; ++p) {
            if (all[r * PARTS + p] != all[p]) {
                return moco_error_set(
                    MOCO_EINTERNAL,
                    "step %llu: %s differs between rank %d (%s) and rank 0 (%s): memory or network is faulty, or the "
                    "ranks' processors compute differently; check the hosts, and resume from the last checkpoint, "
                    "which was written before that",
                    (unsigned long long)step, names[p], r, moco_peers_name(setup->peers, r),
                    moco_peers_name(setup->peers, 0));
            }
        }
    }
    return MOCO_OK;
}

moco_status moco__run_check_equal(const moco__run_setup *setup, uint64_t step)
{
    const int32_t world = moco_comm_world(setup->comm);
    if (world == 1) {
        return MOCO_OK;
    }
    moco_scope *scope = NULL;
    moco_tensor *mine, *gathered;
    int64_t sums[PARTS];
    const int64_t sizes[2] = { 1, PARTS };
    int64_t *all = moco__calloc((size_t)world * PARTS, sizeof *all);
    moco_status status = all != NULL ? MOCO_OK : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        MOCO_TRY_GOTO(moco_scope_create(&scope));
        MOCO_TRY_GOTO(checksums(sums, setup->model));
        MOCO_TRY_GOTO(moco_tensor_from_host(&mine, scope, MOCO_INT64, setup->device, sizes, 2, sums));
        MOCO_TRY_GOTO(moco_comm_all_gather(&gathered, scope, setup->comm, mine));
        MOCO_TRY_GOTO(moco_tensor_to_host(all, (size_t)world * PARTS * sizeof *all, gathered));
        MOCO_TRY_GOTO(compare(setup, all, step));
    }
done:
    moco_scope_free(scope);
    free(all);
    return status;
}
