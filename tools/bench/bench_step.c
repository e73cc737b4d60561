/*
 * moco bench step and train: measures the training step on random images, or with the loader in front of it. Repeats of
 * several steps are timed. A last repeat measures the phases of a step, which may slow it down.
 */
#include "bench/bench.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "commands/data.h"

#include <stdio.h>
#include <string.h>

typedef struct step_job {
    const bench_options *options;
    moco_config config; /* the options', resolved */
    moco_device device;
    moco_dataset *images; /* these three are NULL with random images */
    moco_sampler *sampler;
    moco_loader *loader;
    moco_tensor *query, *key;
    moco_model *model;
    double wall[BENCH_MAX_REPEATS], cpu[BENCH_MAX_REPEATS]; /* seconds per step */
    double wait;                                            /* seconds per step spent waiting for data */
    double peak_bytes;
    int64_t device_peak_bytes;
    /* the last repeat, in seconds per step */
    moco_step_times phases;
    double phases_wall, phases_cpu, phases_wait;
} step_job;

static moco_layout layout_of(const step_job *job)
{
    return job->config.layout == MOCO_LAYOUT_NHWC ? MOCO_NHWC : MOCO_NCHW;
}

/* As moco train does. */
static moco_dtype dtype_of(const step_job *job)
{
    return job->config.precision == MOCO_PRECISION_BF16 ? MOCO_BFLOAT16 : MOCO_FLOAT32;
}

static void copy_values(void *to, const float *from, size_t count, moco_dtype dtype)
{
    if (dtype == MOCO_FLOAT32) {
        memcpy(to, from, count * sizeof *from);
        return;
    }
    uint16_t *halves = to;
    for (size_t i = 0; i < count; ++i) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        halves[i] = (uint16_t)(bits >> 16);
    }
}

/* Makes random values like those of normalised images. Their order in memory does not matter. */
static moco_status make_view(moco_tensor **out, const step_job *job, uint64_t seed)
{
    const int64_t size = job->config.image_size;
    const int64_t batch = job->config.batch;
    const int64_t channels = job->config.channels;
    const int64_t sizes[4] = { batch, channels, size, size };
    moco_tensor *random = NULL;
    void *values = NULL;
    void *source = NULL;
    MOCO_TRY(moco_tensor_randn(&random, NULL, (moco_device){ MOCO_CPU, 0 }, sizes, 4, seed));
    moco_status status = moco_tensor_data(&source, random);
    if (status == MOCO_OK) {
        status = moco_image_batch_create(out, &values, NULL, dtype_of(job), batch, (int32_t)channels, (int32_t)size,
                                         (int32_t)size, layout_of(job), job->device);
    }
    if (status == MOCO_OK) {
        copy_values(values, source, (size_t)(batch * channels * size * size), dtype_of(job));
    }
    moco_tensor_free(random);
    return status;
}

static moco_status make_views(step_job *job)
{
    job->config.image_size = job->config.image_size > 0 ? job->config.image_size : 224;
    MOCO_TRY(make_view(&job->query, job, 1));
    return make_view(&job->key, job, 2);
}

static moco_status open_loader(step_job *job, const char *data)
{
    const moco_config *config = &job->config;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_loader_options how = MOCO_LOADER_OPTIONS_INIT;
    MOCO_TRY(data_open(&job->images, "data", data, config->format, MOCO_SPLIT_TRAIN, config->skip_broken));
    order.batch = (size_t)config->batch;
    how.layout = layout_of(job);
    how.dtype = dtype_of(job);
    how.device = job->device;
    MOCO_TRY(bench_open_loader(&job->sampler, &job->loader, job->images, config, order, how));
    job->config.image_size = moco_loader_image_size(job->loader);
    return MOCO_OK;
}

static moco_status make_model(step_job *job)
{
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    MOCO_TRY(moco_config_encoder_options(&network, &job->config, job->device));
    options.encoder = &network;
    options.queue_size = job->config.queue_size;
    options.symmetric = job->config.symmetric;
    options.cuda_graph = job->config.cuda_graph == MOCO_CUDA_GRAPH_ON;
    return moco_model_create(&job->model, &options);
}

