/* Keeps a feature of every image, and draws dictionaries from them. */
#include "method/bank_internal.h"

#include "base/handle_internal.h"
#include "base/rng_internal.h"
#include "base/tensor_internal.h"
#include "loader/sampler_internal.h"

#include "moco/ops.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 4096 }; /* of a piece of the bank, as it is filled */

static const moco_device host = { MOCO_CPU, 0 };

/* Draws a piece of the bank on the host. */
static moco_status fill(const moco__bank *bank, float *values, int64_t from, int64_t rows)
{
    const int64_t dim = moco_tensor_size(bank->features, 1);
    const double bound = sqrt(3 / (double)dim);
    moco_tensor *piece;
    for (int64_t r = 0; r < rows; ++r) {
        moco__rng rng;
        moco__rng_start(&rng, bank->seed, MOCO__RNG_BANK, (uint64_t)(from + r));
        for (int64_t c = 0; c < dim; ++c) {
            values[r * dim + c] = (float)moco__rng_uniform(&rng, -bound, bound);
        }
    }
    MOCO_TRY(moco_tensor_narrow(&piece, NULL, bank->features, 0, from, rows));
    const moco_status status = moco_tensor_set_from_host(piece, values, (size_t)(rows * dim) * sizeof *values);
    moco_tensor_free(piece);
    return status;
}

moco_status moco__bank_create(moco__bank *bank, int64_t images, int64_t dim, moco_device device)
{
    const int64_t sizes[2] = { images, dim };
    moco_status status = MOCO_OK;
    MOCO_TRY(moco_tensor_empty(&bank->features, NULL, MOCO_FLOAT32, device, sizes, 2));
    float *values = moco__calloc((size_t)(ROWS * dim), sizeof *values);
    if (values == NULL) {
        return MOCO_ENOMEM;
    }
    for (int64_t from = 0; from < images && status == MOCO_OK; from += ROWS) {
        status = fill(bank, values, from, images - from < ROWS ? images - from : ROWS);
    }
    free(values);
    return status;
}

void moco__bank_free(moco__bank *bank)
{
    moco_tensor_free(bank->features);
    *bank = (moco__bank){ 0 };
}

/* Gives the features of images. */
static moco_status pick(moco_tensor **out, moco_scope *scope, const moco__bank *bank, const int64_t *images,
                        size_t count)
{
    const int64_t size = (int64_t)count;
    moco_tensor *index;
    MOCO_TRY(moco_tensor_from_host(&index, scope, MOCO_INT64, moco_tensor_device(bank->features), &size, 1, images));
    return moco__tensor_index_select(out, scope, bank->features, index);
}

static moco_status number_images(moco_tensor **out, moco_scope *scope, const moco__bank_batch *batch)
{
    const int64_t size = (int64_t)batch->own;
    int64_t *images = moco__calloc(batch->own, sizeof *images);
    if (images == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < batch->own; ++i) {
        images[i] = (int64_t)batch->samples[i];
    }
    const moco_status status = moco_tensor_from_host(out, scope, MOCO_INT64, host, &size, 1, images);
    free(images);
    return status;
}

moco_status moco__bank_positives(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                 const moco__bank_batch *batch)
{
    moco_tensor *images;
    MOCO_TRY(number_images(&images, scope, batch));
    return moco__tensor_index_select(out, scope, bank->features, images);
}

static void draw(int64_t *out, const moco__bank *bank, uint64_t number)
{
    moco__rng rng;
    moco__rng_start(&rng, bank->seed, MOCO__RNG_DICTIONARY, number);
    for (int64_t i = 0; i < bank->size; ++i) {
        out[i] = (int64_t)moco__rng_below(&rng, (uint64_t)moco_tensor_size(bank->features, 0));
    }
}

moco_status moco__bank_dictionary(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                  const moco__bank_batch *batch)
{
    int64_t *images = moco__calloc((size_t)bank->size, sizeof *images);
    if (images == NULL) {
        return MOCO_ENOMEM;
    }
    draw(images, bank, batch->number);
    const moco_status status = pick(out, scope, bank, images, (size_t)bank->size);
    free(images);
    return status;
}

