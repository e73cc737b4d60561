/*
 * Reads files of torch.save.
 *
 * A zip archive has NAME/data.pkl, the tree, and NAME/data/KEY, the storages. The older format is a series of pickles:
 * a magic number, a version, a description of the machine, the tree and the list of the keys of the storages. Then
 * follow the storages in that order, each after its number of elements.
 *
 * This does not use the PyTorchStreamReader of libtorch: it only reads zip archives, its reader was made for files that
 * one trusts, and a fuzzer would have to carry libtorch along.
 */
#include "formats/pth_read_internal.h"

#include "base/bytes_internal.h"
#include "base/handle_internal.h"
#include "formats/pickle_read_internal.h"
#include "formats/zip_read_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256 }; /* bytes of a folder or key */

/* Where the older format has a storage. */
typedef struct place {
    const moco__pickle_value *storage;
    const uint8_t *data; /* NULL: not found yet */
} place;

struct moco__pth {
    const char *path;
    const uint8_t *bytes;
    size_t size;
    moco__pickle *pickle;
    const moco__pickle_value *root;
    bool is_big_endian;
    moco__zip *zip; /* NULL: the older format */
    char folder[KEY_MAX];
    place *places; /* by key */
    size_t place_count;
};

bool moco__pth_begins(const uint8_t *bytes, size_t size)
{
    return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || (bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5));
}

/* Finds the folder of the archive, which is called like the file when it was saved. */
static moco_status find_folder(moco__pth *pth)
{
    static const char tree[] = "/data.pkl";
    const moco__zip_record *record;
    for (size_t i = 0; (record = moco__zip_get(pth->zip, i)) != NULL; ++i) {
        const size_t length = strlen(record->name);
        const size_t folder = length - (sizeof tree - 1);
        if (length >= sizeof tree - 1 && strcmp(record->name + folder, tree) == 0 && folder < sizeof pth->folder &&
            memchr(record->name, '/', folder) == NULL) {
            memcpy(pth->folder, record->name, folder);
            return MOCO_OK;
        }
    }
    return moco_error_set(MOCO_EFORMAT, "%s: a zip archive, but not of torch.save: it has no data.pkl", pth->path);
}

static const moco__zip_record *find_record(const moco__pth *pth, const char *name)
{
    char path[2 * KEY_MAX + 8];
    const int length = snprintf(path, sizeof path, "%s/%s", pth->folder, name);
    return length > 0 && (size_t)length < sizeof path ? moco__zip_find(pth->zip, path) : NULL;
}

static moco_status open_zip(moco__pth *pth)
{
    MOCO_TRY(moco__zip_open(&pth->zip, pth->path, pth->bytes, pth->size));
    MOCO_TRY(find_folder(pth));
    const moco__zip_record *order = find_record(pth, "byteorder");
    pth->is_big_endian = order != NULL && order->size >= 3 && memcmp(order->data, "big", 3) == 0;
    if (find_record(pth, "constants.pkl") != NULL) {
        return moco_error_set(
            MOCO_EFORMAT, "%s: a TorchScript program; save the weights alone, by torch.save(model.state_dict(), ...)",
            pth->path);
    }
    const moco__zip_record *tree = find_record(pth, "data.pkl");
    MOCO_TRY(moco__zip_check(pth->zip, tree));
    return moco__pickle_read(&pth->root, NULL, pth->pickle, tree->data, tree->size);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const place *)a)->storage->as.storage.key, ((const place *)b)->storage->as.storage.key);
}

/* Lists the storages of the tree, one per key. */
static moco_status list_places(moco__pth *pth)
{
    size_t count = 0;
    while (moco__pickle_storage(pth->pickle, count) != NULL) {
        ++count;
    }
    pth->places = moco__calloc(count + 1, sizeof *pth->places);
    if (pth->places == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        pth->places[i].storage = moco__pickle_storage(pth->pickle, i);
    }
    qsort(pth->places, count, sizeof *pth->places, by_key);
    for (size_t i = 0; i < count; ++i) {
        place *last = pth->place_count > 0 ? &pth->places[pth->place_count - 1] : NULL;
        if (last == NULL || by_key(last, &pth->places[i]) != 0) {
            pth->places[pth->place_count++] = pth->places[i];
        } else if (last->storage->as.storage.type != pth->places[i].storage->as.storage.type ||
                   last->storage->as.storage.count != pth->places[i].storage->as.storage.count) {
            return moco_error_set(MOCO_EFORMAT, "%s: storage %s is described in two ways", pth->path,
                                  last->storage->as.storage.key);
        }
    }
    return MOCO_OK;
}

static place *find_place(const moco__pth *pth, const moco__pickle_value *storage)
{
    const place key = { .storage = storage };
    return bsearch(&key, pth->places, pth->place_count, sizeof key, by_key);
}

