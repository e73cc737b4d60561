/* Choosing what to write and how; see moco/export.h. */
#include "weights/export_internal.h"

#include "base/handle_internal.h"
#include "weights/encoder_state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

moco_status moco__export_add(moco__export *job, const char *prefix, const char *name, const moco_weights_entry *source)
{
    MOCO_GROW(job->tensors, job->room, job->count, 1);
    moco__export_tensor *added = &job->tensors[job->count];
    const int length = snprintf(added->name, sizeof added->name, "%s%s", prefix, name);
    if (length < 0 || (size_t)length >= sizeof added->name) {
        return moco_error_set(MOCO_EFORMAT, "%s: the name of tensor %.40s... is too long", job->weights->path, name);
    }
    added->source = source;
    added->transposed = false;
    job->count += 1;
    return MOCO_OK;
}

void moco__export_sizes(int64_t sizes[MOCO__PICKLE_MAX_DIMS], const moco__export_tensor *tensor)
{
    for (size_t d = 0; d < tensor->source->ndim; ++d) {
        sizes[d] = tensor->source->sizes[tensor->transposed ? tensor->source->ndim - 1 - d : d];
    }
}

/* Turns a matrix of rows x columns elements. */
static void transpose(uint8_t *out, const uint8_t *in, size_t rows, size_t columns, size_t element)
{
    for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < columns; ++c) {
            memcpy(out + (c * rows + r) * element, in + (r * columns + c) * element, element);
        }
    }
}

moco_status moco__export_read(moco__bytes *out, const moco__export *job, const moco__export_tensor *tensor)
{
    const size_t bytes = tensor->source->bytes;
    MOCO_TRY(moco__bytes_resize(out, bytes > 0 ? bytes : 1));
    out->size = bytes;
    MOCO_TRY(moco_weights_read(out->data, bytes, job->weights, tensor->source->name));
    if (tensor->transposed) {
        uint8_t *turned = malloc(bytes > 0 ? bytes : 1);
        if (turned == NULL) {
            return moco_error_set(MOCO_ENOMEM, "out of memory for %zu bytes", bytes);
        }
        transpose(turned, out->data, (size_t)tensor->source->sizes[0], (size_t)tensor->source->sizes[1],
                  moco_dtype_size(tensor->source->dtype));
        memcpy(out->data, turned, bytes);
        free(turned);
    }
    return MOCO_OK;
}

/* The encoder's tensors under torchvision's names, in the file's order. */
static moco_status list_encoder(moco__export *job)
{
    const char *prefix = job->network.prefix;
    const moco_export_format format = job->options.format;
    const bool head = !job->options.features_only && !job->network.classifier && format != MOCO_EXPORT_TORCHVISION &&
                      format != MOCO_EXPORT_TIMM;
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(job->weights, i)) != NULL; ++i) {
        const char *name = entry->name + strlen(prefix);
        if (strncmp(entry->name, prefix, strlen(prefix)) == 0 && strncmp(entry->name, "optimizer.", 10) != 0 &&
            (head || !moco__is_head(name))) {
            MOCO_TRY(moco__export_add(job, "", name, entry));
        }
    }
    return MOCO_OK;
}

/* Where the other side has no network of that shape, the names are still right for one that is changed to it. */
static void warn_of_shape(const moco__export *job)
{
    static const char *const known[] = { "resnet18",  "resnet34",        "resnet50",       "resnet101",
                                         "resnet152", "resnext50_32x4d", "wide_resnet50_2" };
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        found = found || strcmp(job->network.arch, known[i]) == 0;
    }
    if (job->options.format != MOCO_EXPORT_SAFETENSORS && job->options.format != MOCO_EXPORT_REFERENCE &&
        (!found || job->network.cifar_stem)) {
        moco_log(MOCO_LOG_WARNING,
                 "%s%s is no network of torchvision, timm or Detectron2; the file is written, but only fits one that "
                 "is changed to the same shape",
                 job->network.arch, job->network.cifar_stem ? " with a 3x3 stem" : "");
    }
}

static moco_status write_file(moco__export *job, const char *path)
{
    MOCO_TRY(moco_weights_network(&job->network, job->weights, job->options.branch));
    MOCO_TRY(list_encoder(job));
    warn_of_shape(job);
    switch (job->options.format) {
    case MOCO_EXPORT_REFERENCE:
        return moco__export_reference(job, path);
    case MOCO_EXPORT_DETECTRON2:
        return moco__export_detectron2(job, path);
    case MOCO_EXPORT_SAFETENSORS:
        return moco__export_safetensors(job, path);
    case MOCO_EXPORT_TORCHVISION:
    case MOCO_EXPORT_TIMM:
        job->options.features_only = true;
        return moco__ends_with(path, ".safetensors") ? moco__export_safetensors(job, path)
                                                     : moco__export_state_dict(job, path);
    }
    return moco_error_set(MOCO_EINVALID, "export: format %d is none of moco_export_format", (int)job->options.format);
}

moco_status moco_export(const char *out, const char *source, const moco_export_options *options)
{
    const moco_export_options defaults = MOCO_EXPORT_OPTIONS_INIT;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(source);
    moco_weights *weights;
    MOCO_TRY(moco_weights_open(&weights, source));
    moco__export job = { .weights = weights, .options = options != NULL ? *options : defaults };
    const moco_status status = write_file(&job, out);
    free(job.tensors);
    moco_weights_free(weights);
    return status;
}
