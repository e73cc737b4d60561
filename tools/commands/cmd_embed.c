/*
 * moco embed: writes features of images to a file, finds similar images, and draws a map.
 */
#include "cli/counter.h"
#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/embed_parts.h"
#include "commands/image_options.h"

#include <stdio.h>
#include <string.h>

typedef struct embed_options {
    char out[MOCO_PATH_MAX], out_format[16], split[64];
    char features[16], query[MOCO_PATH_MAX], plot[MOCO_PATH_MAX], map[MOCO_PATH_MAX];
    moco_map_method map_method;
    double perplexity;
    bool normalise, measure, json;
    int64_t k, limit, batch;
    image_settings images;
} embed_options;

static embed_options values = { .out_format = "auto",
                                .split = "train",
                                .features = "auto",
                                .normalise = true,
                                .perplexity = 30,
                                .k = 10,
                                .batch = 256,
                                .images = IMAGE_SETTINGS_INIT };

static const moco_option options[] = {
    { .name = "out",
      .aliases = { "o" },
      MOCO_PATH_OPTION(embed_options, out, "FILE"),
      .help = "write features as .npy (float32, N x D; labels and names go to two files beside it) or .safetensors "
              "(names go to a file beside it)" },
    { .name = "out-format",
      MOCO_NAME_OPTION(embed_options, out_format, "F", MOCO_NAMES("auto", "npy", "safetensors")),
      .help = "format of the file; auto: by its ending" },
    { .name = "features",
      MOCO_NAME_OPTION(embed_options, features, "F", MOCO_NAMES("auto", "pooled", "output")),
      .help = "pooled: before the head; output: after it; auto: as in the run" },
    { .name = "normalise",
      MOCO_BOOL_OPTION(embed_options, normalise),
      .help = "divide the features of each image by their L2 norm (the default); --no-normalise keeps them unchanged" },
    { .name = "query",
      MOCO_PATH_OPTION(embed_options, query, "IMAGE"),
      .help = "print the images most similar to this one, or to each image of a folder" },
    { .name = "neighbours",
      .aliases = { "k" },
      MOCO_INT_OPTION(embed_options, k, 1, 1000),
      .help = "similar images to print per query" },
    { .name = "plot",
      MOCO_PATH_OPTION(embed_options, plot, "F.png"),
      .help = "with --query: draw each query with its ten most similar images" },
    { .name = "map",
      MOCO_PATH_OPTION(embed_options, map, "F.png"),
      .help = "draw images as points, near each other if their features are, coloured by class" },
    { .name = "map-method",
      MOCO_CHOICE_OPTION(embed_options, map_method, "M", MOCO_CHOICES(MOCO_MAP_METHOD_MAP)),
      .help = "pca: by the first two principal components of the features, fast, all images; tsne: exact t-SNE, which "
              "keeps neighbours together, of at most 5000 images that are spread evenly over the data" },
    { .name = "perplexity",
      MOCO_REAL_OPTION(embed_options, perplexity, 2, 1000),
      .help = "neighbours that t-SNE keeps together, about" },
    { .name = "split",
      MOCO_TEXT_OPTION(embed_options, split, "S"),
      .help = "split of DATA to use, if it has several: train, test, or the name of a folder there" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(embed_options, limit, 0, 1e9),
      .help = "use only N images, the same each time; 0: use all, in order" },
    IMAGE_OPTIONS(embed_options, images),
    { .name = "batch",
      .aliases = { "b" },
      MOCO_INT_OPTION(embed_options, batch, 1, 65536),
      .help = "images per batch" },
    { .name = "measure",
      MOCO_BOOL_OPTION(embed_options, measure),
      .help = "also measure the forward pass of training, for comparison" },
    { .name = "json", MOCO_BOOL_OPTION(embed_options, json), .help = "print the result as JSON" },
};

enum { MAX_QUERIES = 12 }; /* from a folder */

typedef struct embed_job {
    network net;
    moco_features_options how;
    moco_dataset *images;
    moco_features *features;
    embed_output output;
    embed_query query;
    double training_rate; /* images per second; 0: not measured */
} embed_job;

