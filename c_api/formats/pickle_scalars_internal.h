/* Reads the numbers and texts of a pickle onto its stack. */
#ifndef MOCO_FORMATS_PICKLE_SCALARS_INTERNAL_H
#define MOCO_FORMATS_PICKLE_SCALARS_INTERNAL_H

#include "formats/pickle_machine_internal.h"

moco_status moco__scalar_bool(moco__machine *m, size_t truth);
/* `bytes`, `size`: of the number itself. */
moco_status moco__scalar_unsigned(moco__machine *m, size_t bytes);
moco_status moco__scalar_int32(moco__machine *m, size_t bytes);
moco_status moco__scalar_real(moco__machine *m, size_t size);
/* `size`, `length_bytes`: of the length, which precedes the bytes of an integer in two's complement, or those of a
 * text. */
moco_status moco__scalar_long(moco__machine *m, size_t size);
moco_status moco__scalar_text(moco__machine *m, size_t length_bytes);
/* Reads a text of Python 2, which may be bytes of any kind. */
moco_status moco__scalar_old_text(moco__machine *m, size_t length_bytes);
/* Passes over bytes, which nothing here needs. */
moco_status moco__scalar_bytes(moco__machine *m, size_t length_bytes);
/* Reads a text that ends with a newline. It is not put onto the stack. */
moco_status moco__scalar_line(char **out, moco__machine *m);

#endif
