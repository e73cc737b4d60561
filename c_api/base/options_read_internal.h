/*
 * Reads and fills in structs of options. Their first member, struct_size, is the size that the caller was compiled
 * with, so an older or newer application can use this library.
 */
#ifndef MOCO_BASE_OPTIONS_READ_INTERNAL_H
#define MOCO_BASE_OPTIONS_READ_INTERNAL_H

#include "moco/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Copies what the caller knows of @p options over the defaults; NULL: the defaults.
 * @param start what the caller should start from, "MOCO_X_INIT", or "moco_x_init" if there is no macro; messages name
 * it
 * @return ::MOCO_EINVALID unless struct_size can be the size of this struct, and what is beyond this library's is zero
 */
moco_status moco__options_read(void *out, const void *options, const void *defaults, size_t size, const char *start);

/* Writes a full struct of @p size bytes to the caller's: as much as that has room for. Its struct_size stays. */
void moco__options_write(void *options, const void *full, size_t size);

/* Fills in the defaults; what this library does not know becomes zero. Does nothing for sizes that no version has. */
void moco__options_init(void *options, size_t struct_size, const void *defaults, size_t size);

#ifdef __cplusplus
}
#endif

/* Reads options into *out, or returns from the calling function. START is the macro of the struct's defaults. */
#define MOCO__READ_OPTIONS(out, options, START)                                                                        \
    do {                                                                                                               \
        static const __typeof__(*(out)) moco_start = START;                                                            \
        MOCO_TRY(moco__options_read((out), (options), &moco_start, sizeof *(out), #START));                            \
    } while (0)

/* Defines the exported function that fills in a struct's defaults. NOLINTBEGIN(bugprone-macro-parentheses) */
#define MOCO__DEFINE_INIT(type, START)                                                                                 \
    void type##_init(type *options, size_t struct_size)                                                                \
    {                                                                                                                  \
        static const type start = START;                                                                               \
        moco__options_init(options, struct_size, &start, sizeof start);                                                \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
