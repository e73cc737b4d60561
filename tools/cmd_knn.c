/*
 * moco knn: how well a checkpoint's features tell classes apart, by the vote of nearest neighbours.
 */
#include "data.h"
#include "network.h"
#include "output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct knn_options {
    char train[MOCO_PATH_MAX], test[MOCO_PATH_MAX], format[16];
    int64_t k;
    double temperature;
    char features[16], baseline[16], preset[32], device[16];
    int64_t limit, workers, threads, batch, image_size;
    bool skip_broken, json;
} knn_options;

static knn_options values = {
    .format = "auto", .features = "auto", .baseline = "none", .device = "auto", .batch = 256
};

static const moco_option options[] = {
    OPTION_PATH("train", NULL, "DATA", "labelled images that vote", knn_options, train),
    OPTION_PATH("test", NULL, "DATA", "labelled images to classify; may be the same path, for its test split",
                knn_options, test),
    OPTION_CHOICE("format", NULL, "F", "auto|folder|idx|cifar|tar", "layout of the data on disk", knn_options, format),
    OPTION_INT("neighbours", "k", 1, 1e6, true, "neighbours that vote; auto: the run's", knn_options, k),
    { "temperature", NULL, MOCO_OPTION_REAL, NULL, "X", "temperature of the votes' weights; auto: the run's", NULL,
      0.001, 100, true, OPTION_FIELD(knn_options, temperature) },
    OPTION_CHOICE("features", NULL, "F", "auto|pooled|output", "before the head, or the embedding; auto: the run's",
                  knn_options, features),
    OPTION_CHOICE("baseline", NULL, "B", "none|pixels|random",
                  "compare raw pixels, or the network before training, instead", knn_options, baseline),
    OPTION_TEXT("preset", NULL, "NAME", "with --baseline and no run: the preset that gives network and image size",
                knn_options, preset),
    OPTION_INT("limit", "n", 0, 1e9, false, "take only N images of each set; 0: all", knn_options, limit),
    OPTION_INT("image-size", NULL, 8, 1024, true, "height and width in pixels; auto: the run's", knn_options,
               image_size),
    OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N; auto: the run's", knn_options, device),
    OPTION_INT("batch", "b", 1, 65536, false, "images at a time", knn_options, batch),
    OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", knn_options, workers),
    OPTION_INT("threads", NULL, 1, 4096, true, "threads that compute; auto: one a core", knn_options, threads),
    OPTION_FLAG("skip-broken", NULL, "leave out images that cannot be read", knn_options, skip_broken),
    OPTION_FLAG("json", NULL, "print the result as JSON", knn_options, json),
};

/* What is compared, and with what. */
typedef struct knn_job {
    network net; /* path empty: a baseline without a run; encoder NULL: pixels */
    moco_features_options how;
    moco_dataset *train_images, *test_images;
    moco_features *bank, *queries;
    moco_knn_options knn;
    double accuracy, seconds;
} knn_job;

static int check_usage(const arguments *args)
{
    if (values.train[0] == '\0' || values.test[0] == '\0') {
        return say_usage(&command_knn, "--%s DATA is missing: labelled images %s",
                         values.train[0] == '\0' ? "train" : "test",
                         values.train[0] == '\0' ? "that vote" : "to classify");
    }
    const bool baseline = strcmp(values.baseline, "none") != 0;
    if (args->positional_count == 0 && !(baseline && values.preset[0] != '\0')) {
        return say_usage(&command_knn, "RUN or CHECKPOINT is missing%s",
                         baseline ? "; a baseline may have --preset NAME instead" : "");
    }
    if (args->positional_count > 0 && values.preset[0] != '\0') {
        return say_usage(&command_knn, "--preset is for a baseline without a run; the run has its own settings");
    }
    return EXIT_OK;
}

/* Reads the settings of the run, or of the preset. */
static moco_status find_network(knn_job *job, const arguments *args)
{
    if (args->positional_count > 0) {
        return network_find(&job->net, args->positional[0], values.device);
    }
    moco_config_init(&job->net.config);
    MOCO_TRY(moco_config_apply_preset(&job->net.config, values.preset));
    const bool automatic = strcmp(values.device, "auto") == 0;
    return moco_device_parse(&job->net.device, automatic ? job->net.config.device : values.device);
}

static moco_status make_encoder(knn_job *job)
{
    if (strcmp(values.baseline, "pixels") == 0) {
        job->how.kind = MOCO_FEATURE_PIXELS;
        return MOCO_OK;
    }
    return strcmp(values.baseline, "random") == 0 ? network_make_random(&job->net) : network_load(&job->net);
}

