/* Starts the draft of a shard: finds what an earlier call has left, and continues from there. */
#include "dataset/pack_draft_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_index_internal.h"
#include "dataset/shard_scan_internal.h"
#include "formats/tar_read_internal.h"
#include "formats/tar_write_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTINGS_SIZE = 512 };

static const char settings_name[] = MOCO__SHARD_SETTINGS;
static const char classes_name[] = "__classes__";

moco_status moco__draft_report(moco__draft *draft, const char *action, size_t done, size_t total)
{
    const moco_pack_options *o = &draft->pack->options;
    const moco_shards_progress now = { draft->path, action, done, total, draft->size };
    if (o->progress == NULL || o->progress(&now, o->payload) == 0) {
        return MOCO_OK;
    }
    const int error = moco__stream_sync(&draft->stream);
    if (error != 0) {
        return moco__files_cannot("write", draft->name, error);
    }
    return moco_error_set(MOCO_ESTOPPED, "stopped while %s %s; the same command continues from there", action,
                          draft->path);
}

/* ---- The settings ---- */

static void describe(char text[SETTINGS_SIZE], const moco__draft *draft)
{
    const moco_pack_options *o = &draft->pack->options;
    (void)snprintf(text, SETTINGS_SIZE,
                   "moco-pack 1\nsource %016llx\nsamples %zu\nfirst %zu\nshort-side %d\nquality %d\nshard-bytes %llu\n",
                   (unsigned long long)draft->pack->source, moco_dataset_count(draft->pack->dataset), draft->first,
                   o->short_side, o->short_side > 0 ? o->quality : 0, (unsigned long long)o->shard_bytes);
}

static moco_status put_start(moco__draft *draft)
{
    const moco_dataset *dataset = draft->pack->dataset;
    char settings[SETTINGS_SIZE];
    moco__bytes names = { NULL, 0, 0 };
    moco_status status = MOCO_OK;
    describe(settings, draft);
    MOCO_TRY(moco__tar_put(&draft->stream, draft->path, settings_name, settings, strlen(settings)));
    for (size_t i = 0; dataset->class_names != NULL && i < dataset->class_count && status == MOCO_OK; ++i) {
        status = moco__bytes_append(&names, dataset->class_names[i], strlen(dataset->class_names[i]));
        if (status == MOCO_OK) {
            status = moco__bytes_append(&names, "\n", 1);
        }
    }
    if (status == MOCO_OK && names.size > 0) {
        status = moco__tar_put(&draft->stream, draft->path, classes_name, names.data, names.size);
    }
    moco__bytes_free(&names);
    return status;
}

static moco_status foreign(const moco__draft *draft, const char *path)
{
    return moco_error_set(MOCO_EEXISTS,
                          "%s is there already, but was not packed from this data with these options; choose another "
                          "name (out), or delete it",
                          draft->stream.descriptor >= 0 ? draft->name : path);
}

/* Refuses an archive that does not begin with these settings. */
static moco_status check_settings(const moco__draft *draft, moco__tar *tar, const char *path)
{
    char settings[SETTINGS_SIZE];
    moco__tar_entry entry;
    bool more = false;
    describe(settings, draft);
    const bool same = moco__tar_next(tar, &entry, &more) == MOCO_OK && more && strcmp(entry.name, settings_name) == 0 &&
                      moco__tar_content(tar, &entry, &tar->extra, SETTINGS_SIZE) == MOCO_OK &&
                      tar->extra.size == strlen(settings) && memcmp(tar->extra.data, settings, tar->extra.size) == 0;
    return same ? MOCO_OK : foreign(draft, path);
}

/* ---- A finished shard ---- */

bool moco__draft_index(size_t *index, const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    if (digits < 8 || digits > 15 || name[digits] != '-') {
        return false;
    }
    *index = (size_t)strtoull(name, NULL, 10);
    return true;
}

static moco_status check_finished(const moco__draft *draft)
{
    moco__source *source;
    moco__tar tar;
    MOCO_TRY(moco__source_open(&source, draft->path));
    moco__tar_start(&tar, source);
    const moco_status status = check_settings(draft, &tar, draft->path);
    moco__tar_end(&tar);
    moco__source_close(source);
    return status;
}

