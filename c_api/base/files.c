/* Reads and writes files and folders. A file is written completely or not at all. */
#include "base/files_internal.h"

#include "base/descriptor_internal.h"
#include "base/handle_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const moco__temporary_mark = ".tmp-";

const char *moco__files_advice(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space and try again";
    case EFBIG:
        return "; it is longer than the limit of this process (ulimit -f) or of the file system";
    case EACCES:
    case EPERM:
        return "; check the permissions";
    case EROFS:
        return "; choose another folder";
    case EMFILE:
        return "; raise the limit of open files (ulimit -n)";
    case ENOENT:
        return "; check the path";
    case ENOTDIR:
        return "; a folder in the path is a file";
    default:
        return "";
    }
}

moco_status moco__files_cannot(const char *what, const char *path, int error)
{
    return moco_error_set(error == ENOENT || error == ENOTDIR ? MOCO_ENOTFOUND : MOCO_EIO, "%s: cannot %s: %s%s",
                          path[0] != '\0' ? path : "\"\"", what, strerror(error), moco__files_advice(error));
}

/* A device, a pipe or a folder at the path would be replaced by the file. */
static moco_status check_target(const char *path)
{
    struct stat info;
    if (path[0] == '\0') {
        return moco_error_set(MOCO_EINVALID, "the path of the file to write is empty");
    }
    const bool is_stream = strncmp(path, "/dev/", 5) == 0 && lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    if (is_stream) { /* /dev/stdout is a link, which may lead to a file */
        return moco_error_set(MOCO_EIO, "%s: cannot write: this is a stream; give the path of a file", path);
    }
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return moco_error_set(MOCO_EIO, "%s: cannot write: %s; give the path of a file", path,
                              S_ISDIR(info.st_mode) ? "a folder is there" : "a device or pipe is there, not a file");
    }
    return MOCO_OK;
}

moco_status moco__file_begin(moco__file *file, const char *path)
{
    MOCO_TRY(check_target(path));
    const int length = snprintf(file->path, sizeof file->path, "%s", path);
    const int full =
        snprintf(file->temporary, sizeof file->temporary, "%s%s%ld", path, moco__temporary_mark, (long)getpid());
    if (length < 0 || full < 0 || (size_t)full >= sizeof file->temporary) {
        return moco_error_set(MOCO_EINVALID, "%.64s...: the path is too long", path);
    }
    const int error = moco__stream_open(&file->stream, file->temporary, O_TRUNC);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", path, error);
}

moco_status moco__file_put(moco__file *file, const void *bytes, size_t count)
{
    const int error = moco__stream_put(&file->stream, bytes, count);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", file->path, error);
}

int moco__files_sync_folder(const char *path)
{
    char folder[MOCO_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        (void)snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    const int fd = moco__open(folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        return errno;
    }
    const int error = moco__sync(fd);
    (void)moco__close(fd);
    return error == EINVAL ? 0 : error; /* some file systems cannot sync folders */
}

moco_status moco__file_commit(moco__file *file)
{
    int error = moco__stream_sync(&file->stream);
    const int unclosed = moco__stream_close(&file->stream);
    error = error != 0 ? error : unclosed;
    error = error != 0 ? error : moco__rename(file->temporary, file->path);
    if (error == 0) {
        error = moco__files_sync_folder(file->path);
    } else {
        (void)unlink(file->temporary);
    }
    return error == 0 ? MOCO_OK : moco__files_cannot("write", file->path, error);
}

void moco__file_abort(moco__file *file)
{
    if (file->stream.descriptor >= 0) {
        (void)moco__stream_close(&file->stream);
        (void)unlink(file->temporary);
    }
}

moco_status moco__file_write(const char *path, const void *bytes, size_t count)
{
    moco__file file;
    MOCO_TRY(moco__file_begin(&file, path));
    const moco_status status = moco__file_put(&file, bytes, count);
    if (status != MOCO_OK) {
        moco__file_abort(&file);
        return status;
    }
    return moco__file_commit(&file);
}

static moco_status refuse_irregular(const char *path, mode_t mode)
{
    return moco_error_set(MOCO_EFORMAT, "%s: %s; give the path of a file", path,
                          S_ISDIR(mode) ? "a folder" : "not a regular file");
}

static moco_status read_descriptor(char **bytes, size_t *count, int descriptor, const char *path)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0) {
        return moco__files_cannot("read", path, errno);
    }
    if (S_ISDIR(info.st_mode)) {
        return moco__files_cannot("read", path, EISDIR);
    }
    if (!S_ISREG(info.st_mode)) { /* a pipe would seem to be empty */
        return refuse_irregular(path, info.st_mode);
    }
    const size_t size = (size_t)info.st_size;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for %zu bytes", path, size);
    }
    size_t got = 0;
    const int error = moco__read_at(&got, text, descriptor, size, 0);
    if (error != 0 || got < size) {
        free(text);
        return moco__files_cannot("read", path, error != 0 ? error : EIO);
    }
    text[size] = '\0';
    *bytes = text;
    *count = size;
    return MOCO_OK;
}

