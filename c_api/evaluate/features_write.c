/* Writes features to files: matrix and labels, and the names of the images. */
#include "base/bytes_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "evaluate/feature_set_internal.h"

#include "moco/embed.h"

#include <string.h>

static bool has_labels(const moco_features *features)
{
    for (size_t i = 0; i < features->count; ++i) {
        if (features->labels[i] >= 0) {
            return true;
        }
    }
    return false;
}

moco_status moco_features_write(const char *path, const moco_features *features, const moco_metadata *metadata,
                                size_t metadata_count)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(features);
    moco_tensor *labels;
    MOCO_TRY(moco_features_label_tensor(&labels, NULL, features));
    const moco_named_tensor tensors[] = { { "features", features->matrix }, { "labels", labels } };
    const moco_status status =
        moco_safetensors_write(path, tensors, has_labels(features) ? 2 : 1, metadata, metadata_count);
    moco_tensor_free(labels);
    return status;
}

/* Appends a name as one line. */
static moco_status append_line(moco__bytes *lines, const char *name)
{
    for (; *name != '\0'; ++name) {
        char escaped[8];
        const bool plain = (unsigned char)*name >= 0x20;
        (void)snprintf(escaped, sizeof escaped, "\\x%02X", (unsigned)(unsigned char)*name);
        MOCO_TRY(plain ? moco__bytes_append(lines, name, 1) : moco__bytes_append(lines, escaped, strlen(escaped)));
    }
    return moco__bytes_append(lines, "\n", 1);
}

moco_status moco_features_write_names(const char *path, const moco_features *features, const moco_dataset *dataset)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(features);
    MOCO_CHECK_ARG(dataset);
    char name[MOCO_PATH_MAX];
    moco__bytes lines = { 0 };
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < features->count && status == MOCO_OK; ++i) {
        moco_dataset_name(dataset, (size_t)features->indices[i], name, sizeof name);
        status = append_line(&lines, name);
    }
    if (status == MOCO_OK) {
        status = moco__file_write(path, lines.data, lines.size);
    }
    moco__bytes_free(&lines);
    return status;
}
