/* Gathers the running statistics of batch norm over the ranks. */
#include "ranks/statistics_internal.h"

#include "base/handle_internal.h"

#include <stdlib.h>

/* Returns the index-th tensor of an encoder's state if it is a running mean or variance, else NULL. */
static moco_tensor *statistic_at(const moco_encoder *encoder, size_t index)
{
    moco_tensor *tensor = moco_tensor_list_get(moco_encoder_state(encoder), index);
    const bool buffer = !moco_encoder_state_is_parameter(encoder, index);
    return buffer && moco_tensor_dtype(tensor) == MOCO_FLOAT32 ? tensor : NULL;
}

static size_t bytes_of(const moco_tensor *tensor)
{
    return (size_t)moco_tensor_numel(tensor) * sizeof(float);
}

size_t moco__statistics_count(const moco_encoder *encoder)
{
    size_t count = 0;
    for (size_t i = 0; i < moco_tensor_list_count(moco_encoder_state(encoder)); ++i) {
        const moco_tensor *tensor = statistic_at(encoder, i);
        count += tensor != NULL ? (size_t)moco_tensor_numel(tensor) : 0;
    }
    return count;
}

static moco_status get(float *values, const moco_encoder *encoder)
{
    for (size_t i = 0; i < moco_tensor_list_count(moco_encoder_state(encoder)); ++i) {
        const moco_tensor *tensor = statistic_at(encoder, i);
        if (tensor != NULL) {
            MOCO_TRY(moco_tensor_to_host(values, bytes_of(tensor), tensor));
            values += moco_tensor_numel(tensor);
        }
    }
    return MOCO_OK;
}

moco_status moco__statistics_set(moco_encoder *encoder, const float *values)
{
    for (size_t i = 0; i < moco_tensor_list_count(moco_encoder_state(encoder)); ++i) {
        moco_tensor *tensor = statistic_at(encoder, i);
        if (tensor != NULL) {
            MOCO_TRY(moco_tensor_set_from_host(tensor, values, bytes_of(tensor)));
            values += moco_tensor_numel(tensor);
        }
    }
    return MOCO_OK;
}

static void average(moco__statistics *s)
{
    for (size_t i = 0; i < s->count; ++i) {
        double sum = 0;
        for (size_t r = 0; r < s->world; ++r) {
            sum += (double)s->all[r * s->count + i];
        }
        s->mean[i] = (float)(sum / (double)s->world);
    }
}

moco_status moco__statistics_gather(moco__statistics *out, moco_comm *comm, const moco_encoder *encoder,
                                    moco_device device)
{
    moco__statistics s = { .count = moco__statistics_count(encoder), .world = (size_t)moco_comm_world(comm) };
    const int64_t sizes[2] = { 1, (int64_t)s.count };
    moco_scope *scope = NULL;
    moco_tensor *mine, *gathered;
    moco_status status;
    s.all = moco__calloc(s.world * s.count, sizeof *s.all);
    s.mean = moco__calloc(s.count, sizeof *s.mean);
    if (s.all == NULL || s.mean == NULL) {
        status = MOCO_ENOMEM;
        goto done;
    }
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(get(s.mean, encoder));
    MOCO_TRY_GOTO(moco_tensor_from_host(&mine, scope, MOCO_FLOAT32, device, sizes, 2, s.mean));
    MOCO_TRY_GOTO(moco_comm_all_gather(&gathered, scope, comm, mine));
    MOCO_TRY_GOTO(moco_tensor_to_host(s.all, s.world * s.count * sizeof *s.all, gathered));
    average(&s);
    *out = s;
    moco_scope_free(scope);
    return MOCO_OK;
done:
    moco_scope_free(scope);
    moco__statistics_free(&s);
    return status;
}

void moco__statistics_free(moco__statistics *statistics)
{
    free(statistics->all);
    free(statistics->mean);
    *statistics = (moco__statistics){ 0 };
}
