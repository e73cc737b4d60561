/*
 * Gives an input to a reader as a file in memory.
 */
#ifndef MOCO_TESTS_FUZZ_FILE_H
#define MOCO_TESTS_FUZZ_FILE_H

#include <moco.h>

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

static char fuzz_folder_path[FUZZ_PATH_SIZE];

static inline void fuzz_remove_folder(void)
{
    (void)rmdir(fuzz_folder_path);
}

/* Returns an empty folder, for readers of several files; the program removes what it puts there. */
static inline const char *fuzz_folder(void)
{
    if (fuzz_folder_path[0] == '\0') {
        (void)snprintf(fuzz_folder_path, sizeof fuzz_folder_path, "%s/moco-fuzz-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(fuzz_folder_path) == NULL || atexit(fuzz_remove_folder) != 0) {
            abort();
        }
    }
    return fuzz_folder_path;
}

/* Writes a file into that folder; `path` then names it. */
static inline void fuzz_write(char path[2 * FUZZ_PATH_SIZE], const char *name, const void *data, size_t size)
{
    (void)snprintf(path, (size_t)2 * FUZZ_PATH_SIZE, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

/* Returns whether a reader took an input; one that refuses it must say why. The message goes, so that the next one must
 * be new. */
static inline bool fuzz_took(moco_status status)
{
    if (status != MOCO_OK && moco_error_message()[0] == '\0') {
        abort();
    }
    (void)moco_error_set(MOCO_OK, "%s", "");
    return status == MOCO_OK;
}

#endif