static moco_status open_data(knn_job *job)
{
    MOCO_TRY(data_open(&job->train_images, values.train, values.format, MOCO_SPLIT_TRAIN));
    MOCO_TRY(data_open(&job->test_images, values.test, values.format, MOCO_SPLIT_TEST));
    const size_t train_classes = moco_dataset_class_count(job->train_images);
    const size_t test_classes = moco_dataset_class_count(job->test_images);
    if (train_classes == 0 || test_classes == 0) {
        return moco_error_set(MOCO_EINVALID, "%s has no labels; give a folder with one folder a class",
                              train_classes == 0 ? values.train : values.test);
    }
    if (train_classes != test_classes) {
        return moco_error_set(MOCO_EINVALID, "%s has %zu classes and %s has %zu; they must be the same", values.train,
                              train_classes, values.test, test_classes);
    }
    for (size_t i = 0; i < train_classes; ++i) {
        const char *train_name = moco_dataset_class_name(job->train_images, i);
        const char *test_name = moco_dataset_class_name(job->test_images, i);
        if (train_name != NULL && test_name != NULL && strcmp(train_name, test_name) != 0) {
            return moco_error_set(MOCO_EINVALID, "class %zu is '%s' in %s and '%s' in %s; they must be the same", i,
                                  train_name, values.train, test_name, values.test);
        }
    }
    return MOCO_OK;
}

static moco_status set_up(knn_job *job, const arguments *args)
{
    MOCO_TRY(find_network(job, args));
    moco_config *config = &job->net.config;
    MOCO_TRY(moco_threads_set((int32_t)values.threads));
    if (strcmp(values.features, "auto") != 0) {
        MOCO_TRY(moco_config_set(config, "knn-features", values.features));
    }
    config->knn_image_size = values.image_size > 0 ? values.image_size : config->knn_image_size;
    job->how = data_features_options(config, job->net.device);
    job->how.batch = (size_t)values.batch;
    job->how.workers = (int32_t)values.workers;
    job->how.limit = (size_t)values.limit;
    job->how.skip_broken = values.skip_broken;
    job->knn = (moco_knn_options)MOCO_KNN_OPTIONS_INIT;
    job->knn.k = values.k > 0 ? values.k : config->knn_k;
    job->knn.temperature = values.temperature > 0 ? values.temperature : config->knn_temperature;
    MOCO_TRY(open_data(job));
    return make_encoder(job);
}

static moco_status measure(knn_job *job)
{
    struct timespec start;
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    MOCO_TRY(moco_features_extract(&job->bank, job->train_images, job->net.encoder, &job->how));
    MOCO_TRY(moco_features_extract(&job->queries, job->test_images, job->net.encoder, &job->how));
    MOCO_TRY(moco_knn(&job->accuracy, NULL, job->bank, job->queries, &job->knn));
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    job->seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    return MOCO_OK;
}

static const char *subject(const knn_job *job)
{
    switch (job->how.kind) {
    case MOCO_FEATURE_PIXELS:
        return "pixels";
    case MOCO_FEATURE_OUTPUT:
        return "output";
    case MOCO_FEATURE_POOLED:
        break;
    }
    return "pooled";
}

static void print_json(const knn_job *job)
{
    (void)printf("{\"knn_acc1\": %.4f, \"k\": %lld, \"temperature\": %g, \"features\": \"%s\", \"baseline\": \"%s\", "
                 "\"train_images\": %zu, \"test_images\": %zu, \"seconds\": %.3f, \"checkpoint\": ",
                 job->accuracy, (long long)job->knn.k, job->knn.temperature, subject(job), values.baseline,
                 moco_features_count(job->bank), moco_features_count(job->queries), job->seconds);
    if (job->net.path[0] != '\0' && strcmp(values.baseline, "none") == 0) {
        print_json_text(job->net.path);
    } else {
        (void)printf("null");
    }
    (void)printf("}\n");
}

static void print_text(const knn_job *job)
{
    const bool random = strcmp(values.baseline, "random") == 0;
    (void)printf("kNN accuracy %.2f%% (%s%s%s, k %lld, temperature %g; %zu training and %zu test images, %.1f s)\n",
                 job->accuracy, random ? "untrained network, " : "", subject(job),
                 job->how.kind == MOCO_FEATURE_PIXELS ? "" : " features", (long long)job->knn.k, job->knn.temperature,
                 moco_features_count(job->bank), moco_features_count(job->queries), job->seconds);
}

static int run(const arguments *args)
{
    static knn_job job;
    int code = check_usage(args);
    if (code != EXIT_OK) {
        return code;
    }
    if (set_up(&job, args) != MOCO_OK || measure(&job) != MOCO_OK) {
        code = say_failure();
    } else if (values.json) {
        print_json(&job);
    } else {
        print_text(&job);
    }
    moco_features_free(job.queries);
    moco_features_free(job.bank);
    moco_dataset_free(job.test_images);
    moco_dataset_free(job.train_images);
    network_close(&job.net);
    return code;
}

const tool_command command_knn = {
    .name = "knn",
    .synopsis = "RUN|CHECKPOINT --train DATA --test DATA [options]",
    .summary = "test a checkpoint's features by nearest neighbours",
    .text = "Computes features of labelled images with the query encoder of a checkpoint (of a run: its newest), and "
            "prints the share of test images whose class their nearest training images tell right.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
