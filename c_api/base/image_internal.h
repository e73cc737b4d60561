/* Operations on images that only the library itself needs. */
#ifndef MOCO_BASE_IMAGE_INTERNAL_H
#define MOCO_BASE_IMAGE_INTERNAL_H

#include "moco/image.h"

MOCO_BEGIN_DECLS

/* Sets the size, and fills bands with a finite value. */
moco_status moco__image_fill_bands(moco_image *image, int32_t width, int32_t height, int32_t channels, float value);

MOCO_END_DECLS

#endif
