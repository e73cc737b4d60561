/* Writes one shard: finds what an earlier call has left of it, appends, verifies, gives it its name and an index. */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/pack_internal.h"
#include "dataset/shard_internal.h"
#include "formats/tar_read_internal.h"
#include "formats/tar_write_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64, SETTINGS_SIZE = 512 };

static const char settings_name[] = "__moco__";
static const char classes_name[] = "__classes__";

typedef struct part {
    const moco__pack *pack;
    const char *path; /* the shard's own */
    char name[MOCO__FILE_PATH_MAX];
    FILE *stream;
    size_t first;           /* index of the first image that may be in it */
    size_t next;            /* index of the next image to append */
    size_t count;           /* samples in it */
    uint64_t size;          /* bytes that are sound */
    moco__bytes hashes;     /* a uint64_t of each sample that this call has written, the last ones of the shard */
    moco__pack_item *items; /* CHUNK of them */
} part;

/* ---- What tells shards apart ---- */

static void describe(char text[SETTINGS_SIZE], const part *p)
{
    const moco_pack_options *o = &p->pack->options;
    (void)snprintf(text, SETTINGS_SIZE,
                   "moco-pack 1\nsource %016llx\nsamples %zu\nfirst %zu\nshort-side %d\nquality %d\nshard-bytes %llu\n",
                   (unsigned long long)p->pack->source, moco_dataset_count(p->pack->dataset), p->first, o->short_side,
                   o->short_side > 0 ? o->quality : 0, (unsigned long long)o->shard_bytes);
}

static moco_status put_start(part *p)
{
    const moco_dataset *dataset = p->pack->dataset;
    char settings[SETTINGS_SIZE];
    moco__bytes names = { NULL, 0, 0 };
    moco_status status = MOCO_OK;
    describe(settings, p);
    MOCO_TRY(moco__tar_put(p->stream, p->path, settings_name, settings, strlen(settings)));
    for (size_t i = 0; dataset->class_names != NULL && i < dataset->class_count && status == MOCO_OK; ++i) {
        status = moco__bytes_append(&names, dataset->class_names[i], strlen(dataset->class_names[i]));
        if (status == MOCO_OK) {
            status = moco__bytes_append(&names, "\n", 1);
        }
    }
    if (status == MOCO_OK && names.size > 0) {
        status = moco__tar_put(p->stream, p->path, classes_name, names.data, names.size);
    }
    moco__bytes_free(&names);
    return status;
}

static moco_status foreign(const part *p, const char *path)
{
    return moco_error_set(MOCO_EEXISTS,
                          "%s is there already, and was not packed from this data with these options; choose another "
                          "--out, or delete it",
                          p->stream != NULL ? p->name : path);
}

/* Whether the archive begins with our settings. */
static moco_status check_settings(const part *p, moco__tar *tar, const char *path)
{
    char settings[SETTINGS_SIZE];
    moco__tar_entry entry;
    bool more = false;
    describe(settings, p);
    const bool same = moco__tar_next(tar, &entry, &more) == MOCO_OK && more && strcmp(entry.name, settings_name) == 0 &&
                      moco__tar_content(tar, &entry, &tar->extra, SETTINGS_SIZE) == MOCO_OK &&
                      tar->extra.size == strlen(settings) && memcmp(tar->extra.data, settings, tar->extra.size) == 0;
    return same ? MOCO_OK : foreign(p, path);
}

/* ---- A shard that is there ---- */

/* The number that a member's name begins with. */
static bool index_of(size_t *index, const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    if (digits < 8 || digits > 15 || name[digits] != '-') {
        return false;
    }
    *index = (size_t)strtoull(name, NULL, 10);
    return true;
}

static moco_status check_whole(part *p)
{
    moco__source *source;
    moco__tar tar;
    MOCO_TRY(moco__source_open(&source, p->path));
    moco__tar_start(&tar, source);
    const moco_status status = check_settings(p, &tar, p->path);
    moco__tar_end(&tar);
    moco__source_close(source);
    return status;
}

/* Takes note of a shard that an earlier call has finished; its index is made where that call ended before. */
static moco_status take_whole(part *p, size_t *next)
{
    moco__shard shard;
    size_t last = 0;
    MOCO_TRY(check_whole(p));
    MOCO_TRY(moco__shard_scan(&shard, p->path));
    const bool known = shard.count > 0 && index_of(&last, moco__shard_name(&shard, shard.count - 1));
    char *index_path = moco__shard_index_path(p->path);
    moco_status status = index_path == NULL ? MOCO_ENOMEM : known ? MOCO_OK : foreign(p, p->path);
    if (status == MOCO_OK && !moco__files_exist(index_path)) {
        status = moco__shard_write_index(&shard);
    }
    free(index_path);
    moco__shard_free(&shard);
    if (status == MOCO_OK) {
        /* One file holds all; what is not in it was left out as broken. */
        *next = p->pack->options.shard_bytes == 0 ? moco_dataset_count(p->pack->dataset) : last + 1;
    }
    return status;
}

/* ---- A part that an earlier call has left ---- */