static moco_status open_job(step_job *job, const char *data)
{
    moco_config *config = &job->config;
    *config = job->options->config;
    config->batch = config->batch > 0 ? config->batch : 32;
    MOCO_TRY(moco_threads_set((int32_t)config->threads));
    MOCO_TRY(moco_device_parse(&job->device, config->device));
    if (job->device.type == MOCO_CUDA) {
        MOCO_TRY(moco_device_set(MOCO_SETTING_TF32, config->tf32));
    }
    moco_config_resolve_arithmetic(config, job->device);
    MOCO_TRY(data != NULL ? open_loader(job, data) : make_views(job));
    return make_model(job);
}

static moco_status run_steps(step_job *job, int64_t count)
{
    moco_batch batch = { .query = job->query, .key = job->key };
    for (int64_t i = 0; i < count; ++i) {
        if (job->loader != NULL) {
            MOCO_TRY(moco_loader_next(job->loader, &batch));
        }
        MOCO_TRY(moco_model_step(NULL, job->model, batch.query, batch.key, 0.03, 0.999));
    }
    return moco_device_synchronize(job->device);
}

static double waited(const step_job *job)
{
    return job->loader != NULL ? moco_loader_seconds(job->loader, MOCO_STAGE_WAIT) : 0;
}

/* Times the steps of a repeat, in seconds per step. */
static moco_status time_steps(double *wall, double *cpu, double *wait, step_job *job)
{
    const double count = (double)job->options->steps;
    const double wall_start = clock_now();
    const double cpu_start = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double wait_start = waited(job);
    MOCO_TRY(run_steps(job, job->options->steps));
    *wall = (clock_now() - wall_start) / count;
    *cpu = (clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) / count;
    *wait = (waited(job) - wait_start) / count;
    return MOCO_OK;
}

static moco_status measure(step_job *job)
{
    const size_t repeats = (size_t)job->options->repeats;
    MOCO_TRY(run_steps(job, job->options->warmup));
    for (size_t i = 0; i < repeats; ++i) {
        double wait = 0;
        MOCO_TRY(time_steps(&job->wall[i], &job->cpu[i], &wait, job));
        job->wait += wait / (double)repeats;
    }
    job->peak_bytes = bench_peak_bytes();
    MOCO_TRY(moco_device_peak_bytes(&job->device_peak_bytes, job->device));
    moco_model_profile(job->model, &job->phases);
    MOCO_TRY(time_steps(&job->phases_wall, &job->phases_cpu, &job->phases_wait, job));
    moco_model_profile(job->model, NULL);
    return MOCO_OK;
}

/* Prints the milliseconds per step of each phase; "other" is the time between phases and steps. */
static void print_phases(const step_job *job, const char *name, const double *seconds, double wait, double total)
{
    const double steps = (double)job->phases.steps;
    double other = total - wait;
    (void)printf("\"%s\": {\"data wait\": %.4f", name, 1e3 * wait);
    for (int i = 0; i < MOCO_PHASE_COUNT; ++i) {
        other -= seconds[i] / steps;
        (void)printf(", \"%s\": %.4f", moco_phase_name((moco_phase)i), 1e3 * seconds[i] / steps);
    }
    (void)printf(", \"other\": %.4f, \"total\": %.4f}", 1e3 * other, 1e3 * total);
}

static void print_json(const step_job *job)
{
    const bench_options *o = job->options;
    const moco_config *c = &job->config;
    const size_t repeats = (size_t)o->repeats;
    (void)printf("{\"part\": \"%s\", \"arch\": \"%s\", \"image_size\": %lld, \"batch\": %lld, \"queue_size\": %lld, "
                 "\"dim\": %lld, \"bn_splits\": %lld, \"mlp\": %s, \"cifar_stem\": %s, \"symmetric\": %s, ",
                 job->loader != NULL ? "train" : "step", c->arch, (long long)c->image_size, (long long)c->batch,
                 (long long)c->queue_size, (long long)c->dim, (long long)c->bn_splits, c->mlp ? "true" : "false",
                 c->cifar_stem ? "true" : "false", c->symmetric ? "true" : "false");
    (void)printf("\"precision\": \"%s\", \"layout\": \"%s\", \"device\": \"%s\", \"threads\": %d, \"steps\": %lld, "
                 "\"warmup\": %lld, ",
                 moco_config_choice(c, "precision"), moco_config_choice(c, "layout"),
                 job->device.type == MOCO_CUDA ? "cuda" : "cpu", moco_threads(), (long long)o->steps,
                 (long long)o->warmup);
    bench_print_json("wall_ms", job->wall, repeats);
    (void)printf(", ");
    bench_print_json("cpu_ms", job->cpu, repeats);
    (void)printf(", \"images_per_second\": %.3f, \"data_wait_ms\": %.4f, \"peak_bytes\": %.0f, "
                 "\"device_peak_bytes\": %lld, ",
                 (double)job->config.batch / bench_summarize(job->wall, repeats).median, 1e3 * job->wait,
                 job->peak_bytes, (long long)job->device_peak_bytes);
    print_phases(job, "phases_wall_ms", job->phases.wall, job->phases_wait, job->phases_wall);
    (void)printf(", ");
    print_phases(job, "phases_cpu_ms", job->phases.cpu, 0, job->phases_cpu);
    (void)printf("}\n");
}

