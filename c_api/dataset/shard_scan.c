/* Reads the archive of a shard, and groups its members into samples. */
#include "dataset/shard_scan_internal.h"

#include "base/handle_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_key_internal.h"
#include "formats/tar_read_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LABEL_BYTES_MAX = 32, CLASSES_BYTES_MAX = 1 << 26 };

/* The sample that members are being added to. */
typedef struct group {
    moco__bytes key;
    uint64_t at; /* offset of its first member */
    bool has_image, has_label;
    bool is_array; /* the image is a .npy member, which only counts if there is no other */
    size_t dotted; /* images like "key.05.png", which belong to an image "key.jpg" or else have no key */
    moco__bytes dotted_name;
    moco__shard_sample sample;
} group;

typedef struct scan {
    moco__shard *shard;
    moco__tar tar;
    group group;
    size_t room;          /* of shard->samples */
    bool ascending;       /* keys so far ascend, so none was there twice */
    uint64_t first_label; /* offset of a sample with a label; UINT64_MAX: none yet */
    uint64_t first_bare;  /* offset of a sample without one */
} scan;

/* ---- Samples ---- */

static moco_status twice(const scan *s, const char *key, const char *what, uint64_t first, uint64_t second)
{
    return moco_error_set(MOCO_EFORMAT, "%s: the key %s has %s twice, at offsets %llu and %llu; keys must be unique",
                          s->shard->path, key, what, (unsigned long long)first, (unsigned long long)second);
}

static moco_status add_sample(scan *s)
{
    moco__shard *shard = s->shard;
    MOCO_TRY(moco__shard_check_list(shard, moco__source_disk_size(s->tar.source)));
    if (shard->count == s->room) {
        const size_t room = 2 * s->room + 256;
        moco__shard_sample *larger = realloc(shard->samples, room * sizeof *larger);
        if (larger == NULL) {
            return moco_error_set(MOCO_ENOMEM, "%s: out of memory for %zu samples", shard->path, room);
        }
        shard->samples = larger;
        s->room = room;
    }
    shard->samples[shard->count++] = s->group.sample;
    if (shard->count > 1) {
        s->ascending = s->ascending && moco__shard_compare_keys(moco__shard_name(shard, shard->count - 2),
                                                                moco__shard_name(shard, shard->count - 1)) < 0;
    }
    return MOCO_OK;
}

/* Refuses an archive in which only some samples have a class: it was made by mistake. */
static moco_status check_labels(const scan *s)
{
    if (s->first_label == UINT64_MAX || s->first_bare == UINT64_MAX) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EFORMAT,
                          "%s: the sample at offset %llu has no .cls, but others have, as at offset %llu; give all of "
                          "them a class, or none of them",
                          s->shard->path, (unsigned long long)s->first_bare, (unsigned long long)s->first_label);
}

static moco_status end_group(scan *s)
{
    group *g = &s->group;
    if (g->has_image) {
        MOCO_TRY(add_sample(s));
        uint64_t *first = g->has_label ? &s->first_label : &s->first_bare;
        *first = *first == UINT64_MAX ? g->at : *first;
        MOCO_TRY(check_labels(s));
    }
    if (!g->has_image && g->has_label) {
        moco__left_out_note(&s->shard->left_out, MOCO__LEFT_LABELS, NULL, (const char *)g->key.data);
    }
    if (!g->has_image) {
        moco__left_out_add(&s->shard->left_out, MOCO__LEFT_DOTTED, g->dotted, (const char *)g->dotted_name.data);
    }
    g->has_image = g->has_label = false;
    g->dotted = 0;
    g->key.size = 0;
    g->sample.label = -1;
    return MOCO_OK;
}

/* ---- Members ---- */

static moco_status take_image(scan *s, const moco__tar_entry *entry)
{
    group *g = &s->group;
    if (g->has_image && g->is_array) {
        moco__left_out_note(&s->shard->left_out, MOCO__LEFT_ARRAYS, NULL,
                            (const char *)s->shard->texts.data + g->sample.name);
        g->has_image = false;
    }
    if (g->has_image) {
        return twice(s, (const char *)g->key.data, "an image", g->at, entry->header);
    }
    if (entry->size > MOCO__IMAGE_BYTES_MAX) {
        return moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: the image %s has %llu bytes, more than %d",
                              s->shard->path, (unsigned long long)entry->header, entry->name,
                              (unsigned long long)entry->size, MOCO__IMAGE_BYTES_MAX);
    }
    g->has_image = true;
    g->is_array = moco__is_array_name(entry->name);
    g->sample.offset = entry->is_sparse ? entry->header : entry->data;
    g->sample.size = (uint32_t)entry->size & INT32_MAX;
    g->sample.sparse = entry->is_sparse;
    g->sample.name = s->shard->texts.size;
    return moco__bytes_append(&s->shard->texts, entry->name, strlen(entry->name) + 1);
}