/* Walks over samples that are whole, up to the first thing that is not. */
static void find_sound(part *p, moco__tar *tar, uint64_t file_size)
{
    moco__tar_entry entry;
    bool more = false;
    size_t index = 0;
    while (moco__tar_next(tar, &entry, &more) == MOCO_OK && more && tar->next <= file_size) {
        const bool is_start = strcmp(entry.name, classes_name) == 0;
        const bool is_image = moco__is_image_name(entry.name) && index_of(&index, entry.name);
        if (is_start || is_image) {
            p->size = tar->next;
            p->next = is_image ? index + 1 : p->next;
            p->count += is_image;
        }
    }
}

static moco_status recover(part *p, uint64_t file_size)
{
    moco__source *source;
    moco__tar tar;
    MOCO_TRY(moco__source_open(&source, p->name));
    moco__tar_start(&tar, source);
    const moco_status status = check_settings(p, &tar, p->name);
    if (status == MOCO_OK) {
        p->size = tar.next;
        find_sound(p, &tar, file_size);
    }
    moco__tar_end(&tar);
    moco__source_close(source);
    return status;
}

static moco_status cannot(const part *p, const char *what)
{
    return moco_error_set(MOCO_EIO, "%s: cannot be %s: %s", p->name, what, strerror(errno));
}

/* Opens the part and takes it for this process. */
static moco_status open_part(part *p)
{
    const int descriptor = open(p->name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    p->stream = descriptor >= 0 ? fdopen(descriptor, "r+b") : NULL;
    if (p->stream == NULL) {
        const moco_status status = cannot(p, "opened");
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return status;
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        return moco_error_set(MOCO_EEXISTS, "%s: another process is packing here", p->name);
    }
    return MOCO_OK;
}

static moco_status start_part(part *p)
{
    struct stat info;
    MOCO_TRY(open_part(p));
    if (fstat(fileno(p->stream), &info) != 0) {
        return cannot(p, "read");
    }
    const uint64_t file_size = (uint64_t)info.st_size;
    if (file_size >= 2 * (uint64_t)MOCO__TAR_BLOCK) { /* less cannot even say whose it is */
        MOCO_TRY(recover(p, file_size));
    }
    const bool has_classes = p->pack->dataset->class_names != NULL;
    if (p->count == 0 && has_classes && p->size <= 2 * (uint64_t)MOCO__TAR_BLOCK) {
        p->size = 0; /* broken off before the first sample: begin anew */
    }
    if (ftruncate(fileno(p->stream), (off_t)p->size) != 0 || fseeko(p->stream, (off_t)p->size, SEEK_SET) != 0) {
        return cannot(p, "written");
    }
    if (p->next > p->first) {
        moco_log(MOCO_LOG_INFO, "%s: goes on behind image %zu", p->name, p->next - 1);
    }
    return p->size == 0 ? put_start(p) : MOCO_OK;
}

/* ---- Appending ---- */

static moco_status report(const part *p, const char *action, size_t done, size_t total)
{
    const moco_pack_options *o = &p->pack->options;
    const moco_shards_progress now = { p->path, action, done, total, p->size };
    if (o->progress == NULL || o->progress(&now, o->payload) == 0) {
        return MOCO_OK;
    }
    (void)fflush(p->stream);
    (void)fdatasync(fileno(p->stream));
    return moco_error_set(MOCO_ESTOPPED, "stopped while %s %s; the same call goes on from there", action, p->path);
}

static moco_status put_item(part *p, const moco__pack_item *item)
{
    char key[MOCO__PACK_KEY];
    char name[MOCO__TAR_NAME_MAX + 1];
    char label[24];
    const int64_t class_number = moco_dataset_label(p->pack->dataset, item->index);
    moco__pack_key(key, p->pack, item->index);
    if (class_number >= 0) {
        (void)snprintf(name, sizeof name, "%s.cls", key);
        const int digits = snprintf(label, sizeof label, "%lld", (long long)class_number);
        MOCO_TRY(moco__tar_put(p->stream, p->path, name, label, (size_t)digits));
    }
    (void)snprintf(name, sizeof name, "%s%s", key, item->extension);
    MOCO_TRY(moco__tar_put(p->stream, p->path, name, item->bytes.data, item->bytes.size));
    p->size = (uint64_t)ftello(p->stream);
    ++p->count;
    return moco__bytes_append(&p->hashes, &item->hash, sizeof item->hash);
}

static bool is_full(const part *p)
{
    return p->pack->options.shard_bytes > 0 && p->size >= p->pack->options.shard_bytes;
}

/* Makes a chunk of samples side by side and appends them in order, up to the shard's end. */
static moco_status append_chunk(part *p, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        p->items[i].index = p->next + i;
    }
    MOCO_TRY(moco__pack_each(p->pack, p->items, count, moco__pack_make));
    for (size_t i = 0; i < count && !is_full(p); ++i) {
        const moco__pack_item *item = &p->items[i];
        if (item->status != MOCO_OK && !(p->pack->options.skip_broken && moco__is_broken_image(item->status))) {
            return moco_error_set(item->status, "%s", item->message);
        }
        if (item->status == MOCO_OK) {
            MOCO_TRY(put_item(p, item));
        } else {
            moco_log(MOCO_LOG_WARNING, "packing: left out: %s", item->message);
        }
        p->next = item->index + 1;
    }
    return MOCO_OK;
}

