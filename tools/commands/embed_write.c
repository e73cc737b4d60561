/*
 * Writes files of features: .npy with labels and names beside it, or .safetensors.
 */
#include "commands/embed_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
    const size_t text_length = strlen(text);
    const size_t end_length = strlen(end);
    return text_length > end_length && strcmp(text + text_length - end_length, end) == 0;
}

static moco_status find_kind(embed_kind *out, const char *path, const char *format)
{
    if (strcmp(format, "auto") != 0) {
        *out = strcmp(format, "npy") == 0 ? EMBED_NPY : EMBED_SAFETENSORS;
        return MOCO_OK;
    }
    if (!ends_with(path, ".npy") && !ends_with(path, ".safetensors")) {
        return moco_error_set(MOCO_EINVALID,
                              "--out %s: the name ends neither in .npy nor in .safetensors; give --out-format", path);
    }
    *out = ends_with(path, ".npy") ? EMBED_NPY : EMBED_SAFETENSORS;
    return MOCO_OK;
}

/* Replaces the ending of a path. */
static moco_status beside(char out[MOCO_PATH_MAX], const char *path, const char *ending)
{
    const char *own = ends_with(path, ".npy") ? ".npy" : ends_with(path, ".safetensors") ? ".safetensors" : "";
    const int stem = (int)(strlen(path) - strlen(own));
    const int length = snprintf(out, MOCO_PATH_MAX, "%.*s%s", stem, path, ending);
    return length < MOCO_PATH_MAX ? MOCO_OK
                                  : moco_error_set(MOCO_EINVALID, "--out %.64s...: the path is too long", path);
}

/* Labels of other images would seem to be those of the new features. */
static moco_status refuse_stale(const char *path, const char *labels)
{
    return access(labels, F_OK) != 0
               ? MOCO_OK
               : moco_error_set(
                     MOCO_EEXISTS,
                     "--out %s: these images have no labels, but %s is there; delete it, or give another name", path,
                     labels);
}

moco_status embed_output_init(embed_output *out, const char *path, const char *format, bool has_labels)
{
    memset(out, 0, sizeof *out);
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    MOCO_TRY(find_kind(&out->kind, path, format));
    if (out->kind == EMBED_NPY) {
        MOCO_TRY(beside(out->labels, path, ".labels.npy"));
        if (!has_labels) {
            MOCO_TRY(refuse_stale(path, out->labels));
            out->labels[0] = '\0';
        }
    }
    return beside(out->names, path, ".txt");
}

static moco_status write_safetensors(const char *path, const moco_features *features, const network *net,
                                     const moco_features_options *how)
{
    char size[16];
    const char *kind = how->kind == MOCO_FEATURE_OUTPUT ? "output" : "pooled";
    (void)snprintf(size, sizeof size, "%d", (int)how->image_size);
    const moco_metadata metadata[] = {
        { "format", "moco-features" },
        { "arch", net->config.arch },
        { "checkpoint", net->path },
        { "features", kind },
        { "normalised", how->raw ? "false" : "true" },
        { "image_size", size },
        { "augment", how->augment },
        { "moco_version", moco_version() },
    };
    return moco_features_write(path, features, metadata, sizeof metadata / sizeof metadata[0]);
}

static moco_status write_labels(const char *path, const moco_features *features)
{
    moco_tensor *labels = NULL;
    MOCO_TRY(moco_features_label_tensor(&labels, NULL, features));
    const moco_status status = moco_npy_write(path, labels);
    moco_tensor_free(labels);
    return status;
}

moco_status embed_write(const embed_output *out, const moco_features *features, const moco_dataset *images,
                        const network *net, const moco_features_options *how)
{
    MOCO_TRY(out->kind == EMBED_NPY ? moco_npy_write(out->path, moco_features_matrix(features))
                                    : write_safetensors(out->path, features, net, how));
    if (out->labels[0] != '\0') {
        MOCO_TRY(write_labels(out->labels, features));
    }
    return moco_features_write_names(out->names, features, images);
}
