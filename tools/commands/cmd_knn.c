/*
 * moco knn: tests a checkpoint's features by the vote of nearest neighbours.
 */
#include "cli/clock.h"
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/output_path.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/evaluation.h"
#include "commands/knn_report.h"
#include "commands/network.h"

#include <stdlib.h>
#include <string.h>

typedef struct knn_options {
    char train[MOCO_PATH_MAX], test[MOCO_PATH_MAX];
    char k[256], temperature[256];
    char confusion[MOCO_PATH_MAX], features_out[MOCO_PATH_MAX];
    char features[16], baseline[16], preset[32];
    int64_t channels, limit, batch;
    bool per_class, json;
    image_settings images;
} knn_options;

static knn_options values = { .features = "auto", .baseline = "none", .batch = 256, .images = IMAGE_SETTINGS_INIT };

static const moco_option options[] = {
    { .name = "train",
      MOCO_PATH_OPTION(knn_options, train, "DATA"),
      .help = "labelled images to search for neighbours" },
    { .name = "test",
      .aliases = { "val" },
      MOCO_PATH_OPTION(knn_options, test, "DATA"),
      .help = "labelled images to classify; with the path of --train, its test split" },
    { .name = "neighbours",
      .aliases = { "k" },
      MOCO_TEXT_OPTION(knn_options, k, "N,N"),
      .help =
          "number of neighbours that vote, or several numbers; auto: a tenth of a small class, or 200 for classes of "
          "1000 images; default: the run's, mostly auto" },
    { .name = "temperature",
      MOCO_TEXT_OPTION(knn_options, temperature, "X,X"),
      .help = "temperature of the votes, or several temperatures; default: the run's" },
    { .name = "per-class",
      MOCO_BOOL_OPTION(knn_options, per_class),
      .help = "show the recall and precision of each class" },
    { .name = "confusion",
      MOCO_PATH_OPTION(knn_options, confusion, "FILE"),
      .help = "draw the confusion matrix of the best setting, as .png, .svg or .pdf" },
    { .name = "features-out",
      MOCO_PATH_OPTION(knn_options, features_out, "FILE"),
      .help = "write features and labels of both sets to a .safetensors file" },
    { .name = "features",
      MOCO_NAME_OPTION(knn_options, features, "F", MOCO_NAMES("auto", "pooled", "output")),
      .help = "pooled: before the head; output: after it; auto: as in the run" },
    { .name = "baseline",
      MOCO_NAME_OPTION(knn_options, baseline, "B", MOCO_NAMES("none", "pixels", "random")),
      .help = "test raw pixels or an untrained network instead of the checkpoint" },
    { .name = "preset",
      MOCO_TEXT_OPTION(knn_options, preset, "NAME"),
      .help = "with --baseline and without a run: preset that sets the network and the image size" },
    { .name = "channels",
      MOCO_INT_OPTION(knn_options, channels, 1, MOCO_MAX_CHANNELS),
      .zero_is_auto = true,
      .help = "with --preset: channels of the images; auto: 3" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(knn_options, limit, 0, 1e9),
      .help = "use only N images of each set; 0: use all" },
    IMAGE_OPTIONS(knn_options, images),
    { .name = "batch", .aliases = { "b" }, MOCO_INT_OPTION(knn_options, batch, 1, 65536), .help = "images per batch" },
    { .name = "json", MOCO_BOOL_OPTION(knn_options, json), .help = "print the result as JSON" },
};

/* The features to test, and the bank that votes on them. */
typedef struct knn_job {
    network net; /* path empty: a baseline without a run; encoder NULL: pixels */
    moco_features_options how;
    moco_dataset *train_images, *test_images;
    moco_features *bank, *queries;
    int64_t k[KNN_MAX_VALUES];
    double temperatures[KNN_MAX_VALUES], accuracies[KNN_MAX_VALUES * KNN_MAX_VALUES];
    size_t k_count, temperature_count;
    bool auto_k;        /* k is decided by the bank */
    int64_t *predicted; /* with every setting */
    double seconds;
} knn_job;

static int check_usage(const arguments *args)
{
    if (values.train[0] == '\0' || values.test[0] == '\0') {
        return say_usage(&command_knn, "--%s DATA is missing: labelled images %s",
                         values.train[0] == '\0' ? "train" : "test",
                         values.train[0] == '\0' ? "to search for neighbours" : "to classify");
    }
    const bool baseline = strcmp(values.baseline, "none") != 0;
    if (args->positional_count == 0 && !(baseline && values.preset[0] != '\0')) {
        return say_usage(&command_knn, "RUN or CHECKPOINT is missing%s",
                         baseline ? "; a baseline may have --preset NAME instead" : "");
    }
    return evaluation_check_preset(&command_knn, args, values.preset, values.channels, "a baseline without a run");
}

