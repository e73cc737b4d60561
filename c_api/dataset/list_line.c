/* Divides a line of a list into path and class. */
#include "dataset/list_line_internal.h"

#include "base/utf8_internal.h"
#include "dataset/image_name_internal.h"

#include <string.h>

/* Finds where a path ends that has a class behind it: at the first tab, or else at the last blanks, if the line does
 * not end as images do itself. Returns NULL if there is no class. */
static char *end_of_path(char *line)
{
    char *tab = strchr(line, '\t');
    char *blank = strrchr(line, ' ');
    if (tab != NULL || blank == NULL || moco__is_image_name(line)) {
        return tab;
    }
    while (blank > line && blank[-1] == ' ') {
        --blank;
    }
    return blank;
}

moco_status moco__list_line_read(moco__list_line *line, bool *is_empty, char *at, char *stop, const char *list)
{
    while (stop > at && strchr(" \t\r", stop[-1]) != NULL && stop[-1] != '\0') {
        --stop;
    }
    *is_empty = stop == at;
    *stop = '\0';
    if (strlen(at) != (size_t)(stop - at)) {
        return moco_error_set(MOCO_EFORMAT, "%s:%zu: the line has a NUL byte; this is not a list of images", list,
                              line->number);
    }
    char *end = end_of_path(at);
    if (end != NULL) {
        *end++ = '\0';
        end += strspn(end, " \t");
    }
    line->path = at;
    line->label = end;
    if (!*is_empty && !moco__is_image_name(at)) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s:%zu: \"%.80s\" does not end as an image file does (" MOCO__IMAGE_EXTENSION_TEXT
                              "); a line is a path, and behind a tab or a blank a class",
                              list, line->number, at);
    }
    if (end != NULL && !moco__is_utf8(end, strlen(end))) {
        return moco_error_set(MOCO_EFORMAT, "%s:%zu: the class is not valid UTF-8; write it as UTF-8", list,
                              line->number);
    }
    return MOCO_OK;
}
