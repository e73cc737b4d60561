/* Runs each row of a pixel index ({input, op, args, expect}) and compares the result with the expected PNG. */
#include "golden_pixels.h"

#include <jansson.h>
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pixel_row {
    const char *input;
    const char *op;
    const char *expect;
    const json_t *args;
} pixel_row;

typedef struct difference {
    size_t bytes;
    int largest;
} difference;

static double number(const pixel_row *row, const char *key)
{
    return json_number_value(json_object_get(row->args, key));
}

static int32_t integer(const pixel_row *row, const char *key)
{
    return (int32_t)number(row, key);
}

static moco_status read_beside(moco_image *image, const char *index_path, const char *name)
{
    const char *slash = strrchr(index_path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - index_path) + 1;
    char path[4096];
    const int length = snprintf(path, sizeof path, "%.*s%s", folder, index_path, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return moco_error_set(MOCO_EINVALID, "%s: the path is too long", name);
    }
    return moco_image_read(image, path);
}

/* Operations on the geometry give a second image; all others work in place. */
static moco_status apply(moco_image **image, moco_image **other, const pixel_row *row)
{
    static const struct {
        const char *name;
        moco_adjustment what;
    } by_factor[] = { { "brightness", MOCO_BRIGHTNESS },
                      { "contrast", MOCO_CONTRAST },
                      { "saturation", MOCO_SATURATION },
                      { "hue", MOCO_HUE } };
    for (size_t i = 0; i < sizeof by_factor / sizeof by_factor[0]; ++i) {
        if (strcmp(row->op, by_factor[i].name) == 0) {
            return moco_image_adjust(*image, by_factor[i].what, number(row, "factor"));
        }
    }
    if (strcmp(row->op, "decode_rgb") == 0) {
        return MOCO_OK;
    }
    if (strcmp(row->op, "grayscale") == 0) {
        return moco_image_grayscale(*image);
    }
    if (strcmp(row->op, "hflip") == 0) {
        return moco_image_hflip(*image);
    }
    if (strcmp(row->op, "gaussian_blur") == 0) {
        return moco_image_gaussian_blur(*image, number(row, "sigma"));
    }
    if (strcmp(row->op, "resized_crop") == 0) {
        const int32_t size = integer(row, "size");
        MOCO_TRY(moco_image_resized_crop(
            *other, *image,
            (moco_box){ integer(row, "top"), integer(row, "left"), integer(row, "height"), integer(row, "width") },
            size, size));
        moco_image *result = *other;
        *other = *image;
        *image = result;
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID, "unknown operation \"%s\"", row->op);
}

static moco_status compare(difference *found, const moco_image *image, const moco_image *expected)
{
    if (moco_image_width(image) != moco_image_width(expected) ||
        moco_image_height(image) != moco_image_height(expected)) {
        return moco_error_set(MOCO_EFORMAT, "size %d x %d, expected %d x %d", (int)moco_image_width(image),
                              (int)moco_image_height(image), (int)moco_image_width(expected),
                              (int)moco_image_height(expected));
    }
    const size_t count = (size_t)moco_image_width(image) * (size_t)moco_image_height(image) * 3;
    const uint8_t *a = moco_image_pixels(image);
    const uint8_t *b = moco_image_pixels(expected);
    for (size_t i = 0; i < count; ++i) {
        const int distance = abs(a[i] - b[i]);
        found->bytes += distance != 0;
        found->largest = distance > found->largest ? distance : found->largest;
    }
    return MOCO_OK;
}

static moco_status run_row(difference *found, moco_image **image, moco_image **other, const char *index_path,
                           const pixel_row *row)
{
    if (row->input == NULL || row->op == NULL || row->expect == NULL) {
        return moco_error_set(MOCO_EFORMAT, "the row lacks input, op or expect");
    }
    MOCO_TRY(read_beside(*image, index_path, row->input));
    MOCO_TRY(apply(image, other, row));
    MOCO_TRY(read_beside(*other, index_path, row->expect));
    return compare(found, *image, *other);
}

/* Runs one row and prints it if it differs. Returns whether it failed. */
static bool check_row(moco_image **image, moco_image **other, const char *index_path, const json_t *json)
{
    const pixel_row row = { json_string_value(json_object_get(json, "input")),
                            json_string_value(json_object_get(json, "op")),
                            json_string_value(json_object_get(json, "expect")), json_object_get(json, "args") };
    difference found = { 0, 0 };
    const moco_status status = run_row(&found, image, other, index_path, &row);
    const int tolerance = row.op != NULL && strcmp(row.op, "resized_crop") == 0 ? 1 : 0;
    const bool failed = status != MOCO_OK || found.largest > tolerance;
    if (!failed && found.bytes == 0) {
        return false;
    }
    char *args = json_dumps(row.args, JSON_COMPACT | JSON_SORT_KEYS);
    printf("%s %s %s(%s): ", failed ? "FAILED" : "within tolerance", row.op != NULL ? row.op : "?",
           row.input != NULL ? row.input : "?", args != NULL ? args : "");
    free(args);
    if (status != MOCO_OK) {
        printf("%s\n", moco_error_message());
    } else {
        printf("%zu bytes differ, by at most %d\n", found.bytes, found.largest);
    }
    return failed;
}

int golden_pixels(const char *index_path)
{
    json_error_t error;
    json_t *root = json_load_file(index_path, 0, &error);
    const json_t *rows = json_object_get(root, "rows");
    moco_image *image = NULL;
    moco_image *other = NULL;
    int failed = 1;
    if (!json_is_array(rows) || json_array_size(rows) == 0) {
        printf("FAILED %s: no rows (%s)\n", index_path, root == NULL ? error.text : "not a pixel index");
    } else if (moco_image_create(&image) != MOCO_OK || moco_image_create(&other) != MOCO_OK) {
        printf("FAILED %s: %s\n", index_path, moco_error_message());
    } else {
        failed = 0;
        for (size_t i = 0; i < json_array_size(rows); ++i) {
            failed += check_row(&image, &other, index_path, json_array_get(rows, i));
        }
        printf("%s: %zu rows, %d failed\n", index_path, json_array_size(rows), failed);
    }
    moco_image_free(image);
    moco_image_free(other);
    json_decref(root);
    return failed;
}
