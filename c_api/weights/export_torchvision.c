/* Writes a state_dict alone, without the head, as torchvision and timm publish theirs. */
#include "weights/export_safetensors_internal.h"
#include "weights/pth_write_internal.h"

#include <string.h>

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
    return length >= end && strcmp(path + length - end, ending) == 0 ? moco__export_safetensors(job, path)
                                                                     : write_state_dict(job, path);
}

const moco__exporter moco__exporter_torchvision = { .write = write_torchvision };
const moco__exporter moco__exporter_timm = { .write = write_torchvision };
