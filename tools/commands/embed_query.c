/*
 * Finds the images nearest to a query by their features.
 */
#include "cli/output.h"
#include "commands/data.h"
#include "commands/embed_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static moco_status read_lone(moco_image *image, size_t index, void *payload)
{
    const embed_query *query = payload;
    (void)index;
    return moco_image_read(image, query->path);
}

static moco_status open_images(embed_query *query, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return moco_error_set(MOCO_EIO, "cannot read the query %s: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        return data_open(&query->images, "queries", path, MOCO_FORMAT_FLAT, MOCO_SPLIT_TRAIN, false);
    }
    moco_dataset_callbacks lone = MOCO_DATASET_CALLBACKS_INIT;
    lone.read = read_lone;
    return moco_dataset_from_callbacks(&query->images, 1, 0, &lone, query);
}

moco_status embed_query_open(embed_query *out, const char *path, const network *net, const moco_features_options *how,
                             size_t limit)
{
    moco_features_options options = *how;
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    MOCO_TRY(open_images(out, path));
    options.limit = moco_dataset_count(out->images) > limit ? limit : 0;
    options.raw = false;
    options.progress = NULL;
    return moco_features_extract(&out->features, out->images, net->encoder, &options);
}

void embed_query_close(embed_query *query)
{
    moco_features_free(query->features);
    moco_dataset_free(query->images);
}

static void query_name(const embed_query *query, size_t row, char *buffer, size_t size)
{
    if (moco_dataset_format(query->images) == MOCO_FORMAT_AUTO) {
        (void)snprintf(buffer, size, "%s", query->path);
    } else {
        moco_dataset_name(query->images, moco_features_index(query->features, row), buffer, size);
    }
}

/* A neighbour, as it is printed. */
typedef struct neighbour {
    char name[MOCO_PATH_MAX];
    const char *class_name; /* NULL: unknown */
    int64_t label;
    double cosine;
} neighbour;

static void describe(neighbour *out, const moco_dataset *images, const moco_features *bank, size_t row, double cosine)
{
    moco_dataset_name(images, moco_features_index(bank, row), out->name, sizeof out->name);
    out->label = moco_features_labels(bank)[row];
    out->class_name = out->label >= 0 ? moco_dataset_class_name(images, (size_t)out->label) : NULL;
    out->cosine = cosine;
}

static void print_row_text(size_t place, const neighbour *near)
{
    (void)printf("  %2zu  %.4f  ", place + 1, near->cosine);
    if (near->class_name != NULL) {
        (void)printf("%-16s  ", near->class_name);
    } else if (near->label >= 0) {
        (void)printf("class %-4lld  ", (long long)near->label);
    }
    (void)printf("%s\n", near->name);
}

static void print_row_json(size_t place, const neighbour *near)
{
    (void)printf("%s{\"name\": ", place > 0 ? ", " : "");
    print_json_text(near->name);
    (void)printf(", \"label\": ");
    (void)(near->label >= 0 ? printf("%lld", (long long)near->label) : printf("null"));
    (void)printf(", \"class\": ");
    print_json_text(near->class_name);
    (void)printf(", \"cosine\": %.6f}", near->cosine);
}

static moco_status print_query(const embed_query *query, size_t row, const moco_dataset *images,
                               const moco_features *bank, bool json)
{
    enum { MAX_K = 1000 };
    size_t rows[MAX_K];
    double cosines[MAX_K];
    static neighbour near;
    const size_t count = moco_features_count(bank);
    const size_t wanted = query->k < MAX_K ? query->k : MAX_K;
    const size_t k = wanted < count ? wanted : count;
    MOCO_TRY(moco_nearest(rows, cosines, k, bank, query->features, row));
    query_name(query, row, near.name, sizeof near.name);
    if (json) {
        (void)printf("%s{\"query\": ", row > 0 ? ", " : "");
        print_json_text(near.name);
        (void)printf(", \"neighbours\": [");
    } else {
        (void)printf("\nnearest to %s\n", near.name);
    }
    for (size_t i = 0; i < k; ++i) {
        describe(&near, images, bank, rows[i], cosines[i]);
        (json ? print_row_json : print_row_text)(i, &near);
    }
    if (json) {
        (void)printf("]}");
    }
    return MOCO_OK;
}

moco_status embed_query_print(const embed_query *query, const moco_dataset *images, const moco_features *bank,
                              bool json)
{
    (void)printf("%s", json ? "[" : "");
    for (size_t row = 0; row < moco_features_count(query->features); ++row) {
        MOCO_TRY(print_query(query, row, images, bank, json));
    }
    (void)printf("%s", json ? "]" : "");
    return MOCO_OK;
}
