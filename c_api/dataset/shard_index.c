/*
 * Reads and writes the index of a shard, "SHARD.idx", which saves reading the archive when it is opened. The file is
 * mapped, so that processes share its memory.
 *
 * All numbers are little-endian, all offsets from the file's start:
 *
 *      0   8 bytes   "MOCOIDX2"
 *      8   uint64    size of the shard's file
 *     16   uint64    digest of the shard: FNV-1a of 16 pieces of 4096 bytes, evenly spread from its first to its last
 *     24   uint64    1: compressed, so that offsets of samples count unpacked bytes; 0: plain
 *     32   uint64    number of samples, N
 *     40   uint64    number of names of classes, C
 *     48   uint64    bytes of the texts, T
 *     56   uint64    the largest class of a sample, plus 1; 0: the samples have none
 *     64   uint64    place in the texts of what was left out
 *     72   uint64    checksum: FNV-1a of the bytes 0 to 71, and of what follows this number: all of it if the shard is
 *                    compressed or has at most 65,536 samples, otherwise 16 pieces, as in the digest
 *     80   N times:  uint64 offset of the image in the (unpacked) archive, uint64 place of its member's name in the
 *                    texts, uint32 size of the image (its highest bit: the image is sparse, and the offset is that of
 *                    its header), int32 class or -1
 *     80 + 24 N      T bytes: NUL-terminated texts, first the C names of classes, then names of members, then "KIND
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

enum { MAGIC_SIZE = 8, HEADER_SIZE = 80, RECORD_SIZE = 24, DIGEST_PIECES = 16, DIGEST_PIECE = 4096 };

/* Samples up to which an index is checked as a whole, which takes some milliseconds. */
enum { WHOLE_MAX = 65536 };

static const char magic[] = "MOCOIDX2";

/* The numbers of the header, after the magic. */
enum {
    FIELD_FILE_SIZE,
    FIELD_DIGEST,
    FIELD_PACKED,
    FIELD_SAMPLES,
    FIELD_CLASSES,
    FIELD_TEXTS,
    FIELD_CLASS_LIMIT,
    FIELD_LEFT_OUT,
    FIELD_SUM,
    FIELD_COUNT
};

_Static_assert(MAGIC_SIZE + 8 * FIELD_COUNT == HEADER_SIZE, "the header's layout");
_Static_assert(sizeof(moco__shard_sample) == RECORD_SIZE && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "samples in memory are those of the file");

char *moco__shard_index_path(const char *path)
{
    const size_t size = strlen(path) + sizeof ".idx";
    char *index_path = moco__calloc(size, 1);
    if (index_path != NULL) {
        (void)snprintf(index_path, size, "%s.idx", path);
    }
    return index_path;
}

