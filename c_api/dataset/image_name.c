/* Recognises image files by their names. */
#include "dataset/image_name_internal.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *moco__image_extension(const char *name)
{
    static const char *const extensions[] = { MOCO__IMAGE_EXTENSIONS };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof extensions / sizeof extensions[0]; ++i) {
        if (strcasecmp(dot, extensions[i]) == 0) {
            return extensions[i];
        }
    }
    return NULL;
}

bool moco__is_image_name(const char *name)
{
    return moco__image_extension(name) != NULL;
}

bool moco__is_unread_image_name(const char *name)
{
    static const char *const extensions[] = { ".gif",  ".apng", ".jfif", ".jpe",  ".jp2", ".j2k", ".jpx", ".jxl",
                                              ".heic", ".heif", ".avif", ".tga",  ".ico", ".svg", ".psd", ".exr",
                                              ".hdr",  ".dds",  ".dcm",  ".fits", ".raw", ".dng", ".cr2", ".cr3",
                                              ".nef",  ".arw",  ".orf",  ".rw2",  ".pam", ".pfm", ".pcx", ".sgi",
                                              ".dib",  ".eps",  ".nii",  ".mha" };
    const char *dot = strrchr(name, '.');
    bool found = false;
    for (size_t i = 0; dot != NULL && i < sizeof extensions / sizeof extensions[0]; ++i) {
        found = found || strcasecmp(dot, extensions[i]) == 0;
    }
    return found;
}

bool moco__is_array_name(const char *name)
{
    const char *extension = moco__image_extension(name);
    return extension != NULL && strcmp(extension, ".npy") == 0;
}
