/* Reads files of torch.save, in both of its formats (zip archives, and the older series of pickles), as a tree. */
#ifndef MOCO_FORMATS_PTH_READ_INTERNAL_H
#define MOCO_FORMATS_PTH_READ_INTERNAL_H

#include "formats/pickle_values_internal.h"

typedef struct moco__pth moco__pth;

/* Returns whether the bytes begin like such a file. */
bool moco__pth_begins(const uint8_t *bytes, size_t size);

/* Reads the tree of a mapped file, which outlives the result. @param path for messages; borrowed */
moco_status moco__pth_open(moco__pth **out, const char *path, const uint8_t *bytes, size_t size);
void moco__pth_free(moco__pth *pth);

const moco__pickle_value *moco__pth_root(const moco__pth *pth);
/* Returns whether the file is a zip archive. */
bool moco__pth_is_zip(const moco__pth *pth);
/* Returns whether the first byte of each element of a storage is the highest. */
bool moco__pth_is_big_endian(const moco__pth *pth);
/* Gives the bytes of a storage of the tree: count times the size of the type. */
moco_status moco__pth_storage(const uint8_t **out, const moco__pth *pth, const moco__pickle_value *storage);
/* Compares a storage with its checksum, if it has one. */
moco_status moco__pth_check(const moco__pth *pth, const moco__pickle_value *storage);

#endif
