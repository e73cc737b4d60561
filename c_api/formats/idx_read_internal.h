/* Reads IDX files, the format of MNIST, plain or gzipped. */
#ifndef MOCO_FORMATS_IDX_READ_INTERNAL_H
#define MOCO_FORMATS_IDX_READ_INTERNAL_H

#include "moco/error.h"

enum { MOCO__IDX_IMAGE_DIMS = 3, MOCO__IDX_LABEL_DIMS = 1 };

/*
 * Reads a file of unsigned bytes. Sizes that the file cannot hold are refused before memory is allocated.
 * @param dims MOCO__IDX_IMAGE_DIMS or MOCO__IDX_LABEL_DIMS @param[out] values freed by the caller
 */
moco_status moco__idx_read(uint8_t **values, uint32_t *sizes, unsigned dims, const char *path);
/* Returns whether a file begins as an IDX file of any type does. */
bool moco__idx_is(const char *path);

#endif
