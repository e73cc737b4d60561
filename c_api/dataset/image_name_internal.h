/* Recognises image files by their names. */
#ifndef MOCO_DATASET_IMAGE_NAME_INTERNAL_H
#define MOCO_DATASET_IMAGE_NAME_INTERNAL_H

#include <stdbool.h>

/* Returns the ending of an image's name in lower case, as ".jpg"; NULL if the name does not end like an image's. */
const char *moco__image_extension(const char *name);
bool moco__is_image_name(const char *name);

#endif
