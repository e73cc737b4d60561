/* Packs one shard: appends samples to its draft, verifies it, gives it its name and an index. */
#include "dataset/pack_shard_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/pack_draft_internal.h"
#include "dataset/pack_verify_internal.h"
#include "dataset/shard_index_internal.h"
#include "dataset/shard_scan_internal.h"
#include "formats/tar_write_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static moco_status put_item(moco__draft *draft, const moco__pack_item *item)
{
    char key[MOCO__PACK_KEY];
    char name[MOCO__TAR_NAME_MAX + 1];
    char label[24];
    int64_t class_number;
    MOCO_TRY(moco__dataset_label(&class_number, draft->pack->dataset, item->index));
    moco__pack_key(key, draft->pack, item->index);
    if (class_number >= 0) {
        (void)snprintf(name, sizeof name, "%s.cls", key);
        const int digits = snprintf(label, sizeof label, "%lld", (long long)class_number);
        MOCO_TRY(moco__tar_put(&draft->stream, draft->path, name, label, (size_t)digits));
    }
    (void)snprintf(name, sizeof name, "%s%s", key, item->extension);
    MOCO_TRY(moco__tar_put(&draft->stream, draft->path, name, item->bytes.data, item->bytes.size));
    draft->size = draft->stream.size;
    ++draft->count;
    return moco__bytes_append(&draft->hashes, &item->hash, sizeof item->hash);
}

static bool is_full(const moco__draft *draft)
{
    return draft->pack->options.shard_bytes > 0 && draft->size >= draft->pack->options.shard_bytes;
}

static moco_status refuse_item(const moco__draft *draft, const moco__pack_item *item)
{
    const bool may_skip = moco__is_broken_image(item->status) && !draft->pack->options.skip_broken;
    return moco_error_set(item->status, "%s%s", item->message, may_skip ? "; use skip_broken to leave it out" : "");
}

/* Makes a chunk of samples in parallel, and appends them in order until the shard is full. */
static moco_status append_chunk(moco__draft *draft, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        draft->items[i].index = draft->next + i;
    }
    moco__pack_each(draft->pack, draft->items, count, moco__pack_make);
    for (size_t i = 0; i < count && !is_full(draft); ++i) {
        const moco__pack_item *item = &draft->items[i];
        if (item->status != MOCO_OK && !(draft->pack->options.skip_broken && moco__is_broken_image(item->status))) {
            return refuse_item(draft, item);
        }
        if (item->status == MOCO_OK) {
            MOCO_TRY(put_item(draft, item));
        } else {
            (void)moco__dataset_skip(draft->pack->dataset, item->index, item->message);
            moco_log(MOCO_LOG_WARNING, "packing: left out: %s", item->message);
        }
        draft->next = item->index + 1;
    }
    return MOCO_OK;
}

static moco_status append(moco__draft *draft)
{
    const size_t total = moco_dataset_count(draft->pack->dataset);
    while (draft->next < total && !is_full(draft)) {
        MOCO_TRY(append_chunk(draft, total - draft->next < MOCO__PACK_CHUNK ? total - draft->next : MOCO__PACK_CHUNK));
        MOCO_TRY(moco__draft_report(draft, "packing", draft->next, total));
    }
    MOCO_TRY(moco__tar_put_end(&draft->stream, draft->path));
    const int error = moco__stream_sync(&draft->stream);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", draft->name, error);
}

static moco_status publish(moco__draft *draft)
{
    moco__shard shard;
    int error = moco__rename(draft->name, draft->path);
    if (error != 0) {
        return moco__files_cannot("rename", draft->name, error);
    }
    error = moco__files_sync_folder(draft->path);
    if (error != 0) {
        return moco__files_cannot("write", draft->path, error);
    }
    MOCO_TRY(moco__shard_scan(&shard, draft->path));
    const moco_status status = moco__shard_write_index(&shard);
    moco__shard_free(&shard);
    return status;
}

/* A crash of the machine may leave samples whose bytes did not reach the disk. To continue from them would fail always.
 */
static moco_status verify(moco__draft *draft, bool is_continued)
{
    char reason[1024];
    const moco_status status = moco__pack_verify(draft);
    if (status == MOCO_OK || status == MOCO_ESTOPPED || status == MOCO_ENOMEM || !is_continued) {
        return status;
    }
    (void)snprintf(reason, sizeof reason, "%s", moco_error_message());
    (void)unlink(draft->name);
    return moco_error_set(status, "%s; %s, which an earlier call began, is deleted: give the same command again",
                          reason, draft->name);
}

static moco_status finish(moco__draft *draft)
{
    const bool is_continued = draft->count > 0;
    MOCO_TRY(append(draft));
    if (draft->count == 0) {
        (void)unlink(draft->name);
        /* All of the remaining images are broken, so the shard is not needed. */
        return draft->first > 0 ? MOCO_OK : moco_error_set(MOCO_EFORMAT, "packing: none of the images can be read");
    }
    if (draft->pack->options.verify) {
        MOCO_TRY(verify(draft, is_continued));
    }
    return publish(draft);
}

static moco_status write_draft(moco__draft *draft)
{
    draft->items = moco__calloc(MOCO__PACK_CHUNK, sizeof *draft->items);
    if (draft->items == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(moco__draft_start(draft));
    return finish(draft);
}

moco_status moco__pack_shard(const moco__pack *pack, const char *path, size_t *next)
{
    moco__draft draft = { .pack = pack, .path = path, .first = *next, .next = *next };
    draft.stream.descriptor = -1;
    if (moco__files_exist(path)) {
        return moco__draft_take_finished(&draft, next);
    }
    (void)snprintf(draft.name, sizeof draft.name, "%s.part", path);
    moco_status status = write_draft(&draft);
    (void)moco__stream_close(&draft.stream);
    for (size_t i = 0; draft.items != NULL && i < MOCO__PACK_CHUNK; ++i) {
        moco__bytes_free(&draft.items[i].bytes);
    }
    free(draft.items);
    moco__bytes_free(&draft.hashes);
    if (status == MOCO_OK) {
        *next = draft.next;
    }
    return status;
}
