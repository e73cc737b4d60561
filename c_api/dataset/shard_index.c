/*
 * Reads and writes the index of a shard, "SHARD.idx", which saves reading the archive when it is opened.
 *
 * All numbers are little-endian, all offsets from the file's start:
 *
 *      0   8 bytes   "MOCOIDX1"
 *      8   uint64    size of the shard's file
 *     16   uint64    digest of the shard: FNV-1a of 16 pieces of 4096 bytes, evenly spread from its first to its last
 *     24   uint64    1: compressed, so that offsets of samples count unpacked bytes; 0: plain
 *     32   uint64    number of samples, N
 *     40   uint64    number of names of classes, C
 *     48   uint64    bytes of the texts, T
 *     56   uint64    FNV-1a of everything after this number
 *     64   N times:  uint64 offset of the image in the (unpacked) archive, uint64 place of its member's name in the
 *                    texts, uint32 size of the image (its highest bit: the image is sparse, and the offset is that of
 *                    its header), int32 class or -1
 *     64 + 24 N      T bytes: NUL-terminated texts, first the C names of classes, then names of members, then "KIND
 *                    COUNT EXAMPLE" of members that were left out
 *
 * Size and digest show whether the shard is still the one that was indexed. Its modification time is ignored, so that a
 * dataset may be copied together with its index.
 */
#include "dataset/shard_index_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/hash_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAGIC_SIZE = 8, HEADER_SIZE = 64, RECORD_SIZE = 24, DIGEST_PIECES = 16, DIGEST_PIECE = 4096 };

static const char magic[] = "MOCOIDX1";

/* The numbers of the header, after the magic. */
enum { FIELD_FILE_SIZE, FIELD_DIGEST, FIELD_PACKED, FIELD_SAMPLES, FIELD_CLASSES, FIELD_TEXTS, FIELD_SUM, FIELD_COUNT };

_Static_assert(MAGIC_SIZE + 8 * FIELD_COUNT == HEADER_SIZE, "the header's layout");

char *moco__shard_index_path(const char *path)
{
    const size_t size = strlen(path) + sizeof ".idx";
    char *index_path = moco__calloc(size, 1);
    if (index_path != NULL) {
        (void)snprintf(index_path, size, "%s.idx", path);
    }
    return index_path;
}

