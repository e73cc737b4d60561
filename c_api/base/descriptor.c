/* Calls of the system on files, which go on after a signal and after a short count. */
#include "base/descriptor_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int moco__open(const char *path, int flags)
{
    int descriptor;
    do {
        descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666); /* or it waits for the other end of a FIFO */
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor >= 0) {
        (void)fcntl(descriptor, F_SETFL, flags);
    }
    return descriptor;
}

int moco__close(int descriptor)
{
    /* Linux has closed it after a signal too. */
    return close(descriptor) == 0 || errno == EINTR ? 0 : errno;
}

int moco__sync(int descriptor)
{
    int failed;
    do {
        failed = fsync(descriptor);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? 0 : errno;
}

int moco__truncate(int descriptor, uint64_t size)
{
    int failed;
    do {
        failed = ftruncate(descriptor, (off_t)size);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? 0 : errno;
}

int moco__rename(const char *from, const char *to)
{
    int failed;
    do {
        failed = rename(from, to);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? 0 : errno;
}

int moco__flock(int descriptor, int operation)
{
    int failed;
    do {
        failed = flock(descriptor, operation);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? 0 : errno;
}

int moco__write_all(int descriptor, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        const ssize_t piece = write(descriptor, next, count);
        if (piece < 0 && errno != EINTR) {
            return errno;
        }
        if (piece == 0) {
            return EIO;
        }
        next += piece > 0 ? piece : 0;
        count -= piece > 0 ? (size_t)piece : 0;
    }
    return 0;
}

int moco__read_at(size_t *got, void *out, int descriptor, size_t count, uint64_t offset)
{
    *got = 0;
    while (*got < count) {
        const ssize_t piece = pread(descriptor, (char *)out + *got, count - *got, (off_t)(offset + *got));
        if (piece < 0 && errno != EINTR) {
            return errno;
        }
        if (piece == 0) {
            break;
        }
        *got += piece > 0 ? (size_t)piece : 0;
    }
    return 0;
}

DIR *moco__folder_open(const char *path)
{
    DIR *folder;
    do {
        folder = opendir(path);
    } while (folder == NULL && errno == EINTR);
    return folder;
}

int moco__folder_scan(const char *path, struct dirent ***out, int (*is_taken)(const struct dirent *))
{
    int count;
    do {
        count = scandir(path, out, is_taken, alphasort);
    } while (count < 0 && errno == EINTR);
    return count;
}

const struct dirent *moco__folder_next(DIR *folder)
{
    errno = 0;
    return readdir(folder);
}
