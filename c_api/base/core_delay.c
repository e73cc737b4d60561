/* Reads the kernel's count of the time that threads waited for a core. */
#include "base/core_delay_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Adds the second number of a thread's schedstat: nanoseconds on the run queue. */
static bool add_delay(uint64_t *sum, int folder, const char *thread)
{
    char name[NAME_MAX + sizeof "/schedstat"];
    char text[96];
    (void)snprintf(name, sizeof name, "%s/schedstat", thread);
    const int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false; /* the thread may just have ended */
    }
    const ssize_t size = read(file, text, sizeof text - 1);
    (void)close(file);
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';
    char *after_running = text;
    (void)strtoull(text, &after_running, 10);
    *sum += strtoull(after_running, NULL, 10);
    return true;
}

double moco__core_delay_of(const char *folder)
{
    DIR *threads = opendir(folder);
    if (threads == NULL) {
        return -1;
    }
    uint64_t sum = 0;
    bool known = false;
    for (const struct dirent *entry = NULL; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] != '.' && add_delay(&sum, dirfd(threads), entry->d_name)) {
            known = true;
        }
    }
    (void)closedir(threads);
    return known ? 1e-9 * (double)sum : -1;
}

double moco__core_delay(void)
{
    return moco__core_delay_of("/proc/self/task");
}