static moco_status take_label(scan *s, const moco__tar_entry *entry)
{
    group *g = &s->group;
    if (g->has_label) {
        return twice(s, (const char *)g->key.data, "a .cls", g->at, entry->header);
    }
    MOCO_TRY(moco__tar_content(&s->tar, entry, &s->tar.extra, LABEL_BYTES_MAX));
    MOCO_TRY(moco__bytes_append(&s->tar.extra, "", 1));
    const char *text = (const char *)s->tar.extra.data;
    const char *digits = text + strspn(text, " \t\r\n");
    digits += *digits == '+' ? 1 : 0;
    const size_t length = strspn(digits, "0123456789");
    const char *rest = digits + length;
    const char *end = text + s->tar.extra.size - 1; /* a byte of zero before it is none of a number */
    const bool is_alone = rest + strspn(rest, " \t\r\n") == end;
    const long value = length > 0 && length < 19 ? strtol(digits, NULL, 10) : -1;
    if (value >= MOCO__CLASSES_MAX && is_alone) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: at offset %llu: %s holds the class number %ld; classes count from 0, and there can "
                              "be %d: number them anew",
                              s->shard->path, (unsigned long long)entry->header, entry->name, value, MOCO__CLASSES_MAX);
    }
    if (value < 0 || !is_alone) {
        return moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: %s holds '%.16s', which is not a class number",
                              s->shard->path, (unsigned long long)entry->header, entry->name, text);
    }
    g->has_label = true;
    g->sample.label = (int32_t)value;
    return MOCO_OK;
}

/* Takes the names of the classes. They come first in the texts, so the member must precede all samples. */
static moco_status take_classes(scan *s, const moco__tar_entry *entry)
{
    moco__shard *shard = s->shard;
    if (shard->texts.size > 0 || shard->class_count > 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: __classes__ must come once, before all samples",
                              shard->path, (unsigned long long)entry->header);
    }
    MOCO_TRY(moco__tar_content(&s->tar, entry, &shard->texts, CLASSES_BYTES_MAX));
    uint8_t *text = shard->texts.data;
    const size_t size = shard->texts.size;
    if (size == 0 || text[size - 1] != '\n' || memchr(text, '\0', size) != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: __classes__ must hold lines of text", shard->path,
                              (unsigned long long)entry->header);
    }
    for (size_t i = 0; i < size; ++i) {
        if (text[i] == '\n') {
            text[i] = '\0';
            ++shard->class_count;
        }
    }
    return shard->class_count <= MOCO__CLASSES_MAX
               ? MOCO_OK
               : moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: __classes__ names %zu classes; there can be %d",
                                shard->path, (unsigned long long)entry->header, shard->class_count, MOCO__CLASSES_MAX);
}

/* Takes an image whose name has two dots after the slash. "a.seg.png" beside "a.jpg" is a mask, not an image. */
static moco_status take_dotted(scan *s, const moco__tar_entry *entry)
{
    group *g = &s->group;
    if (g->dotted++ > 0) {
        return MOCO_OK;
    }
    g->dotted_name.size = 0;
    return moco__bytes_append(&g->dotted_name, entry->name, strlen(entry->name) + 1);
}

static moco_status take_entry(scan *s, const moco__tar_entry *entry)
{
    group *g = &s->group;
    if (strcmp(entry->name, "__classes__") == 0) {
        return take_classes(s, entry);
    }
    if (strcmp(entry->name, MOCO__SHARD_SETTINGS) == 0) {
        return MOCO_OK;
    }
    const size_t length = moco__shard_key_length(entry->name);
    if (length == 0) {
        moco__left_out_note(&s->shard->left_out,
                            moco__shard_name_is_hidden(entry->name) ? MOCO__LEFT_HIDDEN : MOCO__LEFT_OTHERS, NULL,
                            entry->name);
        return MOCO_OK;
    }
    if (g->key.size != length + 1 || memcmp(g->key.data, entry->name, length) != 0) {
        MOCO_TRY(end_group(s));
        MOCO_TRY(moco__bytes_append(&g->key, entry->name, length));
        MOCO_TRY(moco__bytes_append(&g->key, "", 1));
        g->at = entry->header;
    }
    const char *extension = entry->name + length;
    if (moco__is_array_name(extension) && (g->has_image || strchr(extension + 1, '.') != NULL)) {
        moco__left_out_note(&s->shard->left_out, MOCO__LEFT_ARRAYS, NULL, entry->name);
        return MOCO_OK;
    }
    if (moco__is_image_name(extension)) {
        return strchr(extension + 1, '.') == NULL ? take_image(s, entry) : take_dotted(s, entry);
    }
    if (strcasecmp(extension, ".cls") == 0) {
        return take_label(s, entry);
    }
    moco__left_out_note(&s->shard->left_out, moco__left_out_kind(entry->name), NULL, entry->name);
    return MOCO_OK;
}