static moco_status make_encoder(knn_job *job)
{
    if (strcmp(values.baseline, "pixels") == 0) {
        job->how.kind = MOCO_FEATURE_PIXELS;
        return MOCO_OK;
    }
    return strcmp(values.baseline, "random") == 0 ? network_make_random(&job->net) : network_load(&job->net);
}

/* Reads both lists. The run fills in empty ones. */
static int read_lists(knn_job *job)
{
    double k[KNN_MAX_VALUES] = { 0 };
    int code = EXIT_OK;
    if (values.k[0] != '\0' && strcmp(values.k, "auto") != 0) {
        code = list_parse(k, &job->k_count, KNN_MAX_VALUES, values.k, 1, 1e6, true, "neighbours", &command_knn);
    }
    for (size_t i = 0; code == EXIT_OK && i < job->k_count; ++i) {
        job->k[i] = (int64_t)k[i];
    }
    if (code == EXIT_OK && values.temperature[0] != '\0' && strcmp(values.temperature, "auto") != 0) {
        code = list_parse(job->temperatures, &job->temperature_count, KNN_MAX_VALUES, values.temperature, 0.001, 100,
                          false, "temperature", &command_knn);
    }
    return code;
}

static void take_run_settings(knn_job *job)
{
    if (job->k_count == 0) {
        const bool of_run = values.k[0] == '\0' && job->net.config.knn_k > 0;
        job->auto_k = !of_run;
        job->k[job->k_count++] = of_run ? job->net.config.knn_k : 0;
    }
    if (job->temperature_count == 0) {
        job->temperatures[job->temperature_count++] = job->net.config.knn_temperature;
    }
}

static moco_status set_up(knn_job *job, const arguments *args)
{
    MOCO_TRY(output_path_check_picture("confusion", values.confusion));
    MOCO_TRY(output_path_check("features-out", values.features_out));
    MOCO_TRY(output_path_check_other("confusion", values.confusion, "--features-out", values.features_out));
    const char *const sets[2] = { values.train, values.test };
    for (int i = 0; i < 2; ++i) {
        MOCO_TRY(output_path_check_outside("confusion", values.confusion, sets[i]));
        MOCO_TRY(output_path_check_outside("features-out", values.features_out, sets[i]));
    }
    MOCO_TRY(
        network_find_or_preset(&job->net, args->positional[0], values.preset, values.channels, values.images.device));
    MOCO_TRY(output_path_check_other("features-out", values.features_out, "the network", job->net.path));
    MOCO_TRY(moco_threads_set((int32_t)values.images.threads));
    MOCO_TRY(evaluation_open_data(&job->train_images, &job->test_images, values.train, values.test,
                                  values.images.format, values.images.skip_broken));
    MOCO_TRY(network_measure(&job->net, job->train_images, values.images.workers, values.images.skip_broken));
    MOCO_TRY(network_view(&job->how, &job->net, values.features, &values.images));
    job->how.batch = (size_t)values.batch;
    job->how.limit = (size_t)values.limit;
    take_run_settings(job);
    MOCO_TRY(evaluation_warn_of_overlap(job->train_images, job->test_images, "no image votes on itself"));
    return make_encoder(job);
}

/* Copies are other files, so look for equal features, for up to 100 images. */
static void warn_of_copies(const knn_job *job)
{
    enum { LOOKED_AT = 100 };
    const size_t count = moco_features_count(job->queries);
    const size_t looked = count < LOOKED_AT ? count : LOOKED_AT;
    size_t shared = 0;
    size_t same = 0;
    if (moco_dataset_overlap(&shared, job->train_images, job->test_images) != MOCO_OK || shared > 0) {
        return; /* a warning was printed, and an image does not vote on itself */
    }
    for (size_t i = 0; i < looked; ++i) {
        size_t row = 0;
        double cosine = 0;
        if (moco_nearest(&row, &cosine, 1, job->bank, job->queries, i * count / looked) == MOCO_OK) {
            same += cosine > 1 - 1e-6 ? 1 : 0;
        }
    }
    if (looked > 0 && 2 * same >= looked) {
        moco_log(MOCO_LOG_WARNING,
                 "of %zu test images %zu have the features of a training image: either they are copies of training "
                 "images, and the accuracy is too high, or the network gives all images the same features",
                 looked, same);
    }
}

