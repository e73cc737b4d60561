/* Says what a system call does, and to which file. */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct known {
    long number;
    shim_kind kind;
    int descriptor, folder, path, counted; /* which arguments these are, or -1 */
} known;

static const known calls[] = {
#ifdef SYS_open
    { SYS_open, SHIM_OPEN, -1, -1, 0, -1 },      { SYS_creat, SHIM_CREATE, -1, -1, 0, -1 },
    { SYS_rename, SHIM_RENAME, -1, -1, 0, -1 },  { SYS_link, SHIM_LINK, -1, -1, 0, -1 },
    { SYS_unlink, SHIM_UNLINK, -1, -1, 0, -1 },  { SYS_mkdir, SHIM_MKDIR, -1, -1, 0, -1 },
    { SYS_stat, SHIM_STAT, -1, -1, 0, -1 },      { SYS_lstat, SHIM_STAT, -1, -1, 0, -1 },
#endif
#ifdef SYS_renameat
    { SYS_renameat, SHIM_RENAME, -1, 0, 1, -1 },
#endif
    { SYS_openat, SHIM_OPEN, -1, 0, 1, -1 },     { SYS_renameat2, SHIM_RENAME, -1, 0, 1, -1 },
    { SYS_linkat, SHIM_LINK, -1, 0, 1, -1 },     { SYS_unlinkat, SHIM_UNLINK, -1, 0, 1, -1 },
    { SYS_mkdirat, SHIM_MKDIR, -1, 0, 1, -1 },   { SYS_newfstatat, SHIM_STAT, -1, 0, 1, -1 },
    { SYS_statx, SHIM_STAT, -1, 0, 1, -1 },      { SYS_fstat, SHIM_STAT, 0, -1, -1, -1 },
    { SYS_read, SHIM_READ, 0, -1, -1, 2 },       { SYS_pread64, SHIM_READ, 0, -1, -1, 2 },
    { SYS_write, SHIM_WRITE, 0, -1, -1, 2 },     { SYS_pwrite64, SHIM_WRITE, 0, -1, -1, 2 },
    { SYS_fsync, SHIM_SYNC, 0, -1, -1, -1 },     { SYS_fdatasync, SHIM_SYNC, 0, -1, -1, -1 },
    { SYS_close, SHIM_CLOSE, 0, -1, -1, -1 },    { SYS_ftruncate, SHIM_TRUNCATE, 0, -1, -1, -1 },
    { SYS_mmap, SHIM_MAP, 4, -1, -1, -1 },       { SYS_getdents64, SHIM_LIST, 0, -1, -1, -1 },
    { SYS_lseek, SHIM_SEEK, 0, -1, -1, -1 },     { SYS_flock, SHIM_LOCK, 0, -1, -1, -1 },
};

static char files[SHIM_DESCRIPTORS][SHIM_PATH]; /* the path of each open descriptor below the folder */

const char *shim_kind_name(shim_kind kind)
{
    static const char *const names[] = { "other", "open",   "create", "read",   "write", "sync",
                                         "close", "rename", "link",   "unlink", "mkdir", "truncate",
                                         "map",   "list",   "stat",   "seek",   "lock" };
    return names[kind];
}

static void whole_path(char out[SHIM_PATH], int folder, const char *path)
{
    char before[SHIM_PATH] = "";
    if (path[0] != '/' && folder >= 0 && folder < SHIM_DESCRIPTORS) {
        memcpy(before, files[folder], SHIM_PATH);
    } else if (path[0] != '/') {
        (void)shim_raw(SYS_getcwd, (long)before, SHIM_PATH, 0, 0, 0, 0);
    }
    size_t used = strnlen(before, SHIM_PATH - 1);
    memcpy(out, before, used);
    if (path[0] != '/' && path[0] != '\0' && used < SHIM_PATH - 1) {
        out[used++] = '/';
    }
    while (path[0] == '.' && path[1] == '/') {
        path += 2;
    }
    const size_t length = strnlen(path, SHIM_PATH - 1 - used);
    memcpy(out + used, path, length);
    out[used + length] = '\0';
}

static const known *find(long number)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; ++i) {
        if (calls[i].number == number) {
            return &calls[i];
        }
    }
    return NULL;
}

/* The flags of an open, and the second name of a rename or link. */
static void describe_rest(shim_call *call, const known *k)
{
    if (call->kind == SHIM_OPEN) {
        call->flags = (int)call->args[k->path + 1];
        call->kind = (call->flags & (O_CREAT | O_TRUNC)) != 0 ? SHIM_CREATE : SHIM_OPEN;
    } else if (call->kind == SHIM_CREATE) {
        call->flags = O_CREAT | O_WRONLY | O_TRUNC;
    } else if (call->kind == SHIM_RENAME || call->kind == SHIM_LINK) {
        const int folder = k->folder >= 0 ? (int)call->args[k->folder + 2] : AT_FDCWD;
        whole_path(call->other, folder, (const char *)call->args[k->path + (k->folder >= 0 ? 2 : 1)]);
    }
}

bool shim_describe(shim_call *call, long number, const long args[6])
{
    const known *k = find(number);
    if (k == NULL) {
        return false;
    }
    call->number = number;
    memcpy(call->args, args, sizeof call->args);
    call->kind = k->kind;
    call->descriptor = k->descriptor >= 0 ? (int)args[k->descriptor] : -1;
    call->counted = k->counted;
    call->flags = 0;
    call->other[0] = '\0';
    const char *path = k->path >= 0 ? (const char *)args[k->path] : NULL;
    if (k->path >= 0 && path != NULL && path[0] != '\0') {
        whole_path(call->path, k->folder >= 0 ? (int)args[k->folder] : AT_FDCWD, path);
    } else {
        const int descriptor = k->path >= 0 ? (int)args[k->folder] : call->descriptor;
        if (descriptor < 0 || descriptor >= SHIM_DESCRIPTORS) {
            return false;
        }
        memcpy(call->path, files[descriptor], SHIM_PATH);
    }
    describe_rest(call, k);
    return call->path[0] != '\0';
}

void shim_follow(const shim_call *call, long result)
{
    if ((call->kind == SHIM_OPEN || call->kind == SHIM_CREATE) && result >= 0 && result < SHIM_DESCRIPTORS) {
        memcpy(files[result], call->path, SHIM_PATH);
    } else if (call->kind == SHIM_CLOSE && call->descriptor >= 0 && call->descriptor < SHIM_DESCRIPTORS) {
        files[call->descriptor][0] = '\0';
    }
}