/* ---- The archive ---- */

static int compare_places(const void *left, const void *right, void *shard)
{
    const size_t *a = left;
    const size_t *b = right;
    const int order = moco__shard_compare_keys(moco__shard_name(shard, *a), moco__shard_name(shard, *b));
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

/* Refuses a key that appears again later: it belongs to an earlier sample, so the archive is mixed up. */
static moco_status check_keys(scan *s)
{
    moco__shard *shard = s->shard;
    if (s->ascending || shard->count < 2) {
        return MOCO_OK;
    }
    size_t *places = moco__calloc(shard->count, sizeof *places);
    if (places == NULL) {
        return MOCO_ENOMEM;
    }
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < shard->count; ++i) {
        places[i] = i;
    }
    qsort_r(places, shard->count, sizeof *places, compare_places, shard);
    for (size_t i = 1; i < shard->count && status == MOCO_OK; ++i) {
        const char *name = moco__shard_name(shard, places[i]);
        if (moco__shard_compare_keys(moco__shard_name(shard, places[i - 1]), name) == 0) {
            status = twice(s, name, "an image", shard->samples[places[i - 1]].offset, shard->samples[places[i]].offset);
        }
    }
    free(places);
    return status;
}

static moco_status limit_classes(moco__shard *shard)
{
    for (size_t i = 0; i < shard->count; ++i) {
        const size_t limit = (size_t)((int64_t)shard->samples[i].label + 1);
        if (shard->class_count > 0 && limit > shard->class_count) {
            return moco_error_set(MOCO_EFORMAT, "%s: %s has class %d, but __classes__ names %zu", shard->path,
                                  moco__shard_name(shard, i), shard->samples[i].label, shard->class_count);
        }
        shard->class_limit = limit > shard->class_limit ? limit : shard->class_limit;
    }
    return MOCO_OK;
}

static void warn(const scan *s)
{
    const char *path = s->shard->path;
    if (s->tar.unmarked) {
        moco_log(MOCO_LOG_WARNING,
                 "%s: ends without the two blocks of zeros that mark the end; if it was cut off, samples are missing",
                 path);
    }
}

static moco_status run_scan(scan *s)
{
    moco__tar_entry entry;
    bool more = true;
    s->group.sample.label = -1;
    for (;;) {
        MOCO_TRY(moco__tar_next(&s->tar, &entry, &more));
        if (!more) {
            break;
        }
        if (entry.is_file) {
            MOCO_TRY(take_entry(s, &entry));
        } else if (!entry.is_folder) { /* WebDataset passes over links too */
            moco__left_out_note(&s->shard->left_out,
                                moco__is_image_name(entry.name) ? MOCO__LEFT_LINKED : MOCO__LEFT_OTHERS, NULL,
                                entry.name);
        }
    }
    MOCO_TRY(end_group(s));
    MOCO_TRY(check_keys(s));
    warn(s);
    return limit_classes(s->shard);
}

static moco_status scan_file(moco__shard *shard)
{
    moco__source *source;
    scan s = { .shard = shard, .ascending = true, .first_label = UINT64_MAX, .first_bare = UINT64_MAX };
    MOCO_TRY(shard->is_command ? moco__source_open_command(&source, shard->path)
                               : moco__source_open(&source, shard->path));
    shard->plain = moco__source_is_plain(source);
    if (!shard->plain) {
        moco_log(MOCO_LOG_INFO, "%s: %s", shard->path,
                 shard->is_command
                     ? "running the command once to find the samples; each epoch runs it again"
                     : "unpacking it once to find its samples; moco_shards_index() makes this unnecessary");
    }
    moco__tar_start(&s.tar, source);
    moco_status status = run_scan(&s);
    if (status == MOCO_OK) {
        status = moco__tar_finish(&s.tar);
    }
    moco__tar_end(&s.tar);
    moco__bytes_free(&s.group.key);
    moco__bytes_free(&s.group.dotted_name);
    moco__source_close(source);
    return status;
}

moco_status moco__shard_scan_as(moco__shard *shard, const char *path, bool is_command)
{
    moco_status status = moco__shard_create(shard, path);
    if (status == MOCO_OK) {
        shard->is_command = is_command;
        status = scan_file(shard);
    }
    if (status != MOCO_OK) {
        moco__shard_free(shard);
    }
    return status;
}
