/*
 * Keeps a second process from training in the folder of a run.
 *
 * flock() on RUN/.lock: the kernel releases it when the process ends in whatever way. Linux passes it on to the server
 * of NFS as a lock of the whole file, so that it counts between hosts too. The file stays, since to delete it could
 * take the lock from another process.
 */
#include "train/run_lock_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { HOLDER_SIZE = 128 };
enum { TRIES = 5, PAUSE_MS = 20 }; /* a process that only looks holds the lock for an instant */

/* Writes who has the lock, for the message that another process gets. */
static void sign(int descriptor)
{
    char host[HOLDER_SIZE / 2] = "";
    char text[HOLDER_SIZE];
    (void)gethostname(host, sizeof host - 1);
    const int length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (moco__truncate(descriptor, 0) != 0 || moco__write_all(descriptor, text, (size_t)length) != 0) {
        moco_log(MOCO_LOG_DEBUG, "the lock does not name its holder: %s", strerror(errno));
    }
}

static moco_status refuse(int descriptor, const char *out)
{
    char holder[HOLDER_SIZE] = "";
    const ssize_t got = pread(descriptor, holder, sizeof holder - 1, 0);
    holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
    return moco_error_set(MOCO_EUNAVAILABLE,
                          "%s: %s trains this run; wait for its end, or stop it first (it writes a checkpoint then)",
                          out, holder[0] != '\0' ? holder : "another process");
}

/* Returns 0, or what is in the way. */
static int take(int descriptor)
{
    const struct timespec pause = { 0, PAUSE_MS * 1000000L };
    int error = moco__flock(descriptor, LOCK_EX | LOCK_NB);
    for (int tries = 1; error != 0; ++tries) {
        if (error != EWOULDBLOCK || tries == TRIES) {
            return error;
        }
        (void)nanosleep(&pause, NULL);
        error = moco__flock(descriptor, LOCK_EX | LOCK_NB);
    }
    return 0;
}

moco_status moco__run_lock(int *lock, const char *out)
{
    char path[MOCO_PATH_MAX];
    if (*lock != MOCO__RUN_UNLOCKED) {
        return MOCO_OK;
    }
    MOCO_TRY(moco__files_join(path, sizeof path, out, ".lock"));
    const int descriptor = moco__open(path, O_RDWR | O_CREAT);
    if (descriptor < 0) {
        return moco__files_cannot("open", path, errno);
    }
    const int error = take(descriptor);
    if (error == 0) {
        sign(descriptor);
        *lock = descriptor;
        return MOCO_OK;
    }
    const moco_status status = error == EWOULDBLOCK ? refuse(descriptor, out) : MOCO_OK;
    (void)moco__close(descriptor);
    if (status == MOCO_OK) {
        moco_log(MOCO_LOG_WARNING,
                 "%s: the file system has no locks (%s); take care that no second process trains this run", path,
                 strerror(error));
    }
    return status;
}

void moco__run_unlock(int *lock)
{
    if (*lock != MOCO__RUN_UNLOCKED) {
        (void)moco__close(*lock);
        *lock = MOCO__RUN_UNLOCKED;
    }
}

/* Returns the open file of the lock in a folder if a process has it, else -1. */
static int find_held(const char *out)
{
    char path[MOCO_PATH_MAX];
    const int descriptor =
        moco__files_join(path, sizeof path, out, ".lock") == MOCO_OK ? moco__open(path, O_RDONLY) : -1;
    if (descriptor < 0 || moco__flock(descriptor, LOCK_SH | LOCK_NB) == EWOULDBLOCK) {
        return descriptor;
    }
    (void)moco__close(descriptor);
    return -1;
}

bool moco__run_is_locked(const char *out)
{
    const int descriptor = find_held(out);
    if (descriptor >= 0) {
        (void)moco__close(descriptor);
    }
    return descriptor >= 0;
}

moco_status moco__run_refuse_locked(const char *out)
{
    const int descriptor = find_held(out);
    if (descriptor < 0) {
        return MOCO_OK;
    }
    const moco_status status = refuse(descriptor, out);
    (void)moco__close(descriptor);
    return status;
}
