/* Records what is written, in order, for the tests that lose power. The reader is power_log.hpp. */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int record = -1;

typedef struct head {
    uint32_t kind, flags;
    int32_t descriptor;
    uint32_t path, other;
    uint64_t offset, size;
} head;

void shim_record_open(const char *path)
{
    record = shim_log_open(path);
}

static uint64_t offset_of(const shim_call *call, long result)
{
    if (call->number == SYS_pwrite64) {
        return (uint64_t)call->args[3];
    }
    return (uint64_t)(shim_raw(SYS_lseek, call->descriptor, 0, SEEK_CUR, 0, 0, 0) - result);
}

void shim_record(const shim_call *call, long result)
{
    if (record < 0 || result < 0) {
        return;
    }
    head h = { .kind = call->kind, .flags = (uint32_t)call->flags, .descriptor = call->descriptor };
    const void *data = NULL;
    switch (call->kind) {
    case SHIM_OPEN:
    case SHIM_CREATE:
        h.descriptor = (int32_t)result;
        break;
    case SHIM_WRITE:
        h.offset = offset_of(call, result);
        h.size = (uint64_t)result;
        data = (const void *)call->args[1];
        break;
    case SHIM_TRUNCATE:
        h.offset = (uint64_t)call->args[1];
        break;
    case SHIM_SYNC:
    case SHIM_CLOSE:
    case SHIM_RENAME:
    case SHIM_LINK:
    case SHIM_UNLINK:
    case SHIM_MKDIR:
        break;
    default:
        return;
    }
    h.path = (uint32_t)strlen(call->path);
    h.other = (uint32_t)strlen(call->other);
    shim_log(record, &h, sizeof h);
    shim_log(record, call->path, h.path);
    shim_log(record, call->other, h.other);
    shim_log(record, data, h.size);
}
