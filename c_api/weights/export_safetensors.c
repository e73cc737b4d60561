/* Writes a .safetensors file with metadata that describe the network. */
#include "weights/export_safetensors_internal.h"

#include "base/handle_internal.h"

#include "moco/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 20, TEXT_SIZE = 512 }; /* TEXT_SIZE: bytes */

typedef struct metadata {
    moco_metadata rows[ROWS_MAX];
    char texts[ROWS_MAX][TEXT_SIZE];
    size_t count;
    char policy[MOCO_AUGMENT_TEXT_MAX]; /* longer than the texts */
    char normalize[MOCO_NORMALIZE_TEXT_MAX];
} metadata;

/* Adds a text, unless it is NULL. ROWS_MAX is more than describe() adds. */
static moco_status note(metadata *m, const char *key, const char *value)
{
    if (value == NULL) {
        return MOCO_OK;
    }
    if (strlen(value) >= TEXT_SIZE) {
        return moco_error_set(MOCO_EINVALID, "export: the %s \"%.32s...\" has %zu bytes; it may have %d", key, value,
                              strlen(value), TEXT_SIZE - 1);
    }
    memcpy(m->texts[m->count], value, strlen(value) + 1);
    m->rows[m->count] = (moco_metadata){ key, m->texts[m->count] };
    m->count += 1;
    return MOCO_OK;
}

/* Other files are as they were before there were other channels, and another normalisation. */
static moco_status describe_channels(metadata *m, const moco_config *config)
{
    char text[32];
    if (config->channels != 3) {
        (void)snprintf(text, sizeof text, "%" PRId64, config->channels);
        MOCO_TRY(note(m, "channels", text));
    }
    if (config->normalize[0] != '\0') {
        memcpy(m->normalize, config->normalize, sizeof m->normalize);
        m->rows[m->count++] = (moco_metadata){ "normalize", m->normalize };
    }
    return MOCO_OK;
}

static moco_status describe(metadata *m, const moco__export *job)
{
    char text[TEXT_SIZE];
    moco_config config;
    moco_config_init(&config, sizeof config);
    const moco_network *network = &job->network;
    MOCO_TRY(moco_weights_config(&config, job->weights));
    MOCO_TRY(note(m, "format", "pt")); /* required by the loaders of Hugging Face */
    (void)snprintf(text, sizeof text, "moco %s", moco_version());
    MOCO_TRY(note(m, "generator", text));
    MOCO_TRY(note(m, "arch", network->arch));
    MOCO_TRY(note(m, "architecture", network->arch)); /* the key of timm */
    (void)snprintf(text, sizeof text, "%" PRId64, job->options.features_only ? INT64_C(0) : network->dim);
    MOCO_TRY(note(m, "dim", text));
    MOCO_TRY(note(m, "mlp", network->mlp ? "true" : "false"));
    MOCO_TRY(note(m, "cifar_stem", network->cifar_stem ? "true" : "false"));
    MOCO_TRY(note(m, "encoder", job->options.branch == MOCO_KEY ? "k" : "q"));
    MOCO_TRY(note(m, "augment", config.augment));
    if (config.policy[0] != '\0') {
        memcpy(m->policy, config.policy, sizeof m->policy);
        m->rows[m->count++] = (moco_metadata){ "policy", m->policy };
    }
    MOCO_TRY(describe_channels(m, &config));
    (void)snprintf(text, sizeof text, "%" PRId64, config.image_size);
    MOCO_TRY(note(m, "image_size", text));
    MOCO_TRY(note(m, "epoch", moco_weights_metadata(job->weights, "epoch")));
    MOCO_TRY(note(m, "step", moco_weights_metadata(job->weights, "step")));
    const char *name = strrchr(job->weights->path, '/');
    MOCO_TRY(note(m, "source", name != NULL ? name + 1 : job->weights->path));
    MOCO_TRY(note(m, "license", job->options.license));
    return MOCO_OK;
}

/* Makes tensors of the entries, for the writer. */
static moco_status make_tensors(moco_named_tensor *rows, moco_scope *scope, const moco__export *job)
{
    moco__bytes values = { NULL, 0, 0 };
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < job->count && status == MOCO_OK; ++i) {
        int64_t sizes[MOCO__PICKLE_MAX_DIMS];
        moco_tensor *tensor = NULL;
        moco__export_sizes(sizes, &job->tensors[i]);
        status = moco__export_read(&values, job, &job->tensors[i]);
        if (status == MOCO_OK) {
            status = moco_tensor_from_host(&tensor, scope, job->tensors[i].source->dtype, (moco_device){ MOCO_CPU, 0 },
                                           sizes, job->tensors[i].source->ndim, values.data);
        }
        rows[i] = (moco_named_tensor){ job->tensors[i].name, tensor };
    }
    moco__bytes_free(&values);
    return status;
}

moco_status moco__export_safetensors(moco__export *job, const char *path)
{
    metadata *m = moco__calloc(1, sizeof *m);
    moco_named_tensor *rows = moco__calloc(job->count + 1, sizeof *rows);
    moco_scope *scope = NULL;
    moco_status status = MOCO_ENOMEM;
    if (m == NULL || rows == NULL) {
        goto done;
    }
    MOCO_TRY_GOTO(describe(m, job));
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(make_tensors(rows, scope, job));
    MOCO_TRY_GOTO(moco_safetensors_write(path, rows, job->count, m->rows, m->count));
done:
    moco_scope_free(scope);
    free(rows);
    free(m);
    return status;
}

const moco__exporter moco__exporter_safetensors = {
    .has_head = true,
    .for_any_shape = true,
    .write = moco__export_safetensors,
};