static moco_status measure(knn_job *job)
{
    moco_knn_options grid = MOCO_KNN_OPTIONS_INIT;
    const double start = clock_now();
    MOCO_TRY(moco_features_extract(&job->bank, job->train_images, job->net.encoder, &job->how));
    MOCO_TRY(moco_features_extract(&job->queries, job->test_images, job->net.encoder, &job->how));
    if (job->auto_k) {
        job->k[0] = moco_knn_auto_k(job->bank);
    }
    grid.ks = job->k;
    grid.k_count = job->k_count;
    grid.temperatures = job->temperatures;
    grid.temperature_count = job->temperature_count;
    const size_t votes = moco_features_count(job->queries) * grid.k_count * grid.temperature_count;
    job->predicted = calloc(votes + 1, sizeof *job->predicted);
    if (job->predicted == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for the predictions of %zu images",
                              moco_features_count(job->queries));
    }
    MOCO_TRY(moco_knn(job->accuracies, job->predicted, job->bank, job->queries, &grid));
    job->seconds = clock_now() - start;
    warn_of_copies(job);
    return values.features_out[0] != '\0'
               ? evaluation_write_features(values.features_out, job->bank, job->queries, NULL, 0)
               : MOCO_OK;
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

static moco_status draw_confusion(const knn_job *job, const int64_t *confusion, size_t classes)
{
    const char **names = calloc(classes, sizeof *names);
    for (size_t c = 0; names != NULL && c < classes; ++c) {
        names[c] = moco_dataset_class_name(job->test_images, c);
    }
    const moco_status status = moco_plot_confusion(values.confusion, confusion, classes, names);
    free(names);
    return status;
}

static moco_status report(const knn_job *job)
{
    const bool has_checkpoint = job->net.path[0] != '\0' && strcmp(values.baseline, "none") == 0;
    const size_t classes = moco_dataset_class_count(job->test_images);
    knn_report r = { .k = job->k,
                     .k_count = job->k_count,
                     .auto_k = job->auto_k,
                     .temperatures = job->temperatures,
                     .temperature_count = job->temperature_count,
                     .accuracies = job->accuracies,
                     .bank = job->bank,
                     .queries = job->queries,
                     .images = job->test_images,
                     .kind = subject(job),
                     .baseline = values.baseline,
                     .checkpoint = has_checkpoint ? job->net.path : NULL,
                     .seconds = job->seconds };
    r.predicted = job->predicted + knn_report_best(&r) * moco_features_count(job->queries);
    const bool wants_classes = values.per_class || values.confusion[0] != '\0';
    int64_t *confusion = wants_classes ? knn_report_confusion(&r, classes) : NULL;
    moco_status status = MOCO_OK;
    if (wants_classes && confusion == NULL) {
        status = moco_error_set(MOCO_ENOMEM, "out of memory for the confusion matrix of %zu classes", classes);
    } else if (values.confusion[0] != '\0') {
        status = draw_confusion(job, confusion, classes);
    }
    if (status == MOCO_OK && values.json) {
        knn_report_json(&r, confusion, classes);
    } else if (status == MOCO_OK) {
        knn_report_text(&r, values.per_class ? confusion : NULL, classes);
    }
    free(confusion);
    return status;
}

static int run(const arguments *args)
{
    static knn_job job;
    int code = check_usage(args);
    code = code == EXIT_OK ? read_lists(&job) : code;
    if (code != EXIT_OK) {
        return code;
    }
    if (set_up(&job, args) != MOCO_OK || measure(&job) != MOCO_OK || report(&job) != MOCO_OK) {
        code = say_failure();
    }
    data_warn_of_skipped(job.train_images);
    data_warn_of_skipped(job.test_images);
    free(job.predicted);
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
    .summary = "test a checkpoint's features with nearest neighbours",
    .text = "Computes the features of labelled images with the query encoder of a checkpoint (of a run: its newest; "
            "RUN/best: that of the highest kNN accuracy in training). The training images with the nearest features "
            "vote on the class of each test image. Prints the share of test images that get the right class. With "
            "several numbers of neighbours or temperatures, for example -k 1,5,20, it tries each combination on the "
            "same features.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
