/**
 * @file version.h
 * Gives the version of the headers, of the library, and of the libtorch that it uses.
 */
#ifndef MOCO_VERSION_H
#define MOCO_VERSION_H

#include "common.h"

MOCO_BEGIN_DECLS

/** Major version of the headers. @since 0.1 */
#define MOCO_VERSION_MAJOR 0
/** Minor version of the headers. @since 0.1 */
#define MOCO_VERSION_MINOR 2
/** Patch version of the headers. @since 0.1 */
#define MOCO_VERSION_PATCH 0
/** Version of the headers. @since 0.1 */
#define MOCO_VERSION_STRING "0.2.0"

/** The library's version as "major.minor.patch"; borrowed, static. @since 0.1 */
MOCO_API const char *moco_version(void);

/** The version of the libtorch in use; borrowed, static. @since 0.1 */
MOCO_API const char *moco_libtorch_version(void);

/**
 * Number of handles of any kind (tensors, encoders, images, datasets, loaders, ...) that are alive in this process. It
 * is 0 after an application has freed everything that it owns. @since 0.1
 */
MOCO_API size_t moco_live_handles(void);

MOCO_END_DECLS

#endif