static moco_status append(part *p)
{
    const size_t total = moco_dataset_count(p->pack->dataset);
    while (p->next < total && !is_full(p)) {
        MOCO_TRY(append_chunk(p, total - p->next < CHUNK ? total - p->next : CHUNK));
        MOCO_TRY(report(p, "packing", p->next, total));
    }
    MOCO_TRY(moco__tar_put_end(p->stream, p->path));
    if (fflush(p->stream) != 0 || fsync(fileno(p->stream)) != 0) {
        return cannot(p, "written");
    }
    return MOCO_OK;
}

/* ---- Verifying ---- */

static moco_status read_item(const part *p, moco__pack_item *item, const moco__shard *shard, size_t position)
{
    const moco__shard_sample *sample = &shard->samples[position];
    const size_t hash_count = p->hashes.size / sizeof item->hash;
    const size_t without_hash = shard->count - hash_count;
    if (!index_of(&item->index, moco__shard_name(shard, position)) || hash_count > shard->count ||
        item->index >= moco_dataset_count(p->pack->dataset)) {
        return moco_error_set(MOCO_EIO, "%s: has other samples than were written", p->name);
    }
    item->has_hash = position >= without_hash;
    if (item->has_hash) {
        memcpy(&item->hash, p->hashes.data + (position - without_hash) * sizeof item->hash, sizeof item->hash);
    }
    MOCO_TRY(moco__bytes_resize(&item->bytes, sample->size));
    size_t got = 0;
    errno = moco__read_at(&got, item->bytes.data, fileno(p->stream), sample->size, sample->offset);
    return errno == 0 && got == sample->size ? MOCO_OK : cannot(p, "read back");
}

static moco_status verify_samples(const part *p, const moco__shard *shard)
{
    for (size_t from = 0; from < shard->count; from += CHUNK) {
        const size_t count = shard->count - from < CHUNK ? shard->count - from : CHUNK;
        for (size_t i = 0; i < count; ++i) {
            MOCO_TRY(read_item(p, &p->items[i], shard, from + i));
        }
        MOCO_TRY(moco__pack_each(p->pack, p->items, count, moco__pack_check));
        for (size_t i = 0; i < count; ++i) {
            if (p->items[i].status != MOCO_OK) {
                return moco_error_set(p->items[i].status, "%s", p->items[i].message);
            }
        }
        MOCO_TRY(report(p, "verifying", from + count, shard->count));
    }
    return MOCO_OK;
}

/* Reads all back, from the disk where the system allows, by the reader that training uses. */
static moco_status verify(const part *p)
{
    moco__shard shard;
    (void)posix_fadvise(fileno(p->stream), 0, 0, POSIX_FADV_DONTNEED);
    MOCO_TRY(moco__shard_scan(&shard, p->name));
    const moco_status status = verify_samples(p, &shard);
    moco__shard_free(&shard);
    return status;
}

/* ---- The whole ---- */

static moco_status publish(part *p)
{
    moco__shard shard;
    if (rename(p->name, p->path) != 0) {
        return cannot(p, "renamed");
    }
    const int error = moco__files_sync_folder(p->path);
    if (error != 0) {
        return moco_error_set(MOCO_EIO, "%s: cannot be written: %s", p->path, strerror(error));
    }
    MOCO_TRY(moco__shard_scan(&shard, p->path));
    const moco_status status = moco__shard_write_index(&shard);
    moco__shard_free(&shard);
    return status;
}

static moco_status finish(part *p)
{
    MOCO_TRY(append(p));
    if (p->count == 0) {
        (void)unlink(p->name);
        /* Where all of the rest is broken, there is no such shard. */
        return p->first > 0 ? MOCO_OK : moco_error_set(MOCO_EFORMAT, "packing: none of the images can be read");
    }
    if (p->pack->options.verify) {
        MOCO_TRY(verify(p));
    }
    return publish(p);
}

static moco_status write_part(part *p)
{
    p->items = moco__calloc(CHUNK, sizeof *p->items);
    if (p->items == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(start_part(p));
    return finish(p);
}

moco_status moco__pack_shard(const moco__pack *pack, const char *path, size_t *next)
{
    part p = { .pack = pack, .path = path, .first = *next, .next = *next };
    if (moco__files_exist(path)) {
        return take_whole(&p, next);
    }
    (void)snprintf(p.name, sizeof p.name, "%s.part", path);
    const moco_status status = write_part(&p);
    if (p.stream != NULL) {
        (void)fclose(p.stream);
    }
    for (size_t i = 0; p.items != NULL && i < CHUNK; ++i) {
        moco__bytes_free(&p.items[i].bytes);
    }
    free(p.items);
    moco__bytes_free(&p.hashes);
    if (status == MOCO_OK) {
        *next = p.next;
    }
    return status;
}
