/*
 * Checks the paths of files to write, before the work whose result they are to hold.
 */
#include "cli/output_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *folder_fault(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return strerror(errno);
    }
    return S_ISDIR(info.st_mode) ? NULL : "this is a file, not a folder";
}

bool is_folder(const char *path)
{
    return folder_fault(path) == NULL;
}

int scan_folder(const char *path, struct dirent ***out, int (*is_taken)(const struct dirent *))
{
    int count;
    do {
        count = scandir(path, out, is_taken, versionsort);
    } while (count < 0 && errno == EINTR);
    return count;
}

bool exists_in(const char *folder, const char *name)
{
    char path[2 * MOCO_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

moco_status output_path_check(const char *option, const char *path)
{
    char folder[MOCO_PATH_MAX] = ".";
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (path[0] == '\0') {
        return MOCO_OK;
    }
    if (slash != NULL) {
        (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return moco_error_set(MOCO_EINVALID, "--%s: %s is a %s; give the name of a file", option, path,
                              S_ISDIR(info.st_mode) ? "folder" : "device or a pipe");
    }
    const int failure = stat(folder, &info) == 0 ? 0 : errno;
    if (failure != 0 && failure != ENOENT && failure != ENOTDIR) {
        return moco_error_set(MOCO_EIO, "--%s: %s cannot be written: %s: %s", option, path, folder, strerror(failure));
    }
    if (failure != 0 || !S_ISDIR(info.st_mode)) {
        return moco_error_set(MOCO_ENOTFOUND, "--%s: %s cannot be written: there is no folder %s; make it first",
                              option, path, folder);
    }
    if (access(folder, W_OK | X_OK) != 0) {
        return moco_error_set(MOCO_EIO, "--%s: %s cannot be written: %s; choose another folder", option, path,
                              strerror(errno));
    }
    return MOCO_OK;
}

moco_status output_path_check_picture(const char *option, const char *path)
{
    static const char *const formats[] = { MOCO_PICTURE_MAP(MOCO_CHOICE_NAME) NULL };
    const char *dot = strrchr(path, '.');
    bool known = path[0] == '\0';
    for (size_t i = MOCO_PICTURE_AUTO + 1; formats[i] != NULL && dot != NULL; ++i) {
        known = known || strcasecmp(dot + 1, formats[i]) == 0;
    }
    if (!known) {
        return moco_error_set(MOCO_EINVALID, "--%s: %s has an unknown ending; let it end with .png, .svg or .pdf",
                              option, path);
    }
    return output_path_check(option, path);
}

moco_status output_path_check_other(const char *option, const char *path, const char *what, const char *other)
{
    struct stat info;
    struct stat others;
    const bool is_same = strcmp(path, other) == 0 || (stat(path, &info) == 0 && stat(other, &others) == 0 &&
                                                      info.st_dev == others.st_dev && info.st_ino == others.st_ino);
    return path[0] == '\0' || other[0] == '\0' || !is_same
               ? MOCO_OK
               : moco_error_set(MOCO_EINVALID, "--%s: %s is also the file of %s; give another name", option, path,
                                what);
}

bool folder_contains(const char *folder, const char *path)
{
    char rest[MOCO_PATH_MAX];
    char *outer = realpath(folder, NULL);
    (void)snprintf(rest, sizeof rest, "%s", path);
    char *inner = realpath(rest, NULL);
    while (inner == NULL && rest[0] != '\0') {
        char *slash = strrchr(rest, '/');
        if (slash == NULL || slash == rest) {
            (void)snprintf(rest, sizeof rest, "%s", slash == NULL ? "." : "/");
        } else {
            *slash = '\0';
        }
        inner = realpath(rest, NULL);
    }
    const size_t length = outer != NULL ? strlen(outer) : 0;
    const bool inside = outer != NULL && inner != NULL && strncmp(inner, outer, length) == 0 &&
                        (length == 1 || inner[length] == '/' || inner[length] == '\0');
    free(outer);
    free(inner);
    return inside;
}

/* Returns whether a file's folder is that of a dataset which has its images in folders of splits. */
static bool is_beside_splits(const char *path, const char *data)
{
    char folder[MOCO_PATH_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
    return folder_contains(folder[0] != '\0' ? folder : "/", data) && moco_dataset_has_split(data, NULL);
}

moco_status output_path_check_outside(const char *option, const char *path, const char *data)
{
    if (path[0] == '\0' || data[0] == '\0' || !is_folder(data) || !folder_contains(data, path) ||
        is_beside_splits(path, data)) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID,
                          "--%s: %s is in the data %s, of which it would become a part; choose a place beside them",
                          option, path, data);
}
