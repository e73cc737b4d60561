/* Reads a draft back with the reader that training uses, and compares its samples with what was written. */
#include "dataset/pack_verify_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/shard_scan_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static moco_status read_item(moco__draft *draft, moco__pack_item *item, const moco__shard *shard, size_t position)
{
    const moco__shard_sample *sample = &shard->samples[position];
    const size_t hash_count = draft->hashes.size / sizeof item->hash;
    const size_t without_hash = shard->count - hash_count;
    if (!moco__draft_index(&item->index, moco__shard_name(shard, position)) || hash_count > shard->count ||
        item->index >= moco_dataset_count(draft->pack->dataset)) {
        return moco_error_set(MOCO_EIO, "%s: the samples are not those that were written; the disk may be faulty",
                              draft->name);
    }
    item->has_hash = position >= without_hash;
    if (item->has_hash) {
        memcpy(&item->hash, draft->hashes.data + (position - without_hash) * sizeof item->hash, sizeof item->hash);
    }
    MOCO_TRY(moco__bytes_resize(&item->bytes, sample->size));
    size_t got = 0;
    const int error = moco__read_at(&got, item->bytes.data, draft->stream.descriptor, sample->size, sample->offset);
    return error == 0 && got == sample->size ? MOCO_OK
                                             : moco__files_cannot("read back", draft->name, error != 0 ? error : EIO);
}

static moco_status verify_samples(moco__draft *draft, const moco__shard *shard)
{
    for (size_t from = 0; from < shard->count; from += MOCO__PACK_CHUNK) {
        const size_t count = shard->count - from < MOCO__PACK_CHUNK ? shard->count - from : MOCO__PACK_CHUNK;
        for (size_t i = 0; i < count; ++i) {
            MOCO_TRY(read_item(draft, &draft->items[i], shard, from + i));
        }
        moco__pack_each(draft->pack, draft->items, count, moco__pack_check);
        for (size_t i = 0; i < count; ++i) {
            if (draft->items[i].status != MOCO_OK) {
                return moco_error_set(draft->items[i].status, "%s", draft->items[i].message);
            }
        }
        MOCO_TRY(moco__draft_report(draft, "verifying", from + count, shard->count));
    }
    return MOCO_OK;
}

moco_status moco__pack_verify(moco__draft *draft)
{
    moco__shard shard;
    /* Read from the disk rather than from memory, if the system allows. */
    (void)posix_fadvise(draft->stream.descriptor, 0, 0, POSIX_FADV_DONTNEED);
    MOCO_TRY(moco__shard_scan(&shard, draft->name));
    const moco_status status = verify_samples(draft, &shard);
    moco__shard_free(&shard);
    return status;
}