static int check_usage(void)
{
    if (values.out[0] == '\0' && values.query[0] == '\0' && values.map[0] == '\0' && !values.measure) {
        return say_usage(&command_embed, "there is nothing to do: give --out FILE, --query IMAGE or --map F.png");
    }
    if (values.plot[0] != '\0' && values.query[0] == '\0') {
        return say_usage(&command_embed, "--plot draws the images most similar to a query; give --query IMAGE too");
    }
    return EXIT_OK;
}

static moco_status set_up(embed_job *job, const arguments *args)
{
    MOCO_TRY(output_path_check("out", values.out));
    MOCO_TRY(output_path_check("plot", values.plot));
    MOCO_TRY(output_path_check_picture("map", values.map));
    MOCO_TRY(output_path_check_other("plot", values.plot, "--out", values.out));
    MOCO_TRY(output_path_check_other("map", values.map, "--out", values.out));
    MOCO_TRY(output_path_check_other("map", values.map, "--plot", values.plot));
    MOCO_TRY(output_path_check_outside("out", values.out, args->positional[1]));
    MOCO_TRY(output_path_check_outside("plot", values.plot, args->positional[1]));
    MOCO_TRY(output_path_check_outside("map", values.map, args->positional[1]));
    MOCO_TRY(network_find(&job->net, args->positional[0], values.images.device));
    MOCO_TRY(output_path_check_other("out", values.out, "the network", job->net.path));
    MOCO_TRY(moco_threads_set((int32_t)values.images.threads));
    MOCO_TRY(network_view(&job->how, &job->net, values.features, &values.images));
    job->how.batch = (size_t)values.batch;
    job->how.limit = (size_t)values.limit;
    job->how.raw = !values.normalise;
    job->how.progress = counter_show;
    MOCO_TRY(data_open_named(&job->images, "data", args->positional[1], values.images.format, values.split,
                             values.images.skip_broken));
    if (values.out[0] != '\0') { /* before the work, so that a wrong path costs no time */
        const bool has_labels = moco_dataset_class_count(job->images) > 0;
        MOCO_TRY(embed_output_init(&job->output, values.out, values.out_format, has_labels));
    }
    return network_load(&job->net);
}

static moco_status draw_map(const embed_job *job)
{
    moco_map_options how = MOCO_MAP_OPTIONS_INIT;
    how.method = values.map_method;
    how.perplexity = values.perplexity;
    how.progress = counter_show;
    counter_start("t-SNE steps");
    const moco_status status = moco_plot_map(values.map, job->images, job->features, &how);
    counter_end();
    return status;
}

static moco_status work(embed_job *job)
{
    if (values.query[0] != '\0') { /* first, so that an unreadable query costs no pass over the images */
        job->query.k = (size_t)values.k;
        MOCO_TRY(embed_query_open(&job->query, values.query, &job->net, &job->how, MAX_QUERIES));
    }
    counter_start("features");
    const moco_status extracted = moco_features_extract(&job->features, job->images, job->net.encoder, &job->how);
    counter_end();
    MOCO_TRY(extracted);
    if (values.out[0] != '\0') {
        MOCO_TRY(embed_write(&job->output, job->features, job->images, &job->net, &job->how));
    }
    if (values.map[0] != '\0') {
        MOCO_TRY(draw_map(job));
    }
    if (values.query[0] != '\0') {
        MOCO_TRY(moco_features_normalize(job->features)); /* after the file, which has them as the options ask */
    }
    if (values.plot[0] != '\0') {
        MOCO_TRY(moco_plot_neighbours(values.plot, job->images, job->features, job->query.images, job->query.features));
    }
    return values.measure ? embed_training_rate(&job->training_rate, &job->net) : MOCO_OK;
}

static double share(double part, double whole)
{
    return whole > 0 && part < whole ? part / whole : whole > 0 ? 1 : 0;
}

static void print_json_path(const char *key, const char *path)
{
    (void)printf(", \"%s\": ", key);
    print_json_text(path[0] != '\0' ? path : NULL);
}

