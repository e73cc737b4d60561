/*
 * An input as a file without a place on the disk.
 */
#ifndef MOCO_TESTS_FUZZ_FILE_H
#define MOCO_TESTS_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUZZ_PATH_SIZE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the descriptor that keeps the file; `path` names it as long as that is open. */
static inline int fuzz_file(char path[FUZZ_PATH_SIZE], const uint8_t *data, size_t size)
{
    const int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t)size) {
        abort();
    }
    (void)snprintf(path, FUZZ_PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

#endif
