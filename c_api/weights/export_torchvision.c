/* Writes a state_dict alone, without the head, as torchvision and timm publish theirs. */
#include "weights/export_safetensors_internal.h"
#include "weights/pth_write_internal.h"

#include <inttypes.h>
#include <string.h>

/* A state_dict holds no settings, so the log says what its images need. */
static moco_status tell_of_channels(const moco__export *job)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_weights_config(&config, job->weights));
    if (config.normalize[0] != '\0') {
        moco_log(MOCO_LOG_INFO,
                 "its images have %" PRId64 " channel%s, normalised by the means/standard deviations %s; a .pth file "
                 "cannot say so, and a .safetensors file does",
                 config.channels, config.channels == 1 ? "" : "s", config.normalize);
    }
    return MOCO_OK;
}

static moco_status write_state_dict(const moco__export *job, const char *path)
{
    moco__pth_writer out = { .job = job };
    moco__pickler_start(&out.tree, 2);
    moco__pickler_ordered_dict(&out.tree);
    moco__pickler_op(&out.tree, '(');
    for (size_t i = 0; i < job->count; ++i) {
        moco__pth_put_tensor(&out, job->tensors[i].name, &job->tensors[i]);
    }
    moco__pickler_op(&out.tree, 'u');
    const moco_status status = moco__pth_write(&out, path);
    moco__pth_writer_free(&out);
    return status;
}

static moco_status write_torchvision(moco__export *job, const char *path)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(path);
    const size_t end = sizeof ending - 1;
    job->options.features_only = true;
    if (length >= end && strcmp(path + length - end, ending) == 0) {
        return moco__export_safetensors(job, path);
    }
    MOCO_TRY(write_state_dict(job, path));
    return tell_of_channels(job);
}

const moco__exporter moco__exporter_torchvision = { .write = write_torchvision };
const moco__exporter moco__exporter_timm = { .write = write_torchvision };