static moco_status print_json(const embed_job *job)
{
    const moco_features_seconds time = moco_features_time(job->features);
    const size_t count = moco_features_count(job->features);
    (void)printf("{\"images\": %zu, \"dim\": %lld, \"features\": \"%s\", \"normalised\": %s, \"image_size\": %d, "
                 "\"seconds\": %.3f, \"images_per_s\": %.1f, \"data_wait\": %.4f, \"forward\": %.4f",
                 count, (long long)moco_tensor_size(moco_features_matrix(job->features), 1),
                 job->how.kind == MOCO_FEATURE_OUTPUT ? "output" : "pooled", job->how.raw ? "false" : "true",
                 (int)job->how.image_size, time.total, (double)count / time.total, share(time.waiting, time.total),
                 share(time.forward, time.total));
    if (values.measure) {
        (void)printf(", \"training_forward_images_per_s\": %.1f", job->training_rate);
    }
    print_json_path("checkpoint", job->net.path);
    print_json_path("file", job->output.path);
    print_json_path("labels", job->output.labels);
    print_json_path("names", job->output.names);
    print_json_path("map", values.map);
    print_json_path("plot", values.plot);
    if (values.query[0] != '\0') {
        (void)printf(", \"queries\": ");
        MOCO_TRY(embed_query_print(&job->query, job->images, job->features, true));
    }
    (void)printf("}\n");
    return MOCO_OK;
}

static void print_file(const char *what, const char *path)
{
    if (path[0] != '\0') {
        (void)printf("%-9s %s\n", what, path);
    }
}

static moco_status print_text(const embed_job *job)
{
    const moco_features_seconds time = moco_features_time(job->features);
    const size_t count = moco_features_count(job->features);
    (void)printf("%zu image%s, %lld %s features each, %s; %s\n", count, plural(count),
                 (long long)moco_tensor_size(moco_features_matrix(job->features), 1),
                 job->how.kind == MOCO_FEATURE_OUTPUT ? "output" : "pooled",
                 job->how.raw ? "not normalised" : "normalised", job->net.path);
    (void)printf("%.1f s, %.0f images/s: %.0f %% waiting for data, %.0f %% in the network\n", time.total,
                 (double)count / time.total, 100 * share(time.waiting, time.total),
                 100 * share(time.forward, time.total));
    if (values.measure) {
        (void)printf("the forward pass of training (batch %lld, %lld pixels): %.0f images/s\n",
                     (long long)job->net.config.batch, (long long)job->net.config.image_size, job->training_rate);
    }
    print_file("features:", job->output.path);
    print_file("labels:", job->output.labels);
    print_file("names:", job->output.names);
    print_file("map:", values.map);
    print_file("plot:", values.plot);
    return values.query[0] != '\0' ? embed_query_print(&job->query, job->images, job->features, false) : MOCO_OK;
}

static int run(const arguments *args)
{
    static embed_job job;
    int code = check_usage();
    if (code != EXIT_OK) {
        return code;
    }
    signals_catch();
    moco_status status = set_up(&job, args);
    if (status == MOCO_OK) {
        status = work(&job);
    }
    if (status == MOCO_OK) {
        status = values.json ? print_json(&job) : print_text(&job);
    }
    if (status == MOCO_ESTOPPED && signals_caught() != 0) {
        say_note("%s (%s)", moco_error_message(), signals_name(signals_caught()));
        code = EXIT_SIGNAL_BASE + signals_caught();
    } else if (status != MOCO_OK) {
        code = say_failure();
    }
    data_warn_of_skipped(job.images);
    data_warn_of_skipped(job.query.images);
    embed_query_close(&job.query);
    moco_features_free(job.features);
    moco_dataset_free(job.images);
    network_close(&job.net);
    return code;
}

const tool_command command_embed = {
    .name = "embed",
    .synopsis = "RUN|CHECKPOINT DATA [--out FILE] [options]",
    .summary = "write the features of images, find similar images, draw a map",
    .text = "Computes features of all images of DATA with the query encoder of a checkpoint (of a run: its newest; "
            "RUN/best: that of the highest kNN accuracy), one row per image. Files are .npy or .safetensors. With "
            "F.npy the labels are in F.labels.npy. F.txt has the names of the images, one line per row. The map shows "
            "the two directions of most variance (PCA), or neighbourhoods (t-SNE).",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 2,
    .max_positionals = 2,
    .run = run,
};
