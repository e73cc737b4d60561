/* A state_dict alone, as torchvision and timm publish theirs. */
#include "weights/pth_write_internal.h"

moco_status moco__export_state_dict(const moco__export *job, const char *path)
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
