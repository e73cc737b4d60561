/*
 * moco doctor: shows what this machine has, and what moco cannot use.
 */
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/doctor_ranks.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef struct doctor_options {
    bool distributed;
    char device[16];
    launch_settings launch;
} doctor_options;

static doctor_options values = { .device = "auto", .launch = LAUNCH_SETTINGS_INIT };

static const moco_option options[] = {
    { .name = "distributed",
      MOCO_BOOL_OPTION(doctor_options, distributed),
      .help = "start the processes and test their exchanges instead" },
    { .name = "device",
      MOCO_TEXT_OPTION(doctor_options, device, "D"),
      .help = "with --distributed: cpu or cuda; auto: GPUs if they can be used" },
    LAUNCH_OPTIONS(doctor_options, launch),
};

static const char fashion_mnist[] = "/usr/share/datasets/fashion-mnist";

static void print_row(const char *name, const char *format, ...) MOCO_PRINTF(2, 3);

static void print_row(const char *name, const char *format, ...)
{
    va_list args;
    (void)printf("%-16s", name);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
}

/* Reads the value of the first line that begins with a key, as in /proc/cpuinfo. Returns false if there is none. */
static bool read_value(char *buffer, size_t size, const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (file != NULL && !found && getline(&line, &room, file) > 0) {
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *value = line + strlen(key);
            value += strspn(value, " \t:");
            (void)snprintf(buffer, size, "%.*s", (int)strcspn(value, "\n"), value);
            found = true;
        }
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

/* Reads a number from a control group's file: bytes, or microseconds; 0 if there is no limit. */
static double read_limit(const char *path, double *second)
{
    char text[64];
    char *end = NULL;
    if (!read_value(text, sizeof text, path, "") || strncmp(text, "max", 3) == 0) {
        return 0;
    }
    const double first = (double)strtoull(text, &end, 10);
    if (second != NULL) {
        *second = (double)strtoull(end, NULL, 10);
    }
    return first;
}

static void print_cores(void)
{
    cpu_set_t set;
    char model[256] = "unknown processor";
    double period = 0;
    (void)read_value(model, sizeof model, "/proc/cpuinfo", "model name");
    const int usable = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    print_row("processor", "%s", model);
    print_row("cores", "%d usable of %ld", usable, sysconf(_SC_NPROCESSORS_ONLN));
    const double quota = read_limit("/sys/fs/cgroup/cpu.max", &period);
    if (quota > 0 && period > 0 && quota / period < usable) {
        print_row("", "but a control group limits the time to %.1f cores; --threads auto takes that into account",
                  quota / period);
    }
}

static void print_features(void)
{
    static const char *const wanted[] = { "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16" };
    enum { FLAGS_SIZE = 16384 };
    static char flags[FLAGS_SIZE + 2];
    char found[128] = "";
    static char line[FLAGS_SIZE];
    if (!read_value(line, sizeof line, "/proc/cpuinfo", "flags")) {
        return;
    }
    (void)snprintf(flags, sizeof flags, " %s ", line);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; ++i) {
        char word[32];
        (void)snprintf(word, sizeof word, " %s ", wanted[i]);
        if (strstr(flags, word) != NULL) {
            const size_t used = strlen(found);
            (void)snprintf(found + used, sizeof found - used, "%s%s", used > 0 ? ", " : "", wanted[i]);
        }
    }
    print_row("features", "%s", found[0] != '\0' ? found : "none that moco uses");
    if (strstr(found, "bf16") == NULL) {
        print_row("", "the processor has no bf16 arithmetic, so --precision bf16 is slow");
    }
}

static void print_memory(void)
{
    char text[64];
    char total[32];
    char free_text[32];
    if (read_value(text, sizeof text, "/proc/meminfo", "MemTotal")) {
        (void)format_bytes(total, sizeof total, 1024.0 * (double)strtoull(text, NULL, 10));
        const bool known = read_value(text, sizeof text, "/proc/meminfo", "MemAvailable");
        (void)format_bytes(free_text, sizeof free_text, known ? 1024.0 * (double)strtoull(text, NULL, 10) : 0);
        print_row("memory", "%s, %s available", total, free_text);
    }
    const double limit = read_limit("/sys/fs/cgroup/memory.max", NULL);
    if (limit > 0) {
        print_row("", "a control group limits it to %s", format_bytes(total, sizeof total, limit));
    }
    struct statvfs disk;
    if (statvfs(".", &disk) == 0) {
        print_row("disk", "%s free here",
                  format_bytes(total, sizeof total, (double)disk.f_bavail * (double)disk.f_frsize));
    }
}

static void print_devices(void)
{
    char text[256];
    moco_device device = { MOCO_CPU, 0 };
    if (moco_device_describe(text, sizeof text, device) == MOCO_OK) {
        print_row("cpu", "%s; %d thread%s", text, moco_threads(), plural((uint64_t)moco_threads()));
    } else {
        print_row("cpu", "not usable: %s", moco_error_message());
    }
    const char *reason = "";
    const int32_t count = moco_device_cuda_count(&reason);
    if (count == 0) {
        print_row("cuda", "%s%s", strncmp(reason, "no GPU", 6) == 0 ? "" : "not usable: ", reason);
    }
    for (int32_t i = 0; i < count; ++i) {
        char name[32];
        device = (moco_device){ MOCO_CUDA, i };
        (void)snprintf(name, sizeof name, "cuda:%d", i);
        print_row(name, "%s", moco_device_describe(text, sizeof text, device) == MOCO_OK ? text : moco_error_message());
    }
}

static void print_data(void)
{
    moco_dataset *images = NULL;
    if (moco_dataset_open(&images, fashion_mnist, NULL) == MOCO_OK) {
        print_row("Fashion-MNIST", "%s, %zu training images", fashion_mnist, moco_dataset_count(images));
    } else {
        print_row("Fashion-MNIST", "not usable: %s (Debian: apt install dataset-fashion-mnist)", moco_error_message());
    }
    moco_dataset_free(images);
}

static int run(const arguments *args)
{
    (void)args;
    struct utsname system;
    int code = EXIT_OK;
    if (values.distributed) {
        return launch_start(&code, &values.launch, values.device, &command_doctor)
                   ? code
                   : doctor_ranks(&values.launch, values.device);
    }
    print_row("moco", "%s", moco_version());
    print_row("libtorch", "%s", moco_libtorch_version());
    if (uname(&system) == 0) {
        print_row("system", "%s %s, %s", system.sysname, system.release, system.machine);
    }
    print_cores();
    print_features();
    print_memory();
    print_devices();
    print_data();
    return EXIT_OK;
}

const tool_command command_doctor = {
    .name = "doctor",
    .synopsis = "[--distributed]",
    .summary = "show what this machine has, and what moco cannot use",
    .text = "Shows processor, memory, devices and libraries, and says what moco cannot use and why. With --distributed "
            "it starts the processes of a run, tests each kind of exchange between them, and shows the device of each "
            "process and the speed.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .run = run,
};
