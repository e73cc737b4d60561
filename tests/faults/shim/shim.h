/* A preloaded object that makes chosen calls of a program fail, and records what it writes. See docs/reliability.md.
 */
#ifndef MOCO_SHIM_H
#define MOCO_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHIM_PATH = 512, SHIM_DESCRIPTORS = 1024 };

/* What a system call does. A fault is chosen by it. */
typedef enum shim_kind {
    SHIM_OTHER,
    SHIM_OPEN,
    SHIM_CREATE, /* an open that may create or truncate */
    SHIM_READ,
    SHIM_WRITE,
    SHIM_SYNC,
    SHIM_CLOSE,
    SHIM_RENAME,
    SHIM_LINK,
    SHIM_UNLINK,
    SHIM_MKDIR,
    SHIM_TRUNCATE,
    SHIM_MAP,
    SHIM_LIST,
    SHIM_STAT,
    SHIM_SEEK,
    SHIM_LOCK
} shim_kind;

typedef struct shim_call {
    long number;
    long args[6];
    shim_kind kind;
    int descriptor; /* -1 if the call names a path */
    int counted;    /* the argument that holds a number of bytes, or -1 */
    int flags;      /* of an open */
    char path[SHIM_PATH];
    char other[SHIM_PATH]; /* the new name of a rename or link */
} shim_call;

/* Makes a system call that no filter sees. Returns a negative errno on failure. */
long shim_raw(long number, long a, long b, long c, long d, long e, long f);
/* The address after its instruction. */
extern const char shim_raw_end[];

/* Says what a call does, and to which file. Returns false if it concerns none. */
bool shim_describe(shim_call *call, long number, const long args[6]);
/* Notes which file a descriptor is after a call that succeeded. */
void shim_follow(const shim_call *call, long result);
const char *shim_kind_name(shim_kind kind);

/* Reads the variables MOCO_FAULT_*, and begins. */
void shim_start(void);
/* Reads those of the memory, and begins. */
void shim_memory_start(void);
/* Tells what the library still holds. */
void shim_memory_end(void);

/* Appends to the record of writes. */
void shim_record_open(const char *path);
void shim_record(const shim_call *call, long result);

/* Appends to a file that shim_log_open() has opened. */
int shim_log_open(const char *path);
void shim_log(int log, const void *bytes, size_t count);
uint64_t shim_variable(const char *name);

#endif
