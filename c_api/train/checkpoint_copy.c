/* Keeps a copy of what a checkpoint holds. Tensors keep their layout, so that copying is no more than that. */
#include "train/checkpoint_copy_internal.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"
#include "formats/safetensors_write_internal.h"

#include "moco/ops.h"

#include <stdlib.h>
#include <string.h>

static void free_tensors(moco__checkpoint_copy *copy)
{
    for (size_t i = 0; i < copy->count; ++i) {
        moco_tensor_free(copy->tensors[i]);
    }
    free(copy->tensors);
    copy->tensors = NULL;
    copy->count = 0;
}

static void free_texts(moco__checkpoint_copy *copy)
{
    free(copy->rows);
    free(copy->metadata);
    free(copy->texts);
    copy->rows = NULL;
    copy->metadata = NULL;
    copy->texts = NULL;
    copy->metadata_count = 0;
}

static bool fits(const moco_tensor *kept, const moco_tensor *tensor)
{
    return kept != NULL && moco_tensor_dtype(kept) == moco_tensor_dtype(tensor) && moco_ops_same_sizes(kept, tensor);
}

static moco_status copy_tensor(moco_tensor **kept, const moco_tensor *tensor)
{
    if (fits(*kept, tensor)) {
        return moco__tensor_refill(*kept, tensor);
    }
    moco_tensor_free(*kept);
    *kept = NULL;
    return moco_tensor_device(tensor).type == MOCO_CPU
               ? moco_tensor_clone(kept, NULL, tensor)
               : moco_tensor_to(kept, NULL, tensor, (moco_device){ MOCO_CPU, 0 });
}

static moco_status copy_tensors(moco__checkpoint_copy *copy, const moco_named_tensor *tensors, size_t count)
{
    if (copy->count != count) {
        free_tensors(copy);
        copy->tensors = moco__calloc(count, sizeof(moco_tensor *));
        if (copy->tensors == NULL) {
            return MOCO_ENOMEM;
        }
        copy->count = count;
    }
    moco_status status = MOCO_OK;
    moco_no_grad_begin();
    for (size_t i = 0; i < count && status == MOCO_OK; ++i) {
        status = copy_tensor(&copy->tensors[i], tensors[i].tensor);
    }
    const moco_status end = moco_no_grad_end();
    return status != MOCO_OK ? status : end;
}

/* Appends a text to others, and moves the end behind it. */
static const char *append(char **end, const char *text)
{
    char *to = *end;
    const size_t size = strlen(text) + 1;
    memcpy(to, text, size);
    *end += size;
    return to;
}

static moco_status copy_texts(moco__checkpoint_copy *copy, const moco_named_tensor *tensors, size_t count,
                              const moco_metadata *metadata, size_t metadata_count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; ++i) {
        size += strlen(tensors[i].name) + 1;
    }
    for (size_t i = 0; i < metadata_count; ++i) {
        size += strlen(metadata[i].key) + strlen(metadata[i].value) + 2;
    }
    free_texts(copy);
    copy->rows = moco__calloc(count, sizeof *copy->rows);
    copy->metadata = moco__calloc(metadata_count, sizeof *copy->metadata);
    copy->texts = moco__calloc(size, 1);
    if (copy->rows == NULL || copy->metadata == NULL || copy->texts == NULL) {
        return MOCO_ENOMEM;
    }
    char *end = copy->texts;
    for (size_t i = 0; i < count; ++i) {
        copy->rows[i] = (moco_named_tensor){ append(&end, tensors[i].name), copy->tensors[i] };
    }
    for (size_t i = 0; i < metadata_count; ++i) {
        copy->metadata[i].key = append(&end, metadata[i].key);
        copy->metadata[i].value = append(&end, metadata[i].value);
    }
    copy->metadata_count = metadata_count;
    return MOCO_OK;
}

moco_status moco__checkpoint_copy_fill(moco__checkpoint_copy *copy, const moco_named_tensor *tensors, size_t count,
                                       const moco_metadata *metadata, size_t metadata_count)
{
    moco_status status;
    MOCO_TRY_GOTO(copy_tensors(copy, tensors, count));
    MOCO_TRY_GOTO(copy_texts(copy, tensors, count, metadata, metadata_count));
done:
    if (status != MOCO_OK) {
        moco__checkpoint_copy_free(copy);
    }
    return status;
}

moco_status moco__checkpoint_copy_write(const moco__checkpoint_copy *copy, const char *path)
{
    return moco__safetensors_write_summed(path, NULL, NULL, copy->rows, copy->count, copy->metadata,
                                          copy->metadata_count);
}

void moco__checkpoint_copy_free(moco__checkpoint_copy *copy)
{
    free_tensors(copy);
    free_texts(copy);
}
