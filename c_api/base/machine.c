/* Counts the cores that the process may use: those that it may run on, or fewer if a control group limits its time. */
#include "base/machine_internal.h"

#include "moco/error.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads "QUOTA PERIOD" in microseconds. Returns how many cores that is, or `most` if there is no limit below. */
static int32_t read_limit(const char *folder, int32_t most)
{
    char path[MOCO_PATH_MAX + 96];
    char text[64] = "";
    char *end = text;
    (void)snprintf(path, sizeof path, "%s/cpu.max", folder);
    FILE *file = fopen(path, "r");
    const bool read = file != NULL && fgets(text, sizeof text, file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    const double quota = read ? strtod(text, &end) : 0; /* "max" gives 0 */
    const double period = quota > 0 ? strtod(end, NULL) : 0;
    if (period <= 0 || quota / period >= most) {
        return most;
    }
    return quota < period ? 1 : (int32_t)(quota / period);
}

/* Finds the line "0::/GROUP" of /proc/self/cgroup. */
static bool read_group(char *out, size_t size, const char *membership)
{
    char line[MOCO_PATH_MAX];
    bool found = false;
    FILE *file = fopen(membership, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, "0::", 3) == 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(out, size, "%s", line + 3);
    }
    return found;
}

int32_t moco__cores_of_group(int32_t most, const char *groups, const char *membership)
{
    char group[MOCO_PATH_MAX] = "";
    char folder[MOCO_PATH_MAX + 64];
    if (!read_group(group, sizeof group, membership)) {
        return most;
    }
    for (;;) { /* the limits of all groups above hold too */
        (void)snprintf(folder, sizeof folder, "%s%s", groups, group);
        most = read_limit(folder, most);
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            return most;
        }
        *slash = '\0';
    }
}

int32_t moco__cores(void)
{
    cpu_set_t cores;
    const int32_t count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return moco__cores_of_group(count, "/sys/fs/cgroup", "/proc/self/cgroup");
}
