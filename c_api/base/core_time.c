/* Reads how long threads ran, and waited for a core, as the kernel counts it. */
#include "base/core_time_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Adds the first two numbers of a thread's schedstat, which are nanoseconds. */
static void add(moco__core_time *sum, int folder, const char *thread)
{
    char name[NAME_MAX + sizeof "/schedstat"];
    char text[96];
    (void)snprintf(name, sizeof name, "%s/schedstat", thread);
    const int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return; /* the thread may just have ended */
    }
    const ssize_t size = read(file, text, sizeof text - 1);
    (void)close(file);
    if (size > 0) {
        text[size] = '\0';
        char *rest = text;
        sum->ran += 1e-9 * (double)strtoull(text, &rest, 10);
        sum->waited += 1e-9 * (double)strtoull(rest, NULL, 10);
    }
}

bool moco__core_time_read_from(moco__core_time *out, const char *folder)
{
    *out = (moco__core_time){ 0, 0 };
    DIR *threads = opendir(folder);
    if (threads == NULL) {
        return false;
    }
    for (const struct dirent *entry = NULL; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] != '.') {
            add(out, dirfd(threads), entry->d_name);
        }
    }
    (void)closedir(threads);
    return out->ran > 0; /* a kernel that does not count writes zeros */
}

bool moco__core_time_read(moco__core_time *out)
{
    return moco__core_time_read_from(out, "/proc/self/task");
}
