/**
 * @file version.h
 * Version of the headers, of the library at run time, and of the libtorch it runs on.
 */
#ifndef MOCO_VERSION_H
#define MOCO_VERSION_H

#include "common.h"

MOCO_BEGIN_DECLS

#define MOCO_VERSION_MAJOR 0
#define MOCO_VERSION_MINOR 1
#define MOCO_VERSION_PATCH 0
#define MOCO_VERSION_STRING "0.1.0"

/** The library's version as "major.minor.patch"; borrowed, static. @since 0.1 */
MOCO_API const char *moco_version(void);

/**
 * The commit that the library was built from, "1a2b3c4d5e6f", with "-dirty" behind it where files had been changed; ""
 * where it was not built in a clone; borrowed, static. @since 0.1
 */
MOCO_API const char *moco_commit(void);

/** The version of the libtorch in use; borrowed, static. @since 0.1 */
MOCO_API const char *moco_libtorch_version(void);

/**
 * How many handles of any kind (tensors, encoders, images, datasets, loaders, ...) are alive in this process.
 * Zero after an application has freed all that it owns. @since 0.1
 */
MOCO_API size_t moco_live_handles(void);

MOCO_END_DECLS

#endif