static void put_number(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

/* ---- The shard that the index belongs to ---- */

static moco_status digest_of(uint64_t *size, uint64_t *digest, int descriptor, const char *path)
{
    struct stat info;
    uint8_t piece[DIGEST_PIECE];
    if (fstat(descriptor, &info) != 0) {
        return moco_error_set(MOCO_EIO, "%s: cannot be read: %s", path, strerror(errno));
    }
    const uint64_t last = info.st_size > DIGEST_PIECE ? (uint64_t)info.st_size - DIGEST_PIECE : 0;
    uint64_t hash = MOCO__HASH_START;
    for (uint64_t i = 0; i < DIGEST_PIECES; ++i) {
        const uint64_t at = last / (DIGEST_PIECES - 1) * i;
        size_t got = 0;
        const int error = moco__read_at(&got, piece, descriptor, sizeof piece, i == DIGEST_PIECES - 1 ? last : at);
        if (error != 0) {
            return moco_error_set(MOCO_EIO, "%s: cannot be read: %s", path, strerror(error));
        }
        hash = moco__hash(hash, piece, got);
    }
    *size = (uint64_t)info.st_size;
    *digest = hash;
    return MOCO_OK;
}

static moco_status identify(uint64_t *size, uint64_t *digest, const char *path)
{
    const int descriptor = moco__open(path, O_RDONLY);
    if (descriptor < 0) {
        return moco_error_set(errno == ENOENT ? MOCO_ENOTFOUND : MOCO_EIO, "%s: cannot be opened: %s", path,
                              strerror(errno));
    }
    const moco_status status = digest_of(size, digest, descriptor, path);
    (void)moco__close(descriptor);
    return status;
}

/* ---- Writing ---- */

static void put_samples(uint8_t *to, const moco__shard *shard)
{
    for (size_t i = 0; i < shard->count; ++i, to += RECORD_SIZE) {
        const moco__shard_sample *sample = &shard->samples[i];
        put_number(to, sample->offset, 8);
        put_number(to + 8, sample->name, 8);
        put_number(to + 16, sample->size | (uint64_t)sample->sparse << 31U, 4);
        put_number(to + 20, (uint32_t)sample->label, 4);
    }
}

static void put_header(uint8_t *to, const uint64_t fields[FIELD_COUNT])
{
    memcpy(to, magic, MAGIC_SIZE);
    for (size_t i = 0; i < FIELD_COUNT; ++i) {
        put_number(to + MAGIC_SIZE + 8 * i, fields[i], 8);
    }
}

/* Appends what was left out to the texts. */
static moco_status put_left_out(moco__bytes *file, const moco__left_out *left)
{
    for (size_t i = 0; i < MOCO__LEFT_KINDS; ++i) {
        char *text = NULL;
        if (left->of[i].count == 0) {
            continue;
        }
        const int length =
            asprintf(&text, "%zu %zu %s", i, left->of[i].count, left->of[i].example != NULL ? left->of[i].example : "");
        const moco_status status = length >= 0 ? moco__bytes_append(file, text, (size_t)length + 1)
                                               : moco_error_set(MOCO_ENOMEM, "out of memory for an index");
        free(text);
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

moco_status moco__shard_write_index(const moco__shard *shard)
{
    uint64_t fields[FIELD_COUNT] = {
        [FIELD_PACKED] = !shard->plain, [FIELD_SAMPLES] = shard->count, [FIELD_CLASSES] = shard->class_count
    };
    moco__bytes file = { NULL, 0, 0 };
    char *path = moco__shard_index_path(shard->path);
    moco_status status = path != NULL ? MOCO_OK : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        status = identify(&fields[FIELD_FILE_SIZE], &fields[FIELD_DIGEST], shard->path);
    }
    if (status == MOCO_OK) {
        status = moco__bytes_resize(&file, HEADER_SIZE + RECORD_SIZE * shard->count);
    }
    if (status == MOCO_OK) {
        put_samples(file.data + HEADER_SIZE, shard);
        status = moco__bytes_append(&file, shard->texts.data, shard->texts.size);
    }
    if (status == MOCO_OK) {
        status = put_left_out(&file, &shard->left_out);
    }
    if (status == MOCO_OK) {
        fields[FIELD_TEXTS] = file.size - HEADER_SIZE - RECORD_SIZE * shard->count;
        fields[FIELD_SUM] = moco__hash(MOCO__HASH_START, file.data + HEADER_SIZE, file.size - HEADER_SIZE);
        put_header(file.data, fields);
        status = moco__file_write(path, file.data, file.size);
    }
    moco__bytes_free(&file);
    free(path);
    return status;
}

/* ---- Reading ---- */

static moco_status damaged(const char *path, const char *what)
{
    return moco_error_set(MOCO_EFORMAT, "%s: %s; write the index again by moco_shards_index(), or delete it", path,
                          what);
}

static moco_status check_header(uint64_t fields[FIELD_COUNT], const uint8_t *file, size_t size, const char *path)
{
    if (size < HEADER_SIZE || memcmp(file, magic, MAGIC_SIZE) != 0) {
        return damaged(path, "this is not an index of a shard");
    }
    for (size_t i = 0; i < FIELD_COUNT; ++i) {
        fields[i] = moco__little_endian(file + MAGIC_SIZE + 8 * i, 8);
    }
    const uint64_t rest = size - HEADER_SIZE;
    if (fields[FIELD_SAMPLES] > rest / RECORD_SIZE ||
        fields[FIELD_TEXTS] != rest - RECORD_SIZE * fields[FIELD_SAMPLES] || fields[FIELD_PACKED] > 1) {
        return damaged(path, "the index is longer or shorter than its header says");
    }
    if (moco__hash(MOCO__HASH_START, file + HEADER_SIZE, size - HEADER_SIZE) != fields[FIELD_SUM]) {
        return damaged(path, "the index is damaged: its checksum is wrong");
    }
    return MOCO_OK;
}

static moco_status check_identity(const uint64_t fields[FIELD_COUNT], const moco__shard *shard, const char *path)
{
    uint64_t size = 0;
    uint64_t digest = 0;
    MOCO_TRY(identify(&size, &digest, shard->path));
    if (size == fields[FIELD_FILE_SIZE] && digest == fields[FIELD_DIGEST]) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EFORMAT,
                          "%s: the index is stale: %s is not the file that was indexed (%llu bytes then, %llu now); "
                          "write it again by moco_shards_index(), or delete it",
                          path, shard->path, (unsigned long long)fields[FIELD_FILE_SIZE], (unsigned long long)size);
}

/* A right checksum does not prove sense: each sample must be inside the shard, and each text must end. */
static bool makes_sense(const moco__shard *shard, uint64_t file_size)
{
    const uint8_t *texts = shard->texts.data;
    const size_t size = shard->texts.size;
    size_t ends = 0;
    for (size_t i = 0; i < size && ends < shard->class_count; ++i) {
        ends += texts[i] == '\0';
    }
    if (ends < shard->class_count || (size > 0 && texts[size - 1] != '\0')) {
        return false;
    }
    for (size_t i = 0; i < shard->count; ++i) {
        const moco__shard_sample *sample = &shard->samples[i];
        const bool within = !shard->plain || (sample->offset <= file_size &&
                                              (sample->sparse || sample->size <= file_size - sample->offset));
        const bool ordered = i == 0 || sample->offset > shard->samples[i - 1].offset;
        const bool classed =
            sample->label >= -1 && (shard->class_count == 0 || sample->label < (int64_t)shard->class_count);
        if (!within || !ordered || !classed || sample->name >= size || sample->size > MOCO__IMAGE_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

/* Takes what was left out from behind the names of members. Texts that are no such numbers say nothing. */
static void take_left_out(moco__shard *shard)
{
    const char *texts = (const char *)shard->texts.data;
    size_t at = shard->count > 0 ? (size_t)shard->samples[shard->count - 1].name : 0;
    for (size_t i = shard->count > 0 ? 1 : shard->class_count; i > 0 && at < shard->texts.size; --i) {
        at += strlen(texts + at) + 1;
    }
    for (; at < shard->texts.size; at += strlen(texts + at) + 1) {
        char *after_kind = NULL;
        char *after_count = NULL;
        const unsigned long long kind = strtoull(texts + at, &after_kind, 10);
        const unsigned long long count = strtoull(after_kind, &after_count, 10);
        if (after_kind > texts + at && after_count > after_kind && *after_count == ' ' && kind < MOCO__LEFT_KINDS) {
            moco__left_out_add(&shard->left_out, (moco__left_kind)kind, count, after_count + 1);
        }
    }
}

static moco_status take_file(moco__shard *shard, const moco__bytes *file, const char *path)
{
    uint64_t fields[FIELD_COUNT];
    MOCO_TRY(check_header(fields, file->data, file->size, path));
    MOCO_TRY(check_identity(fields, shard, path));
    shard->plain = fields[FIELD_PACKED] == 0;
    shard->class_count = fields[FIELD_CLASSES];
    shard->samples = moco__calloc(fields[FIELD_SAMPLES] + 1, sizeof *shard->samples);
    if (shard->samples == NULL) {
        return MOCO_ENOMEM;
    }
    shard->count = fields[FIELD_SAMPLES];
    const uint8_t *from = file->data + HEADER_SIZE;
    for (size_t i = 0; i < shard->count; ++i, from += RECORD_SIZE) {
        const uint32_t size = (uint32_t)moco__little_endian(from + 16, 4);
        shard->samples[i] = (moco__shard_sample){ .offset = moco__little_endian(from, 8),
                                                  .name = moco__little_endian(from + 8, 8),
                                                  .size = size & INT32_MAX,
                                                  .sparse = size > INT32_MAX,
                                                  .label = (int32_t)(uint32_t)moco__little_endian(from + 20, 4) };
    }
    MOCO_TRY(moco__bytes_append(&shard->texts, from, fields[FIELD_TEXTS]));
    if (!makes_sense(shard, fields[FIELD_FILE_SIZE])) {
        return damaged(path, "the index points outside the shard");
    }
    take_left_out(shard);
    return MOCO_OK;
}

moco_status moco__shard_read_index(moco__shard *shard, const char *index_path)
{
    char *bytes = NULL;
    size_t size = 0;
    MOCO_TRY(moco__file_read(&bytes, &size, index_path));
    moco__bytes file = { (uint8_t *)bytes, size, size };
    const moco_status status = take_file(shard, &file, index_path);
    moco__bytes_free(&file);
    return status;
}
