/* Counts the cores that the process may use: those that it may run on, or fewer if a control group limits its time. */
#include "base/machine_internal.h"

#include "moco/error.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_SIZE = 3 * MOCO_PATH_MAX };

static bool read_line(char *out, int size, const char *folder, const char *name)
{
    char path[FOLDER_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    const bool read = file != NULL && fgets(out, size, file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    return read;
}

/* Returns the number of cores of a quota and a period in microseconds, or `most` if they are no limit below. */
static int32_t cores_of_quota(double quota, double period, int32_t most)
{
    if (quota <= 0 || period <= 0 || quota / period >= most) {
        return most;
    }
    return quota < period ? 1 : (int32_t)(quota / period);
}

/* Reads the limit of a group: "QUOTA PERIOD" in cpu.max of version 2, or a file for each in version 1. A quota of "max"
 * gives 0, and -1 means none. */
static int32_t read_limit(const char *folder, int32_t most)
{
    char quota[64] = "";
    char period[64] = "";
    char *end = quota;
    if (read_line(quota, sizeof quota, folder, "cpu.max")) {
        const double number = strtod(quota, &end);
        return cores_of_quota(number, strtod(end, NULL), most);
    }
    const bool known = read_line(quota, sizeof quota, folder, "cpu.cfs_quota_us") &&
                       read_line(period, sizeof period, folder, "cpu.cfs_period_us");
    return known ? cores_of_quota(strtod(quota, NULL), strtod(period, NULL), most) : most;
}

/* Lowers a number of cores to the limits of a group and of all groups above. */
static int32_t climb(int32_t most, const char *mount, char *group)
{
    char folder[FOLDER_SIZE];
    for (;;) {
        (void)snprintf(folder, sizeof folder, "%s%s", mount, group);
        most = read_limit(folder, most);
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            return most;
        }
        *slash = '\0';
    }
}

/* Returns whether the names of controllers, as "cpu,cpuacct", have the one for time. */
static bool counts_time(const char *controllers)
{
    for (const char *at = controllers; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        const size_t length = strcspn(at, ",");
        if (length == 3 && memcmp(at, "cpu", length) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads a line "NUMBER:CONTROLLERS:/GROUP"; version 2 has no controllers there. Each version is mounted in its places.
 */
static int32_t read_membership(int32_t most, const char *groups, char *line)
{
    char mount[MOCO_PATH_MAX + 256];
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(++controllers, ':') : NULL;
    if (group == NULL) {
        return most;
    }
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (controllers[0] != '\0' && !counts_time(controllers)) {
        return most;
    }
    const bool second = controllers[0] == '\0';
    const char *const places[] = { second ? "" : "cpu", second ? "unified" : controllers };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
        char copy[MOCO_PATH_MAX];
        (void)snprintf(copy, sizeof copy, "%s", group);
        (void)snprintf(mount, sizeof mount, "%s%s%.200s", groups, places[i][0] != '\0' ? "/" : "", places[i]);
        most = climb(most, mount, copy);
    }
    return most;
}

int32_t moco__cores_of_group(int32_t most, const char *groups, const char *membership)
{
    char line[MOCO_PATH_MAX];
    FILE *file = fopen(membership, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        most = read_membership(most, groups, line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return most;
}

int32_t moco__cores(void)
{
    cpu_set_t cores;
    const int32_t count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return moco__cores_of_group(count, "/sys/fs/cgroup", "/proc/self/cgroup");
}
