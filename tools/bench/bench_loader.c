/*
 * moco bench loader: measures files per second, CPU time per stage, and memory.
 */
#include "bench/bench.h"
#include "cli/clock.h"
#include "cli/output.h"
#include "commands/data.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 6 }; /* batches */

typedef struct loader_job {
    moco_dataset *images;
    moco_sampler *sampler;
    moco_loader *loader;
    size_t files;
    double seconds, cpu_seconds;
    double stages[MOCO_STAGE_COUNT]; /* CPU seconds in each */
    double peak_bytes;
    double start_bytes;     /* before the loader was made */
    double in_flight_bytes; /* of the batches */
} loader_job;

/* Returns the resident memory of the process in bytes; 0 if the kernel does not report it. */
static double resident_bytes(void)
{
    long pages = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    const bool known = fscanf(file, "%ld %ld", &pages, &resident) == 2; /* NOLINT: the kernel's own numbers */
    (void)fclose(file);
    return known ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

moco_status bench_open_loader(moco_sampler **sampler, moco_loader **loader, const moco_dataset *images,
                              const moco_config *config, moco_sampler_options order, moco_loader_options how)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_config used = *config;
    if (used.channels != 3) {
        (void)snprintf(used.normalize, sizeof used.normalize, "none"); /* the numbers change nothing in the speed */
    }
    order.count = moco_dataset_count(images);
    MOCO_TRY(moco_sampler_create(sampler, &order));
    MOCO_TRY(moco_config_policy(&policy, &used, MOCO_POLICY_TRAIN));
    how.workers = (int32_t)config->workers;
    how.fast = config->augment_precision == MOCO_AUGMENT_FAST;
    how.skip_broken = config->skip_broken;
    return moco_loader_create(loader, images, *sampler, &policy, NULL, &how);
}

static moco_status open_job(loader_job *job, const moco_config *config, const char *data)
{
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_loader_options how = MOCO_LOADER_OPTIONS_INIT;
    MOCO_TRY(data_open(&job->images, "data", data, config->format, MOCO_SPLIT_TRAIN, config->skip_broken));
    order.batch = config->batch > 0 ? (size_t)config->batch : 64;
    order.drop_last = moco_dataset_count(job->images) >= order.batch;
    how.layout = config->layout == MOCO_LAYOUT_NHWC ? MOCO_NHWC : MOCO_NCHW;
    how.dtype = config->precision == MOCO_PRECISION_BF16 ? MOCO_BFLOAT16 : MOCO_FLOAT32;
    how.measure = true;
    job->start_bytes = resident_bytes();
    MOCO_TRY(bench_open_loader(&job->sampler, &job->loader, job->images, config, order, how));
    const double size = (double)moco_loader_image_size(job->loader);
    job->in_flight_bytes = 2.0 * ((double)how.prefetch + 1.0) * (double)order.batch * (double)config->channels * size *
                           size * (double)moco_dtype_size(how.dtype);
    return MOCO_OK;
}

/*
 * Waits until the batches ahead are made and the workers rest, and returns the time when that was. From one rest to the
 * next the workers make exactly as many batches as are taken.
 */
static double await_rest(void)
{
    const struct timespec pause = { 0, 2000000 };
    const double looking = 0.0002; /* CPU seconds that a look may take */
    double end = clock_now();
    double before = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    while (clock_now() - end < 0.1) {
        (void)nanosleep(&pause, NULL);
        const double now = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (now - before > looking) {
            end = clock_now();
        }
        before = now;
    }
    return end;
}

static void read_clocks(loader_job *job, double sign)
{
    job->cpu_seconds += sign * clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < MOCO_STAGE_COUNT; ++i) {
        job->stages[i] += sign * moco_loader_seconds(job->loader, (moco_stage)i);
    }
}

static moco_status measure(loader_job *job, const bench_options *o)
{
    moco_batch batch;
    /* Use each batch of the ring once, so that its memory is mapped. */
    for (int32_t i = 0; i < WARM_UP; ++i) {
        MOCO_TRY(moco_loader_next(job->loader, &batch));
    }
    (void)await_rest();
    const double start = clock_now();
    read_clocks(job, -1.0);
    while (o->limit > 0 ? job->files < (size_t)o->limit : clock_now() - start < (double)o->seconds) {
        MOCO_TRY(moco_loader_next(job->loader, &batch));
        job->files += batch.count;
    }
    job->seconds = await_rest() - start;
    read_clocks(job, 1.0);
    job->peak_bytes = bench_peak_bytes();
    return MOCO_OK;
}

/* Returns microseconds per file. */
static double per_file(const loader_job *job, double seconds)
{
    return 1e6 * seconds / (double)job->files;
}

/* Returns the peak memory of the loader without the batches in flight; 0 if not all of those were full. */
static double over_bytes(const loader_job *job)
{
    const double over = job->peak_bytes - job->start_bytes - job->in_flight_bytes;
    return over > 0 ? over : 0;
}

static void print_json(const loader_job *job, const bench_options *o)
{
    (void)printf(
        "{\"recipe\": \"%s\", \"workers\": %lld, \"files\": %zu, \"seconds\": %.4f, \"files_per_second\": %.2f, "
        "\"cpu_seconds\": %.4f, \"files_per_cpu_second\": %.2f, \"peak_bytes\": %.0f, "
        "\"in_flight_bytes\": %.0f, \"over_bytes\": %.0f, \"stages_us\": {",
        o->config.augment, (long long)o->config.workers, job->files, job->seconds, (double)job->files / job->seconds,
        job->cpu_seconds, (double)job->files / job->cpu_seconds, job->peak_bytes, job->in_flight_bytes,
        over_bytes(job));
    for (int i = 0; i < MOCO_STAGE_COUNT; ++i) {
        (void)printf("%s\"%s\": %.2f", i > 0 ? ", " : "", moco_stage_name((moco_stage)i),
                     per_file(job, job->stages[i]));
    }
    (void)printf("}}\n");
}

static void print_text(const loader_job *job, const bench_options *o)
{
    char bytes[32];
    (void)printf("%zu file%s, two views each, recipe %s, in %.1f s: %.0f files/s, %.0f files per CPU second\n",
                 job->files, plural(job->files), o->config.augment, job->seconds, (double)job->files / job->seconds,
                 (double)job->files / job->cpu_seconds);
    for (int i = 0; i < MOCO_STAGE_COUNT; ++i) {
        (void)printf("  %-10s %8.1f us per file\n", moco_stage_name((moco_stage)i), per_file(job, job->stages[i]));
    }
    (void)printf("  %-10s %8.1f us per file\n", "total", per_file(job, job->cpu_seconds));
    (void)printf("peak memory %s: ", format_bytes(bytes, sizeof bytes, job->peak_bytes));
    (void)printf("%s before the loader started, ", format_bytes(bytes, sizeof bytes, job->start_bytes));
    (void)printf("%s of batches in flight, ", format_bytes(bytes, sizeof bytes, job->in_flight_bytes));
    (void)printf("%s for the loader itself\n", format_bytes(bytes, sizeof bytes, over_bytes(job)));
}

int bench_loader(const bench_options *options, const char *data)
{
    loader_job job = { 0 };
    int code = EXIT_OK;
    if (open_job(&job, &options->config, data) != MOCO_OK || measure(&job, options) != MOCO_OK) {
        code = say_failure();
    } else if (options->json) {
        print_json(&job, options);
    } else {
        print_text(&job, options);
    }
    moco_loader_free(job.loader);
    moco_sampler_free(job.sampler);
    data_warn_of_skipped(job.images);
    moco_dataset_free(job.images);
    return code;
}
