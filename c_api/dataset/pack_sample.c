/* Makes the bytes of the samples that are packed, and checks them, on several threads. */
#include "dataset/pack_sample_internal.h"

#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "base/thread_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 4096, STEM_MAX = 64, PREFIX = 9 };

/* ---- One sample ---- */

/* Drops the number that a name has if it was packed before. */
static const char *without_number(const char *base)
{
    return strspn(base, "0123456789") == PREFIX - 1 && base[PREFIX - 1] == '-' ? base + PREFIX : base;
}

void moco__pack_key(char key[MOCO__PACK_KEY], const moco__pack *pack, size_t index)
{
    char name[NAME_SIZE];
    moco_dataset_name(pack->dataset, index, name, sizeof name);
    const char *slash = strrchr(name, '/');
    const char *base = without_number(slash != NULL ? slash + 1 : name);
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL ? (size_t)(dot - base) : strlen(base);
    size_t at = (size_t)snprintf(key, MOCO__PACK_KEY, "%08zu-", index);
    for (size_t i = 0; i < length && i < STEM_MAX; ++i) {
        const bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", base[i]) != NULL;
        key[at++] = plain ? base[i] : '_';
    }
    key[at] = '\0';
}

static moco_status refuse_bands(const char *name)
{
    return moco_error_set(MOCO_EINVALID,
                          "%s: has bands, and a smaller copy would be a JPEG file of 8-bit RGB; pack the files as they "
                          "are, without short_side",
                          name);
}

/* Returns whether an image that is no RGB has bands, of whatever number. */
static bool has_bands(const moco__pack_item *item, moco_image *image, const char *name)
{
    bool has = false;
    for (int32_t channels = 1; channels <= MOCO_MAX_CHANNELS && !has; ++channels) {
        moco_image_set_channels(image, channels);
        has = moco_image_decode(image, item->bytes.data, item->bytes.size, name) == MOCO_OK;
    }
    moco_image_set_channels(image, 3);
    return has;
}

static moco_status decode_rgb(const moco__pack_item *item, moco_image *image, const char *name)
{
    const moco_status status = moco_image_decode(image, item->bytes.data, item->bytes.size, name);
    if (status != MOCO_OK) {
        return status == MOCO_ENOMEM          ? status
               : has_bands(item, image, name) ? refuse_bands(name)
                                              : moco_image_decode(image, item->bytes.data, item->bytes.size, name);
    }
    return moco_image_bands(image) != NULL ? refuse_bands(name) : MOCO_OK;
}

/* Resizes like torchvision's Resize(short_side): the longer side keeps the proportion, rounded down. */
static moco_status shrink(const moco__pack *pack, moco__pack_item *item, moco_image *images[2], const char *name)
{
    const int32_t side = pack->options.short_side;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    MOCO_TRY(decode_rgb(item, images[0], name));
    const int32_t width = moco_image_width(images[0]);
    const int32_t height = moco_image_height(images[0]);
    if (width <= side || height <= side) {
        return MOCO_OK;
    }
    const int32_t long_side =
        (int32_t)((int64_t)side * (width > height ? width : height) / (width > height ? height : width));
    MOCO_TRY(moco_image_resized_crop(images[1], images[0], (moco_box){ 0, 0, height, width },
                                     width > height ? side : long_side, width > height ? long_side : side));
    MOCO_TRY(moco_image_encode_jpeg(&bytes, &count, images[1], pack->options.quality));
    item->bytes.size = 0;
    item->extension = ".jpg";
    return moco__bytes_append(&item->bytes, bytes, count);
}

moco_status moco__pack_make(const moco__pack *pack, moco__pack_item *item, moco_image *images[2])
{
    char name[NAME_SIZE];
    moco_dataset_name(pack->dataset, item->index, name, sizeof name);
    const char *extension = moco__image_extension(name);
    item->extension = extension != NULL ? extension : ".jpg";
    MOCO_TRY(pack->dataset->ops->fetch(pack->dataset, &item->bytes, item->index));
    if (item->bytes.size == 0) {
        return moco_error_set(MOCO_EFORMAT, "%s has no bytes; it or its shard's index is damaged", name);
    }
    if (item->bytes.size > MOCO__IMAGE_BYTES_MAX) {
        return moco_error_set(MOCO_EFORMAT, "%s has %zu bytes; an image in a shard has at most %d", name,
                              item->bytes.size, MOCO__IMAGE_BYTES_MAX);
    }
    MOCO_TRY(pack->options.short_side > 0 ? shrink(pack, item, images, name) : MOCO_OK);
    item->hash = moco__hash(MOCO__HASH_START, item->bytes.data, item->bytes.size);
    item->has_hash = true;
    return MOCO_OK;
}

moco_status moco__pack_check(const moco__pack *pack, moco__pack_item *item, moco_image *images[2])
{
    char name[NAME_SIZE];
    const uint64_t hash = moco__hash(MOCO__HASH_START, item->bytes.data, item->bytes.size);
    moco_dataset_name(pack->dataset, item->index, name, sizeof name);
    if (pack->options.short_side > 0) {
        MOCO_TRY(moco_image_decode(images[0], item->bytes.data, item->bytes.size, name));
    }
    if (!item->has_hash) {
        MOCO_TRY(moco__pack_make(pack, item, images));
    }
    if (hash != item->hash) {
        return moco_error_set(MOCO_EIO,
                              "%s differs in the shard from what was written; the disk or the memory is faulty, or the "
                              "image was changed during packing",
                              name);
    }
    return MOCO_OK;
}

/* ---- Many samples ---- */

typedef struct team {
    const moco__pack *pack;
    moco__pack_item *items;
    size_t count;
    moco__pack_fn function;
    atomic_size_t next;
} team;

static void work(team *t, moco_image *images[2])
{
    for (size_t i = atomic_fetch_add(&t->next, 1); i < t->count; i = atomic_fetch_add(&t->next, 1)) {
        moco__pack_item *item = &t->items[i];
        item->status = t->function(t->pack, item, images);
        if (item->status != MOCO_OK) {
            (void)snprintf(item->message, sizeof item->message, "%s", moco_error_message());
        }
    }
}

/* Runs on each thread. If memory is out for its images, the others do the work; if for all, the items keep ENOMEM. */
static void *run_worker(void *argument)
{
    moco_image *images[2] = { NULL, NULL };
    if (moco_image_create(&images[0]) == MOCO_OK && moco_image_create(&images[1]) == MOCO_OK) {
        work(argument, images);
    }
    moco_image_free(images[0]);
    moco_image_free(images[1]);
    return NULL;
}

void moco__pack_each(const moco__pack *pack, moco__pack_item *items, size_t count, moco__pack_fn function)
{
    team t = { .pack = pack, .items = items, .count = count, .function = function };
    for (size_t i = 0; i < count; ++i) {
        items[i].status = MOCO_ENOMEM;
        (void)snprintf(items[i].message, sizeof items[i].message, "packing: out of memory");
    }
    moco__thread_team(pack->worker_count < count ? pack->worker_count : count, "moco-pack", run_worker, &t);
}
