/* Packs a dataset into tar shards, one after the other. */
#include "base/files_internal.h"
#include "base/files_place_internal.h"
#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "base/machine_internal.h"
#include "base/options_read_internal.h"
#include "dataset/pack_shard_internal.h"

#include <stdio.h>
#include <string.h>

enum { QUALITY_MAX = 100, SIDE_MAX = 65535, WORKERS_MAX = 1024, SHARD_BYTES_MIN = 4096 };

static moco_status check(const moco_dataset *dataset, const char *out, const moco_pack_options *o)
{
    const size_t length = strlen(out);
    if (dataset->ops->fetch == NULL) {
        return moco_error_set(MOCO_EINVALID,
                              "packing: the images of this dataset are not stored as files; give a folder or shards");
    }
    if (length < 5 || strcmp(out + length - 4, ".tar") != 0) {
        return moco_error_set(MOCO_EINVALID, "packing: the name %s must end in .tar", out);
    }
    if (o->short_side < 0 || o->short_side > SIDE_MAX) {
        return moco_error_set(MOCO_EINVALID, "packing: short side %d must be 1 to %d pixels, or 0 to keep the files",
                              o->short_side, SIDE_MAX);
    }
    if (o->quality < 1 || o->quality > QUALITY_MAX) {
        return moco_error_set(MOCO_EINVALID, "packing: quality %d must be 1 to %d", o->quality, QUALITY_MAX);
    }
    if (o->workers < 0 || o->workers > WORKERS_MAX) {
        return moco_error_set(MOCO_EINVALID, "packing: workers %d must be 0 (one per core) to %d", o->workers,
                              WORKERS_MAX);
    }
    if (o->shard_bytes > 0 && o->shard_bytes < SHARD_BYTES_MIN) {
        return moco_error_set(MOCO_EINVALID, "packing: shards of %llu bytes are too small; give %d or more",
                              (unsigned long long)o->shard_bytes, SHARD_BYTES_MIN);
    }
    for (size_t i = 0; i < dataset->class_count && dataset->class_names != NULL; ++i) {
        if (strchr(dataset->class_names[i], '\n') != NULL) {
            return moco_error_set(MOCO_EINVALID, "packing: the name of class %zu has a line break; rename its folder",
                                  i);
        }
    }
    return MOCO_OK;
}

/* New shards among the old ones would be read with them from then on, and by this command if it is given again. */
static moco_status check_place(const moco_dataset *dataset, const char *out)
{
    if (dataset->format != MOCO_FORMAT_TAR || dataset->place == NULL || !moco__files_contain(dataset->place, out)) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID, "packing: %s is among the shards %s that are packed; choose another folder",
                          out, dataset->place);
}

/* Hashes names without their folders, so that a dataset may move between two calls. */
static uint64_t hash_source(const moco__pack *pack)
{
    uint64_t hash = MOCO__HASH_START;
    char key[MOCO__PACK_KEY];
    for (size_t i = 0; i < moco_dataset_count(pack->dataset); ++i) {
        const int64_t label = moco_dataset_label(pack->dataset, i);
        moco__pack_key(key, pack, i);
        hash = moco__hash(hash, key, strlen(key));
        hash = moco__hash(hash, &label, sizeof label);
    }
    for (size_t i = 0; pack->dataset->class_names != NULL && i < pack->dataset->class_count; ++i) {
        const char *name = pack->dataset->class_names[i];
        hash = moco__hash(hash, name, strlen(name) + 1);
    }
    return hash;
}

/* Writes "F.tar", or "F-000000.tar" if shards have a size. */
static moco_status shard_path(char *path, size_t size, const moco__pack *pack, size_t number)
{
    const size_t stem = strlen(pack->out) - 4;
    const int length = pack->options.shard_bytes == 0
                           ? snprintf(path, size, "%s", pack->out)
                           : snprintf(path, size, "%.*s-%06zu.tar", (int)stem, pack->out, number);
    if (length < 0 || (size_t)length + 8 > size) { /* room for ".part" or ".idx" */
        return moco_error_set(MOCO_EINVALID, "packing: the name %.64s... is too long", pack->out);
    }
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_pack_options, MOCO_PACK_OPTIONS_INIT)

moco_status moco_shards_pack(const moco_dataset *dataset, const char *out, const moco_pack_options *options)
{
    moco_pack_options o;
    char path[MOCO_PATH_MAX];
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(out);
    MOCO__READ_OPTIONS(&o, options, MOCO_PACK_OPTIONS_INIT);
    MOCO_TRY(check(dataset, out, &o));
    MOCO_TRY(check_place(dataset, out));
    moco__pack pack = { dataset, o, out, 0, (size_t)(o.workers > 0 ? o.workers : moco__cores()) };
    pack.source = hash_source(&pack);
    size_t next = 0;
    for (size_t number = 0; next < moco_dataset_count(dataset); ++number) {
        MOCO_TRY(shard_path(path, sizeof path, &pack, number));
        MOCO_TRY(moco__pack_shard(&pack, path, &next));
    }
    return MOCO_OK;
}