/* Reads the number of elements of a storage, and finds its values. */
static moco_status read_place(moco__pth *pth, size_t *at, const moco__pickle_value *key)
{
    const moco__pickle_value named = { .kind = MOCO__PICKLE_STORAGE, .as.storage.key = key->as.text.data };
    place *found = key->kind == MOCO__PICKLE_TEXT ? find_place(pth, &named) : NULL;
    if (found == NULL || found->data != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: the file holds a storage that no tensor has", pth->path);
    }
    const uint64_t count = (uint64_t)found->storage->as.storage.count;
    const size_t bytes = (size_t)count * found->storage->as.storage.type->bytes;
    if (pth->size - *at < 8 || moco__little_endian(pth->bytes + *at, 8) != count || bytes > pth->size - *at - 8) {
        return moco_error_set(MOCO_EFORMAT, "%s: cut off or damaged at storage %s of %zu bytes", pth->path,
                              named.as.storage.key, bytes);
    }
    found->data = pth->bytes + *at + 8;
    *at += 8 + bytes;
    return MOCO_OK;
}

static moco_status read_next(const moco__pickle_value **out, moco__pth *pth, size_t *at)
{
    size_t used = 0;
    MOCO_TRY(moco__pickle_read(out, &used, pth->pickle, pth->bytes + *at, pth->size - *at));
    *at += used;
    return MOCO_OK;
}

static moco_status open_legacy(moco__pth *pth)
{
    static const uint8_t magic[] = { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
    const moco__pickle_value *value = NULL;
    size_t at = 0;
    MOCO_TRY(read_next(&value, pth, &at));
    if (value->kind != MOCO__PICKLE_BIG || value->as.text.size != sizeof magic ||
        memcmp(value->as.text.data, magic, sizeof magic) != 0) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: a pickle, but not of torch.save; load it in Python and save its tensors by "
                              "torch.save(state_dict, ...)",
                              pth->path);
    }
    MOCO_TRY(read_next(&value, pth, &at));
    if (value->kind != MOCO__PICKLE_INT || value->as.integer != 1001) {
        return moco_error_set(MOCO_EFORMAT, "%s: an unknown version of torch.save's older format", pth->path);
    }
    MOCO_TRY(read_next(&value, pth, &at)); /* describes the machine that wrote it */
    const moco__pickle_value *order = moco__pickle_get(value, "little_endian");
    if (order != NULL && order->kind == MOCO__PICKLE_BOOL && !order->as.boolean) {
        return moco_error_set(MOCO_EFORMAT, "%s: the values are big-endian; save the file on another machine",
                              pth->path);
    }
    MOCO_TRY(read_next(&pth->root, pth, &at));
    MOCO_TRY(read_next(&value, pth, &at));
    if (value->kind != MOCO__PICKLE_LIST) {
        return moco_error_set(MOCO_EFORMAT, "%s: the list of storages is missing", pth->path);
    }
    MOCO_TRY(list_places(pth));
    for (size_t i = 0; i < value->as.list.count; ++i) {
        MOCO_TRY(read_place(pth, &at, value->as.list.items[i]));
    }
    return MOCO_OK;
}

moco_status moco__pth_open(moco__pth **out, const char *path, const uint8_t *bytes, size_t size)
{
    moco__pth *pth = moco__calloc(1, sizeof *pth);
    if (pth == NULL) {
        return MOCO_ENOMEM;
    }
    pth->path = path;
    pth->bytes = bytes;
    pth->size = size;
    moco_status status = moco__pickle_create(&pth->pickle, path);
    if (status == MOCO_OK) {
        status = bytes[0] == 'P' ? open_zip(pth) : open_legacy(pth);
    }
    if (status != MOCO_OK) {
        moco__pth_free(pth);
        return status;
    }
    *out = pth;
    return MOCO_OK;
}

void moco__pth_free(moco__pth *pth)
{
    if (pth != NULL) {
        moco__pickle_free(pth->pickle);
        moco__zip_free(pth->zip);
        free(pth->places);
        free(pth);
    }
}

const moco__pickle_value *moco__pth_root(const moco__pth *pth)
{
    return pth->root;
}

bool moco__pth_is_big_endian(const moco__pth *pth)
{
    return pth->is_big_endian;
}

bool moco__pth_is_zip(const moco__pth *pth)
{
    return pth->zip != NULL;
}

static const moco__zip_record *record_of(const moco__pth *pth, const moco__pickle_value *storage)
{
    char name[KEY_MAX + 8];
    const int length = snprintf(name, sizeof name, "data/%s", storage->as.storage.key);
    return length > 0 && (size_t)length < sizeof name ? find_record(pth, name) : NULL;
}

moco_status moco__pth_storage(const uint8_t **out, const moco__pth *pth, const moco__pickle_value *storage)
{
    const size_t bytes = (size_t)storage->as.storage.count * storage->as.storage.type->bytes;
    const uint8_t *data = NULL;
    if (pth->zip != NULL) {
        const moco__zip_record *record = record_of(pth, storage);
        data = record != NULL && record->size >= bytes ? record->data : NULL;
    } else {
        const place *found = find_place(pth, storage);
        data = found != NULL ? found->data : NULL;
    }
    if (data == NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: storage %.64s of %zu bytes is missing or too short", pth->path,
                              storage->as.storage.key, bytes);
    }
    *out = data;
    return MOCO_OK;
}

moco_status moco__pth_check(const moco__pth *pth, const moco__pickle_value *storage)
{
    const moco__zip_record *record = pth->zip != NULL ? record_of(pth, storage) : NULL;
    return record != NULL ? moco__zip_check(pth->zip, record) : MOCO_OK;
}