static void print_summary(const char *name, const double *seconds, size_t count)
{
    const bench_summary s = bench_summarize(seconds, count);
    (void)printf("  %-10s %10.2f ms per step; %.2f to %.2f, spread %.1f %%\n", name, 1e3 * s.median, 1e3 * s.min,
                 1e3 * s.max, 100 * s.spread);
}

static void print_row(const char *name, double wall, double cpu, double total)
{
    (void)printf("  %-10s %10.2f ms %5.1f %% %10.2f ms of CPU time\n", name, 1e3 * wall, 100 * wall / total, 1e3 * cpu);
}

static void print_text(const step_job *job)
{
    const bench_options *o = job->options;
    const moco_config *c = &job->config;
    const size_t repeats = (size_t)o->repeats;
    const double steps = (double)job->phases.steps;
    char bytes[32];
    (void)printf("%s%s, %lld pixels, batch %lld, K %lld, %s, %s, %s, %d thread%s; %lld repeat%s of %lld step%s\n",
                 c->arch, job->loader != NULL ? " with its loader" : "", (long long)c->image_size, (long long)c->batch,
                 (long long)c->queue_size, moco_config_choice(c, "precision"), moco_config_choice(c, "layout"),
                 c->device, moco_threads(), plural((uint64_t)moco_threads()), (long long)o->repeats,
                 plural((uint64_t)o->repeats), (long long)o->steps, plural((uint64_t)o->steps));
    print_summary("wall time", job->wall, repeats);
    print_summary("CPU time", job->cpu, repeats);
    (void)printf("  %.1f images/s, peak memory %s",
                 (double)job->config.batch / bench_summarize(job->wall, repeats).median,
                 format_bytes(bytes, sizeof bytes, job->peak_bytes));
    if (job->device.type != MOCO_CPU) {
        (void)printf(", peak memory of the device %s",
                     format_bytes(bytes, sizeof bytes, (double)job->device_peak_bytes));
    }
    (void)printf("\nPhases, over %lld more step%s:\n", (long long)job->phases.steps,
                 plural((uint64_t)job->phases.steps));
    if (job->loader != NULL) {
        print_row("data wait", job->phases_wait, 0, job->phases_wall);
    }
    for (int i = 0; i < MOCO_PHASE_COUNT; ++i) {
        print_row(moco_phase_name((moco_phase)i), job->phases.wall[i] / steps, job->phases.cpu[i] / steps,
                  job->phases_wall);
    }
    print_row("total", job->phases_wall, job->phases_cpu, job->phases_wall);
}

static int run(const bench_options *options, const char *data)
{
    step_job job = { .options = options };
    int code = EXIT_OK;
    if (open_job(&job, data) != MOCO_OK || measure(&job) != MOCO_OK) {
        code = say_failure();
    } else if (options->json) {
        print_json(&job);
    } else {
        print_text(&job);
    }
    moco_model_free(job.model);
    moco_tensor_free(job.key);
    moco_tensor_free(job.query);
    moco_loader_free(job.loader);
    moco_sampler_free(job.sampler);
    data_warn_of_skipped(job.images);
    moco_dataset_free(job.images);
    return code;
}

int bench_step(const bench_options *options, const char *data)
{
    (void)data;
    return run(options, NULL);
}

int bench_train(const bench_options *options, const char *data)
{
    return run(options, data);
}
