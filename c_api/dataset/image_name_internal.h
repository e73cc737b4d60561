/* Recognises image files by their names. */
#ifndef MOCO_DATASET_IMAGE_NAME_INTERNAL_H
#define MOCO_DATASET_IMAGE_NAME_INTERNAL_H

#include <stdbool.h>

/* Those of torchvision's ImageFolder, the other names of PBM files, and arrays. As literals, and as a text for people.
 */
#define MOCO__IMAGE_EXTENSIONS                                                                                         \
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".npy"
#define MOCO__IMAGE_EXTENSION_TEXT ".jpg .jpeg .png .webp .bmp .tif .tiff .ppm .pgm .pbm .pnm .npy"

/* Returns the ending of an image's name in lower case, as ".jpg"; NULL if the name does not end like an image's. */
const char *moco__image_extension(const char *name);
bool moco__is_image_name(const char *name);
/* Returns whether a name ends like that of an image in a format which is not read, or under another name for one. */
bool moco__is_unread_image_name(const char *name);
/* Returns whether a name is that of an array (.npy). It is an image only where there are no other images, since arrays
 * of features and labels are often kept beside these. */
bool moco__is_array_name(const char *name);

#endif