static void put_number(uint8_t *to, uint64_t value)
{
    for (size_t i = 0; i < sizeof value; ++i) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

/* ---- The shard that the index belongs to ---- */

/* Returns where a piece of a digest begins. */
static uint64_t piece_at(uint64_t size, uint64_t piece)
{
    const uint64_t last = size > DIGEST_PIECE ? size - DIGEST_PIECE : 0;
    return piece == DIGEST_PIECES - 1 ? last : last / (DIGEST_PIECES - 1) * piece;
}

static moco_status digest_of(uint64_t *size, uint64_t *digest, int descriptor, const char *path)
{
    struct stat info;
    uint8_t piece[DIGEST_PIECE];
    if (fstat(descriptor, &info) != 0) {
        return moco__files_cannot("read", path, errno);
    }
    uint64_t hash = MOCO__HASH_START;
    for (uint64_t i = 0; i < DIGEST_PIECES; ++i) {
        size_t got = 0;
        const int error = moco__read_at(&got, piece, descriptor, sizeof piece, piece_at((uint64_t)info.st_size, i));
        if (error != 0) {
            return moco__files_cannot("read", path, error);
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
        return moco__files_cannot("open", path, errno);
    }
    const moco_status status = digest_of(size, digest, descriptor, path);
    (void)moco__close(descriptor);
    return status;
}

/* Returns whether an index is checked as a whole. Samples of a packed shard are read in sequence, one by the other. */
static bool is_whole(const uint64_t fields[FIELD_COUNT])
{
    return fields[FIELD_PACKED] == 1 || fields[FIELD_SAMPLES] <= WHOLE_MAX;
}

/* Returns the checksum of an index file. */
static uint64_t sum_of(const uint64_t fields[FIELD_COUNT], const uint8_t *file, size_t size)
{
    const uint8_t *rest = file + HEADER_SIZE;
    const uint64_t rest_size = size - HEADER_SIZE;
    uint64_t hash = moco__hash(MOCO__HASH_START, file, MAGIC_SIZE + 8 * FIELD_SUM);
    if (is_whole(fields)) {
        return moco__hash(hash, rest, rest_size);
    }
    for (uint64_t i = 0; i < DIGEST_PIECES; ++i) {
        hash = moco__hash(hash, rest + piece_at(rest_size, i), DIGEST_PIECE);
    }
    return hash;
}

/* ---- Writing ---- */

static void put_header(uint8_t *to, const uint64_t fields[FIELD_COUNT])
{
    memcpy(to, magic, MAGIC_SIZE);
    for (size_t i = 0; i < FIELD_COUNT; ++i) {
        put_number(to + MAGIC_SIZE + 8 * i, fields[i]);
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
    uint64_t fields[FIELD_COUNT] = { [FIELD_PACKED] = !shard->plain,
                                     [FIELD_SAMPLES] = shard->count,
                                     [FIELD_CLASSES] = shard->class_count,
                                     [FIELD_CLASS_LIMIT] = shard->class_limit,
                                     [FIELD_LEFT_OUT] = shard->texts.size };
    moco__bytes file = { NULL, 0, 0 };
    char *path = moco__shard_index_path(shard->path);
    moco_status status = path != NULL ? MOCO_OK : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        status = identify(&fields[FIELD_FILE_SIZE], &fields[FIELD_DIGEST], shard->path);
    }
    if (status == MOCO_OK) {
        status = moco__bytes_resize(&file, HEADER_SIZE);
    }
    if (status == MOCO_OK) {
        status = moco__bytes_append(&file, shard->samples, RECORD_SIZE * shard->count);
    }
    if (status == MOCO_OK) {
        status = moco__bytes_append(&file, shard->texts.data, shard->texts.size);
    }
    if (status == MOCO_OK) {
        status = put_left_out(&file, &shard->left_out);
    }
    if (status == MOCO_OK) {
        fields[FIELD_TEXTS] = file.size - HEADER_SIZE - RECORD_SIZE * shard->count;
        put_header(file.data, fields);
        fields[FIELD_SUM] = sum_of(fields, file.data, file.size);
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
    if (size >= MAGIC_SIZE && memcmp(file, "MOCOIDX1", MAGIC_SIZE) == 0) {
        return damaged(path, "the index is of version 0.1");
    }
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
    if (sum_of(fields, file, size) != fields[FIELD_SUM]) {
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
    char change[64] = "other bytes now";
    if (size != fields[FIELD_FILE_SIZE]) {
        (void)snprintf(change, sizeof change, "%llu bytes then, %llu now", (unsigned long long)fields[FIELD_FILE_SIZE],
                       (unsigned long long)size);
    }
    return moco_error_set(MOCO_EFORMAT,
                          "%s: the index is stale: %s is not the file that was indexed (%s); write it again by "
                          "moco_shards_index(), or delete it",
                          path, shard->path, change);
}

/* Returns whether a sample is inside the shard, and has a class that there is. */
static bool is_sample(const moco__shard *shard, const moco__shard_sample *sample, uint64_t file_size)
{
    const bool within = !shard->plain ||
                        (sample->offset <= file_size && (sample->sparse || sample->size <= file_size - sample->offset));
    const bool classed = sample->label >= -1 && sample->label < (int64_t)shard->class_limit;
    return within && classed && sample->name < shard->texts.size && sample->size <= MOCO__IMAGE_BYTES_MAX;
}

/* A right checksum does not prove sense: each sample must be inside the shard, and each text must end. */
static bool makes_sense(const moco__shard *shard, const uint64_t fields[FIELD_COUNT])
{
    const uint8_t *texts = shard->texts.data;
    const size_t size = shard->texts.size;
    size_t ends = 0;
    for (size_t i = 0; i < size && ends < shard->class_count; ++i) {
        ends += texts[i] == '\0';
    }
    if (ends < shard->class_count || shard->class_count > MOCO__CLASSES_MAX || (size > 0 && texts[size - 1] != '\0') ||
        fields[FIELD_LEFT_OUT] > size ||
        shard->class_limit > (shard->class_count > 0 ? shard->class_count : MOCO__CLASSES_MAX)) {
        return false;
    }
    bool makes = true;
    for (size_t i = 0; i < shard->count && makes && is_whole(fields); ++i) {
        const moco__shard_sample *sample = &shard->samples[i];
        makes = is_sample(shard, sample, fields[FIELD_FILE_SIZE]) &&
                (i == 0 || sample->offset > shard->samples[i - 1].offset);
    }
    return makes;
}

/* Takes what was left out. Ignores texts without valid numbers. */
static void take_left_out(moco__shard *shard, size_t at)
{
    const char *texts = (const char *)shard->texts.data;
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

/* Checks a mapped index, and points the shard into it. */
static moco_status take_map(moco__shard *shard, const char *path)
{
    uint64_t fields[FIELD_COUNT];
    MOCO_TRY(check_header(fields, shard->map, shard->map_size, path));
    MOCO_TRY(check_identity(fields, shard, path));
    shard->plain = fields[FIELD_PACKED] == 0;
    shard->count = fields[FIELD_SAMPLES];
    shard->class_count = fields[FIELD_CLASSES];
    shard->class_limit = fields[FIELD_CLASS_LIMIT];
    shard->samples = (moco__shard_sample *)(void *)(shard->map + HEADER_SIZE);
    shard->texts =
        (moco__bytes){ .data = shard->map + HEADER_SIZE + RECORD_SIZE * shard->count, .size = fields[FIELD_TEXTS] };
    if (!makes_sense(shard, fields)) {
        return damaged(path, "the index points outside the shard");
    }
    take_left_out(shard, fields[FIELD_LEFT_OUT]);
    return MOCO_OK;
}

moco_status moco__shard_read_index(moco__shard *shard, const char *index_path)
{
    const moco_status status = moco__file_map(&shard->map, &shard->map_size, index_path);
    if (status == MOCO_EFORMAT) {
        return damaged(index_path, "this is not an index of a shard");
    }
    MOCO_TRY(status);
    return take_map(shard, index_path);
}
