/* Whether a path has images apart from those that are trained on. */
#include "dataset/dataset_internal.h"

#include <sys/stat.h>

bool moco_dataset_has_split(const char *path, const moco_dataset_options *options)
{
    struct stat info;
    if (path == NULL || stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return false; /* a lone file is one set under both splits */
    }
    if (moco__dataset_is_idx(path, false) || moco__dataset_is_cifar(path, false)) {
        moco_dataset *dataset;
        if (moco_dataset_open(&dataset, path, options) != MOCO_OK) {
            return false;
        }
        moco_dataset_free(dataset);
        return true;
    }
    return moco__dataset_tree_has_split(path);
}
