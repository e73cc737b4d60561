/* Writes, reads and shares what checkpoints hold of several processes: the running statistics of each rank. */
#include "train/checkpoint_ranks_internal.h"

#include "base/handle_internal.h"
#include "method/model_internal.h"
#include "ranks/comm_numbers_internal.h"

#include <string.h>

moco_status moco__checkpoint_add_ranks(moco__table *t, moco_encoder *encoder, const moco__statistics *statistics,
                                       int which)
{
    const int64_t sizes[2] = { (int64_t)statistics->world, (int64_t)statistics->count };
    const moco_device cpu = { MOCO_CPU, 0 };
    MOCO_TRY(moco_tensor_from_host(&t->ranks[which], NULL, MOCO_FLOAT32, cpu, sizes, 2, statistics->all));
    moco__table_add(t, moco__rank_names[which], "", t->ranks[which]);
    return moco__statistics_set(encoder, statistics->mean);
}

void moco__checkpoint_warn_of_world(const moco__safetensors *file, const char *path, int32_t world)
{
    const moco__safetensors_entry *entry = moco__safetensors_find(file, moco__rank_names[0]);
    const int64_t saved = entry != NULL && entry->ndim == 2 ? entry->sizes[0] : 1;
    if (saved != world) {
        moco_log(
            MOCO_LOG_WARNING,
            "%s is from %lld process%s, and the run continues with %d: images stay the same, and so do groups of batch "
            "norm that divide among them, but sums are made in another order and running statistics start from "
            "their mean, so the run is not bit-identical",
            path, (long long)saved, saved == 1 ? "" : "es", world);
    }
}

/* Reads the statistics of each rank, if the file has them for as many ranks as there are now. Else all keep the mean.
 */
static moco_status read_ranks(moco__statistics *out, const moco_model *model, const moco__safetensors *file, int which)
{
    const size_t count = moco__statistics_count(moco_model_query_encoder(model));
    const size_t world = (size_t)moco_comm_world(moco__model_comm(model));
    const moco__safetensors_entry *entry = moco__safetensors_find(file, moco__rank_names[which]);
    if (entry != NULL && entry->ndim == 2 && (size_t)entry->sizes[0] == world && (size_t)entry->sizes[1] == count &&
        entry->dtype == MOCO_FLOAT32) {
        out->all = moco__calloc(world * count, sizeof *out->all);
        if (out->all == NULL) {
            return MOCO_ENOMEM;
        }
        memcpy(out->all, entry->data, world * count * sizeof *out->all);
    }
    return MOCO_OK;
}

/* Gives all ranks rank 0's tensors and numbers, since they may not see its file. */
static moco_status share_tensors(moco_model *model, moco_position *position)
{
    moco_comm *comm = moco__model_comm(model);
    moco_queue *queue = moco_model_queue(model);
    moco__table t = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(moco__table_create(&t, model));
    for (size_t i = 0; i < t.count; ++i) {
        moco_tensor *tensor = (moco_tensor *)t.rows[i].tensor;
        if (tensor != t.queue_ptr && tensor != t.queue_filled) {
            MOCO_TRY_GOTO(moco_comm_broadcast(comm, tensor, 0));
        }
    }
    int64_t numbers[] = { moco_queue_pointer(queue), moco_queue_filled(queue), (int64_t)moco__model_shuffles(model),
                          (int64_t)position->step,   (int64_t)position->epoch, (int64_t)position->batch };
    MOCO_TRY_GOTO(
        moco__comm_broadcast_numbers(comm, moco__model_device(model), numbers, sizeof numbers / sizeof numbers[0]));
    if (queue != NULL) {
        MOCO_TRY_GOTO(moco_queue_restore(queue, numbers[0], numbers[1]));
    }
    moco__model_set_shuffles(model, (uint64_t)numbers[2]);
    *position = (moco_position){ (uint64_t)numbers[3], (uint64_t)numbers[4], (uint64_t)numbers[5] };
done:
    moco__table_free(&t);
    return status;
}

/* Gives each rank its own statistics. */
static moco_status share_statistics(moco_model *model, const moco__safetensors *file)
{
    moco_encoder *const encoders[2] = { moco_model_query_encoder(model), moco_model_key_encoder(model) };
    moco_comm *comm = moco__model_comm(model);
    const moco_device device = moco__model_device(model);
    const size_t count = moco__statistics_count(encoders[0]);
    const size_t world = (size_t)moco_comm_world(comm);
    const size_t rank = (size_t)moco_comm_rank(comm);
    const int64_t sizes[2] = { (int64_t)world, (int64_t)count };
    for (int e = 0; e < 2 && encoders[e] != NULL; ++e) {
        moco__statistics ranks = { 0 };
        moco_tensor *all = NULL;
        int64_t known = 0;
        moco_status status;
        if (rank == 0) {
            MOCO_TRY_GOTO(read_ranks(&ranks, model, file, e));
            known = ranks.all != NULL ? 1 : 0;
        }
        MOCO_TRY_GOTO(moco__comm_broadcast_numbers(comm, device, &known, 1));
        if (known != 0) {
            ranks.all = rank == 0 ? ranks.all : moco__calloc(world * count, sizeof *ranks.all);
            MOCO_TRY_GOTO(moco_tensor_from_host(&all, NULL, MOCO_FLOAT32, device, sizes, 2, ranks.all));
            MOCO_TRY_GOTO(moco_comm_broadcast(comm, all, 0));
            MOCO_TRY_GOTO(moco_tensor_to_host(ranks.all, world * count * sizeof *ranks.all, all));
            MOCO_TRY_GOTO(moco__statistics_set(encoders[e], ranks.all + rank * count));
        }
    done:
        moco_tensor_free(all);
        moco__statistics_free(&ranks);
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

moco_status moco__checkpoint_share(moco_model *model, moco_position *position, const moco__safetensors *file)
{
    MOCO_TRY(share_tensors(model, position));
    return share_statistics(model, file);
}
