/* Writes a checkpoint in a separate thread, while training continues. Training only waits for a copy in memory. */
#include "train/checkpoint_writer_internal.h"

#include "base/handle_internal.h"
#include "base/thread_internal.h"
#include "train/metrics_internal.h"

#include <stdio.h>

/* Without memory for the rest, everything goes to the file at once. */
static moco_status take_bytes(const void *bytes, size_t count, void *payload)
{
    moco__checkpoint_writer *writer = payload;
    if (!writer->is_direct) {
        if (moco__bytes_append(&writer->bytes, bytes, count) == MOCO_OK) {
            return MOCO_OK;
        }
        MOCO_TRY(moco__file_begin(&writer->file, writer->path));
        writer->is_direct = true;
        MOCO_TRY(moco__file_put(&writer->file, writer->bytes.data, writer->bytes.size));
        moco__bytes_free(&writer->bytes);
    }
    return moco__file_put(&writer->file, bytes, count);
}

static moco_status write_file(moco__checkpoint_writer *writer)
{
    if (writer->metrics != NULL) {
        const moco_status status = moco__metrics_sync(writer->metrics);
        if (status != MOCO_OK && writer->is_direct) {
            moco__file_abort(&writer->file);
        }
        MOCO_TRY(status);
    }
    MOCO_TRY(writer->is_direct ? moco__file_commit(&writer->file)
                               : moco__file_write(writer->path, writer->bytes.data, writer->bytes.size));
    return writer->run != NULL ? moco_checkpoint_prune(writer->run, writer->keep_last, writer->keep_every) : MOCO_OK;
}

static void *run_writer(void *payload)
{
    moco__checkpoint_writer *writer = payload;
    writer->status = write_file(writer);
    if (writer->status != MOCO_OK) {
        (void)snprintf(writer->message, sizeof writer->message, "%s", moco_error_message());
    }
    __atomic_store_n(&writer->ended, true, __ATOMIC_RELEASE);
    return NULL;
}

static bool start_thread(moco__checkpoint_writer *writer)
{
    __atomic_store_n(&writer->ended, false, __ATOMIC_RELEASE);
    writer->runs = moco__thread_start(&writer->thread, "moco-writer", run_writer, writer) == 0;
    return writer->runs;
}

moco_status moco__writer_start(moco__checkpoint_writer *writer, const char *path, const moco_model *model,
                               moco_position position, const moco_config *config)
{
    MOCO_TRY(moco__writer_wait(writer));
    (void)snprintf(writer->path, sizeof writer->path, "%s", path);
    writer->bytes.size = 0;
    writer->is_direct = false;
    moco_status status = moco_checkpoint_save_to(take_bytes, writer, model, position, config);
    if (status != MOCO_OK && writer->is_direct) {
        moco__file_abort(&writer->file);
    }
    MOCO_TRY(status);
    const bool has_bytes = writer->bytes.size > 0; /* of rank 0 alone */
    const bool waits = writer->is_direct || (has_bytes && !start_thread(writer));
    return waits ? write_file(writer) : MOCO_OK;
}

moco_status moco__writer_check(moco__checkpoint_writer *writer)
{
    return writer->runs && __atomic_load_n(&writer->ended, __ATOMIC_ACQUIRE) ? moco__writer_wait(writer) : MOCO_OK;
}

moco_status moco__writer_wait(moco__checkpoint_writer *writer)
{
    if (!writer->runs) {
        return MOCO_OK;
    }
    (void)pthread_join(writer->thread, NULL);
    writer->runs = false;
    return writer->status != MOCO_OK ? moco_error_set(writer->status, "%s", writer->message) : MOCO_OK;
}

void moco__writer_close(moco__checkpoint_writer *writer)
{
    if (writer->runs) {
        (void)pthread_join(writer->thread, NULL);
        writer->runs = false;
    }
    moco__bytes_free(&writer->bytes);
}