moco_status moco__draft_take_finished(const moco__draft *draft, size_t *next)
{
    moco__shard shard;
    size_t last = 0;
    MOCO_TRY(check_finished(draft));
    MOCO_TRY(moco__shard_scan(&shard, draft->path));
    const bool known = shard.count > 0 && moco__draft_index(&last, moco__shard_name(&shard, shard.count - 1));
    char *index_path = moco__shard_index_path(draft->path);
    moco_status status = index_path == NULL ? MOCO_ENOMEM : known ? MOCO_OK : foreign(draft, draft->path);
    if (status == MOCO_OK && !moco__files_exist(index_path)) { /* the earlier call ended before it wrote the index */
        status = moco__shard_write_index(&shard);
    }
    free(index_path);
    moco__shard_free(&shard);
    if (status == MOCO_OK) {
        /* A single file holds all images; those that are not in it were left out as broken. */
        *next = draft->pack->options.shard_bytes == 0 ? moco_dataset_count(draft->pack->dataset) : last + 1;
    }
    return status;
}

/* ---- A draft that an earlier call has left ---- */

/* Counts the complete samples from the start. */
static void find_sound(moco__draft *draft, moco__tar *tar, uint64_t file_size)
{
    moco__tar_entry entry;
    bool more = false;
    size_t index = 0;
    while (moco__tar_next(tar, &entry, &more) == MOCO_OK && more && tar->next <= file_size) {
        const bool is_start = strcmp(entry.name, classes_name) == 0;
        const bool is_image = moco__is_image_name(entry.name) && moco__draft_index(&index, entry.name);
        if (is_start || is_image) {
            draft->size = tar->next;
            draft->next = is_image ? index + 1 : draft->next;
            draft->count += is_image;
        }
    }
}

static moco_status recover(moco__draft *draft, uint64_t file_size)
{
    moco__source *source;
    moco__tar tar;
    MOCO_TRY(moco__source_open(&source, draft->name));
    moco__tar_start(&tar, source);
    const moco_status status = check_settings(draft, &tar, draft->name);
    if (status == MOCO_OK) {
        draft->size = tar.next;
        find_sound(draft, &tar, file_size);
    }
    moco__tar_end(&tar);
    moco__source_close(source);
    return status;
}

/* Opens the file, and locks it for this process. */
static moco_status open_draft(moco__draft *draft)
{
    int error = moco__stream_open(&draft->stream, draft->name, O_RDWR);
    if (error != 0) {
        return moco__files_cannot("open", draft->name, error);
    }
    error = moco__flock(draft->stream.descriptor, LOCK_EX | LOCK_NB);
    if (error == EWOULDBLOCK) {
        return moco_error_set(MOCO_EEXISTS,
                              "%s: another process is packing this shard; wait for it, or choose another name (out)",
                              draft->name);
    }
    if (error != 0) {
        moco_log(MOCO_LOG_WARNING,
                 "%s: the file system has no locks (%s); take care that no second process packs this shard",
                 draft->name, strerror(error));
    }
    return MOCO_OK;
}

moco_status moco__draft_start(moco__draft *draft)
{
    struct stat info;
    MOCO_TRY(open_draft(draft));
    const int descriptor = draft->stream.descriptor;
    if (fstat(descriptor, &info) != 0) {
        return moco__files_cannot("read", draft->name, errno);
    }
    const uint64_t file_size = (uint64_t)info.st_size;
    if (file_size >= 2 * (uint64_t)MOCO__TAR_BLOCK) { /* less does not hold the settings */
        MOCO_TRY(recover(draft, file_size));
    }
    const bool has_classes = draft->pack->dataset->class_names != NULL;
    if (draft->count == 0 && has_classes && draft->size <= 2 * (uint64_t)MOCO__TAR_BLOCK) {
        draft->size = 0; /* stopped before the first sample: begin again */
    }
    int error = moco__truncate(descriptor, draft->size);
    if (error == 0 && lseek(descriptor, (off_t)draft->size, SEEK_SET) < 0) {
        error = errno;
    }
    if (error != 0) {
        return moco__files_cannot("write", draft->name, error);
    }
    draft->stream.size = draft->size;
    if (draft->next > draft->first) {
        moco_log(MOCO_LOG_INFO, "%s: continuing after image %zu", draft->name, draft->next - 1);
    }
    return draft->size == 0 ? put_start(draft) : MOCO_OK;
}