moco_status moco__bank_dictionaries(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                    const moco__bank_batch *batch, size_t from, size_t count)
{
    const size_t size = (size_t)bank->size;
    const int64_t sizes[3] = { (int64_t)count, bank->size, moco_tensor_size(bank->features, 1) };
    moco_tensor *rows;
    int64_t *images = moco__calloc(count * size, sizeof *images);
    if (images == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        const size_t sample = moco__grouped_sample(batch->first + from + i, batch->count, batch->groups);
        draw(images + i * size, bank, batch->number * batch->count + sample);
    }
    const moco_status status = pick(&rows, scope, bank, images, count * size);
    free(images);
    MOCO_TRY(status);
    return moco_tensor_reshape(out, scope, rows, sizes, 3);
}

/* Lists the rows that the bank takes, in the order of the samples, and their images: a row whose image comes again
 * later in the batch is left out. Returns how many there are. */
static size_t last_rows(int64_t *rows, int64_t *images, const int64_t *all, const moco__bank_batch *batch)
{
    size_t used = 0;
    for (size_t sample = 0; sample < batch->count; ++sample) {
        const size_t row = moco__grouped_row(sample, batch->count, batch->groups);
        bool is_last = true;
        for (size_t later = sample + 1; later < batch->count && is_last; ++later) {
            is_last = all[moco__grouped_row(later, batch->count, batch->groups)] != all[row];
        }
        if (is_last) {
            rows[used] = (int64_t)row;
            images[used++] = all[row];
        }
    }
    return used;
}

/* Overwrites features of the bank by those of rows of the batch. */
static moco_status move(const moco__bank *bank, moco_scope *scope, const moco_tensor *features, const int64_t *rows,
                        const int64_t *images, size_t count)
{
    const int64_t size = (int64_t)count;
    const moco_device device = moco_tensor_device(bank->features);
    moco_tensor *where, *which, *old, *new, *sum;
    MOCO_TRY(moco_tensor_from_host(&where, scope, MOCO_INT64, device, &size, 1, rows));
    MOCO_TRY(moco_tensor_from_host(&which, scope, MOCO_INT64, device, &size, 1, images));
    MOCO_TRY(moco__tensor_index_select(&old, scope, bank->features, which));
    MOCO_TRY(moco__tensor_index_select(&new, scope, features, where));
    MOCO_TRY(moco_tensor_scale(&old, scope, old, bank->momentum));
    MOCO_TRY(moco_tensor_scale(&new, scope, new, 1 - bank->momentum));
    MOCO_TRY(moco_tensor_add(&sum, scope, old, new));
    MOCO_TRY(moco__tensor_normalize(&sum, scope, sum));
    return moco_tensor_set_rows(bank->features, which, sum);
}

moco_status moco__bank_update(const moco__bank *bank, moco_comm *comm, moco_scope *scope, const moco__bank_batch *batch,
                              const moco_tensor *features)
{
    moco_tensor *images, *gathered, *all;
    int64_t *memory = moco__calloc(3 * batch->count, sizeof *memory);
    if (memory == NULL) {
        return MOCO_ENOMEM;
    }
    int64_t *const rows = memory + batch->count;
    int64_t *const last = rows + batch->count;
    moco_status status;
    MOCO_TRY_GOTO(number_images(&images, scope, batch));
    MOCO_TRY_GOTO(moco_comm_all_gather(&gathered, scope, comm, images)); /* over the host, which chooses */
    MOCO_TRY_GOTO(moco_tensor_to_host(memory, batch->count * sizeof *memory, gathered));
    MOCO_TRY_GOTO(moco_comm_all_gather(&all, scope, comm, features));
    MOCO_TRY_GOTO(move(bank, scope, all, rows, last, last_rows(rows, last, memory, batch)));
done:
    free(memory);
    return status;
}
