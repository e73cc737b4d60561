/* Reads a line of a list of images. */
#ifndef MOCO_DATASET_LIST_LINE_INTERNAL_H
#define MOCO_DATASET_LIST_LINE_INTERNAL_H

#include "moco/error.h"

#include <stdint.h>

typedef struct moco__list_line {
    const char *path;
    const char *label; /* NULL: none */
    size_t number;     /* from 1 */
    uint64_t identity; /* moco__file_identity(); 0: there is no such file */
} moco__list_line;

/* Reads the line from `at` to `stop`, where a byte may be written; its texts end with NUL then, in place. `list` is for
 * messages. */
moco_status moco__list_line_read(moco__list_line *line, bool *is_empty, char *at, char *stop, const char *list);

#endif
