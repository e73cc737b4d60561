/*
 * Reads pickles, as torch.save writes them, into a tree of values.
 *
 * A pickle is a program, and a reader that runs it gives the machine to the author of the file. This reader executes
 * nothing: of calls it knows only those that rebuild tensors and plain data, and these only make values of the tree.
 * Every other name, opcode, size and offset is refused with a message.
 */
#ifndef MOCO_FORMATS_PICKLE_READ_INTERNAL_H
#define MOCO_FORMATS_PICKLE_READ_INTERNAL_H

#include "formats/pickle_values_internal.h"

/* Reads a pickle from the start of bytes that outlive the values. @param[out] used bytes of the pickle */
moco_status moco__pickle_read(const moco__pickle_value **root, size_t *used, moco__pickle *pickle, const uint8_t *data,
                              size_t size);

#endif