moco_status moco__file_read(char **bytes, size_t *count, const char *path)
{
    const int descriptor = moco__open(path, O_RDONLY);
    if (descriptor < 0) {
        return moco__files_cannot("read", path, errno);
    }
    const moco_status status = read_descriptor(bytes, count, descriptor, path);
    (void)moco__close(descriptor);
    return status;
}

static moco_status map_descriptor(unsigned char **bytes, size_t *count, int descriptor, const char *path)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0) {
        return moco__files_cannot("read", path, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return refuse_irregular(path, info.st_mode);
    }
    if (info.st_size < 1) {
        return moco_error_set(MOCO_EFORMAT, "%s: the file is empty; was it copied or downloaded completely?", path);
    }
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED) {
        return moco__files_cannot("map", path, errno);
    }
    *bytes = map;
    *count = (size_t)info.st_size;
    return MOCO_OK;
}

moco_status moco__file_map(unsigned char **bytes, size_t *count, const char *path)
{
    const int descriptor = moco__open(path, O_RDONLY);
    if (descriptor < 0) {
        return moco__files_cannot("open", path, errno);
    }
    const moco_status status = map_descriptor(bytes, count, descriptor, path);
    (void)moco__close(descriptor);
    return status;
}

moco_status moco__files_join(char *out, size_t size, const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    if (length == 0) {
        return moco_error_set(MOCO_EINVALID, "the path of the folder for %s is empty; give \".\" for this one", name);
    }
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    const int written = snprintf(out, size, "%s%s%s", folder, slash, name);
    if (written < 0 || (size_t)written >= size) {
        return moco_error_set(MOCO_EINVALID, "%.64s.../%.64s: the path is too long", folder, name);
    }
    return MOCO_OK;
}

char *moco__files_join_new(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = moco__calloc(size, 1);
    if (path != NULL) {
        (void)snprintf(path, size, "%s/%s", folder, name);
    }
    return path;
}

moco_status moco__mkdirs(const char *path)
{
    char part[MOCO_PATH_MAX];
    const size_t length = strlen(path);
    if (length >= sizeof part) {
        return moco_error_set(MOCO_EINVALID, "%.64s...: the path is too long", path);
    }
    for (size_t i = 1; i <= length; ++i) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        const int error = mkdir(part, 0777) == 0 ? moco__files_sync_folder(part) : errno;
        if (error != 0 && error != EEXIST) {
            return moco__files_cannot("create the folder", part, error);
        }
    }
    struct stat info;
    if (stat(path, &info) != 0) {
        return moco__files_cannot("create the folder", path, errno);
    }
    return S_ISDIR(info.st_mode) ? MOCO_OK : moco__files_cannot("create the folder", path, ENOTDIR);
}

bool moco__files_exist(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool moco__files_exist_in(const char *folder, const char *name)
{
    char *path = moco__files_join_new(folder, name);
    const bool found = path != NULL && moco__files_exist(path);
    free(path);
    return found;
}

bool moco__is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
