/* Tells images and datasets from each other. */
#ifndef MOCO_DATASET_DATASET_IDENTITY_INTERNAL_H
#define MOCO_DATASET_DATASET_IDENTITY_INTERNAL_H

#include "moco/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The file that the last image was in; zeroed at first. */
typedef struct moco__identifier {
    char name[MOCO_PATH_MAX];
    size_t length; /* of its name; 0: none */
    uint64_t number;
} moco__identifier;

/* Returns a number that an image has in every dataset on this host, whatever path leads to it; 0: it has none, since an
 * application gives it. Calls the system for an image of which opening did not tell moco__file_identity(). */
uint64_t moco__dataset_identify(moco__identifier *last, const moco_dataset *dataset, size_t index);

/*
 * Returns a hash of the names, labels and sizes of a dataset's images, and of its classes. Folders do not count, so
 * that it stays if the dataset is moved, or packed into shards with its files unchanged. Of more than 65,536 images
 * only that many, evenly spread, give their size, since each costs a system call.
 */
uint64_t moco__dataset_fingerprint(const moco_dataset *dataset);

#ifdef __cplusplus
}
#endif

#endif
