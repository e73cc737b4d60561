/* Writes a checkpoint in a separate thread, while training continues. Training only waits for a copy in memory. */
#include "train/checkpoint_writer_internal.h"

#include "base/handle_internal.h"
#include "base/thread_internal.h"
#include "formats/safetensors_write_internal.h"
#include "train/checkpoint_give_internal.h"
#include "train/metrics_internal.h"

#include <stdio.h>

static moco_status before(const moco__checkpoint_writer *writer)
{
    return writer->metrics != NULL ? moco__metrics_sync(writer->metrics) : MOCO_OK;
}

static moco_status after(const moco__checkpoint_writer *writer)
{
    return writer->run != NULL ? moco_checkpoint_prune(writer->run, writer->keep_last, writer->keep_every) : MOCO_OK;
}

static moco_status write_copy(const moco__checkpoint_writer *writer)
{
    MOCO_TRY(before(writer));
    MOCO_TRY(moco__checkpoint_copy_write(&writer->copy, writer->path));
    return after(writer);
}

/* Keeps a copy for the thread. Without memory for one, the file is written at once. */
static moco_status take(void *payload, const moco_named_tensor *tensors, size_t count, const moco_metadata *metadata,
                        size_t metadata_count)
{
    moco__checkpoint_writer *writer = payload;
    writer->has_copy = moco__checkpoint_copy_fill(&writer->copy, tensors, count, metadata, metadata_count) == MOCO_OK;
    if (writer->has_copy) {
        return MOCO_OK;
    }
    MOCO_TRY(before(writer));
    MOCO_TRY(moco__safetensors_write_summed(writer->path, NULL, NULL, tensors, count, metadata, metadata_count));
    return after(writer);
}

static void *run_writer(void *payload)
{
    moco__checkpoint_writer *writer = payload;
    moco__thread_compute_alone();
    writer->status = write_copy(writer);
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
    writer->has_copy = false; /* as rank 0 alone gets one */
    MOCO_TRY(moco__checkpoint_give(take, writer, model, position, config));
    return writer->has_copy && !start_thread(writer) ? write_copy(writer) : MOCO_OK;
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
    moco__checkpoint_copy_free(&writer->copy);
}
