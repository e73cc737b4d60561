/*
 * Checks the paths of files to write, before the work whose result they are to hold.
 */
#ifndef MOCO_TOOLS_CLI_OUTPUT_PATH_H
#define MOCO_TOOLS_CLI_OUTPUT_PATH_H

#include <moco.h>

#include <dirent.h>
#include <stdbool.h>

/* Returns whether a path is that of a folder, which may be by a link. */
bool is_folder(const char *path);
/* Returns NULL for such a path, else why it is none. */
const char *folder_fault(const char *path);

/* As scandir(), in the order of versions; goes on after a signal. */
int scan_folder(const char *path, struct dirent ***out, int (*is_taken)(const struct dirent *));

/* Returns whether folder/name exists, or cannot be looked at; then opening it says why. */
bool exists_in(const char *folder, const char *name);

/* Fails if the file that an option names cannot be written: its folder is missing or closed, or the path is a folder.
 * Accepts an empty path. */
moco_status output_path_check(const char *option, const char *path);

/* Does the same for a picture, whose ending must name a format. */
moco_status output_path_check_picture(const char *option, const char *path);

/* Fails if the file that an option names is that of another path, which `what` names. Accepts empty paths. */
moco_status output_path_check_other(const char *option, const char *path, const char *what, const char *other);

/* Returns whether a path is the folder or is below it, also through links; the path need not exist yet. */
bool folder_contains(const char *folder, const char *path);

/* Fails if the file that an option names lies in a dataset's folder, because it would become one of its images or
 * shards. Accepts empty paths. */
moco_status output_path_check_outside(const char *option, const char *path, const char *data);

#endif
