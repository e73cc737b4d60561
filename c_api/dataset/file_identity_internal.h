/* A number of a file, the same whatever paths and links lead there. */
#ifndef MOCO_DATASET_FILE_IDENTITY_INTERNAL_H
#define MOCO_DATASET_FILE_IDENTITY_INTERNAL_H

#include "base/hash_internal.h"

#include <sys/types.h>

/* Returns it, never 0, which means that a file is not known. */
static inline uint64_t moco__file_identity(dev_t device, ino_t inode)
{
    const uint64_t place[2] = { (uint64_t)device, (uint64_t)inode };
    const uint64_t number = moco__hash(MOCO__HASH_START, place, sizeof place);
    return number != 0 ? number : 1;
}

#endif
