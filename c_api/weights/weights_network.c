/* Finds out which network the tensors of a file belong to, and fills an encoder with them. */
#include "base/handle_internal.h"
#include "weights/adapt_input_internal.h"
#include "weights/encoder_state_internal.h"
#include "weights/finite_internal.h"
#include "weights/weights_list_internal.h"
#include "weights/weights_nearest_internal.h"
#include "weights/weights_prefix_internal.h"

#include "moco/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256, STAGES = 4, BLOCKS_MAX = 64 }; /* BLOCKS_MAX: per stage; ResNet-152 has 36 */

static const moco_weights_entry *find(const moco_weights *weights, const char *prefix, const char *name)
{
    char whole[NAME_SIZE];
    const int length = snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return length > 0 && (size_t)length < sizeof whole ? moco_weights_find(weights, whole) : NULL;
}

/* Returns the tensor of a name if it has this number of dimensions, else NULL. */
static const moco_weights_entry *find_shaped(const moco_weights *weights, const char *prefix, const char *name,
                                             size_t ndim)
{
    const moco_weights_entry *entry = find(weights, prefix, name);
    return entry != NULL && entry->ndim == ndim ? entry : NULL;
}

static int64_t count_blocks(const moco_weights *weights, const char *prefix, int stage)
{
    int64_t count = 0;
    for (char name[64]; count < BLOCKS_MAX; ++count) {
        (void)snprintf(name, sizeof name, "layer%d.%d.conv1.weight", stage + 1, (int)count);
        if (find(weights, prefix, name) == NULL) {
            break;
        }
    }
    return count;
}

/* Measures the network by the sizes of its first convolutions and the names of its blocks. */
static bool measure(moco_architecture *out, bool *cifar_stem, const moco_weights *weights, const char *prefix)
{
    const moco_weights_entry *stem = find_shaped(weights, prefix, "conv1.weight", 4);
    const moco_weights_entry *inner = find_shaped(weights, prefix, "layer1.0.conv2.weight", 4);
    if (stem == NULL || inner == NULL || stem->sizes[0] < 16 || inner->sizes[1] < 1) {
        return false;
    }
    memset(out, 0, sizeof *out);
    for (int stage = 0; stage < STAGES; ++stage) {
        out->blocks[stage] = count_blocks(weights, prefix, stage);
    }
    out->small = out->blocks[STAGES - 1] == 0;
    out->widen = stem->sizes[0] / (out->small ? 16 : 64);
    out->bottleneck = find(weights, prefix, "layer1.0.conv3.weight") != NULL;
    out->groups = inner->sizes[0] / inner->sizes[1];
    out->width_per_group = 64;
    if (out->bottleneck && out->groups > 0 && out->widen > 0) {
        out->width_per_group = inner->sizes[0] / out->groups / out->widen;
    }
    *cifar_stem = !out->small && stem->sizes[2] == 3;
    return true;
}

static bool same(const moco_architecture *a, const moco_architecture *b)
{
    return a->bottleneck == b->bottleneck && a->groups == b->groups && a->width_per_group == b->width_per_group &&
           a->widen == b->widen && a->small == b->small && memcmp(a->blocks, b->blocks, sizeof a->blocks) == 0;
}

static moco_status find_arch(moco_network *out, const moco_weights *weights)
{
    moco_architecture found;
    moco_architecture known;
    const bool measured = measure(&found, &out->cifar_stem, weights, out->prefix);
    for (size_t i = 0; measured && moco_encoder_architecture(&known, i); ++i) {
        if (same(&found, &known)) {
            (void)snprintf(out->arch, sizeof out->arch, "%s", known.name);
            return MOCO_OK;
        }
    }
    return moco__weights_refuse_network(weights, out->prefix);
}

/* Returns whether there are tensors fc.*. */
static bool has_head(const moco_weights *weights, const char *prefix)
{
    const size_t length = strlen(prefix);
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        if (strncmp(entry->name, prefix, length) == 0 && moco__is_head(entry->name + length)) {
            return true;
        }
    }
    return false;
}

/* Returns whether the tensors fc.* are those of MoCo's head of two layers, and no others. */
static bool is_mlp(const moco_weights *weights, const char *prefix)
{
    static const char *const parts[] = { "fc.0.weight", "fc.0.bias", "fc.2.weight", "fc.2.bias" };
    enum { PARTS = sizeof parts / sizeof parts[0] };
    const size_t length = strlen(prefix);
    const moco_weights_entry *entry = NULL;
    size_t count = 0;
    size_t found = 0;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        count += strncmp(entry->name, prefix, length) == 0 && moco__is_head(entry->name + length);
    }
    for (size_t i = 0; i < PARTS; ++i) {
        found += find(weights, prefix, parts[i]) != NULL;
    }
    const moco_weights_entry *first = find_shaped(weights, prefix, "fc.0.weight", 2);
    const moco_weights_entry *last = find_shaped(weights, prefix, "fc.2.weight", 2);
    return count == PARTS && found == PARTS && first != NULL && last != NULL && first->sizes[0] == first->sizes[1] &&
           last->sizes[1] == first->sizes[0];
}

/* Takes other heads than those of MoCo for classifiers, which are left out: a linear fc of a network alone, unless
 * libmoco wrote the file, and the heads of other methods. */
static void find_head(moco_network *out, const moco_weights *weights)
{
    const moco_weights_entry *linear = find_shaped(weights, out->prefix, "fc.weight", 2);
    const moco_weights_entry *last = find_shaped(weights, out->prefix, "fc.2.weight", 2);
    const bool encoder = strstr(out->prefix, "encoder_q.") != NULL || strstr(out->prefix, "encoder_k.") != NULL ||
                         moco__weights_are_ours(weights);
    out->mlp = is_mlp(weights, out->prefix);
    out->dim = out->mlp ? last->sizes[0] : linear != NULL && encoder ? linear->sizes[0] : 0;
    out->classifier = out->dim == 0 && has_head(weights, out->prefix);
}

moco_status moco_weights_network(moco_network *out, const moco_weights *weights, moco_branch branch)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(weights);
    moco_network found = { .dim = 0 };
    MOCO_TRY(moco__weights_find_prefix(found.prefix, weights, branch));
    MOCO_TRY(find_arch(&found, weights));
    find_head(&found, weights);
    *out = found;
    return MOCO_OK;
}

moco_status moco_weights_read_tensor(moco_tensor *tensor, const moco_weights *weights, const char *name)
{
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(weights);
    const moco_weights_entry *entry = moco_weights_find(weights, name);
    MOCO_TRY(moco__weights_compare(weights, name, entry, tensor, "network like this"));
    void *values = malloc(entry->bytes > 0 ? entry->bytes : 1);
    moco_tensor *copy = NULL;
    moco_status status;
    if (values == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for a tensor of %zu bytes", entry->bytes);
    }
    MOCO_TRY_GOTO(moco_weights_read(values, entry->bytes, weights, name));
    MOCO_TRY_GOTO(moco_tensor_from_host(&copy, NULL, entry->dtype, (moco_device){ MOCO_CPU, 0 }, entry->sizes,
                                        entry->ndim, values));
    MOCO_TRY_GOTO(moco__weights_check_finite(copy, weights->path, name));
    MOCO_TRY_GOTO(moco_tensor_copy(tensor, copy));
done:
    moco_tensor_free(copy);
    free(values);
    return status;
}

/* Counts tensors beside the network and its head, such as another network, and finds the first of them. */
static size_t count_others(const char **first, const moco_weights *weights, const moco_network *network)
{
    const size_t length = strlen(network->prefix);
    const moco_weights_entry *entry = NULL;
    size_t count = 0;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        const char *name = entry->name + length;
        const bool inside = strncmp(entry->name, network->prefix, length) == 0;
        const bool taken = inside && (moco__is_body(name) || moco__is_head(name));
        if (!taken && strncmp(entry->name, "optimizer.", 10) != 0) {
            *first = count++ == 0 ? entry->name : *first;
        }
    }
    return count;
}

/* Refuses tensors of a backbone that the encoder does not have: it is another network. Other tensors are left out. */
static moco_status refuse_others(const moco_encoder *encoder, const moco_weights *weights, const moco_network *network)
{
    const size_t length = strlen(network->prefix);
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        const char *name = entry->name + length;
        if (strncmp(entry->name, network->prefix, length) == 0 && moco__is_body(name) &&
            moco__encoder_find(encoder, name) == NULL) {
            return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" does not belong to a %s", weights->path, entry->name,
                                  network->arch);
        }
    }
    return MOCO_OK;
}

/* Names what a file of another program holds beside the network. */
static void tell_of_others(const moco_weights *weights, const moco_network *network)
{
    const char *first = NULL;
    const size_t others = count_others(&first, weights, network);
    if (network->classifier) {
        moco_log(MOCO_LOG_INFO, "%s: fc is another head than MoCo's, and is left out", weights->path);
    }
    if (others > 0 && !moco__weights_are_ours(weights)) {
        moco_log(MOCO_LOG_INFO, "%s: left out %zu %s beside the network, like %s", weights->path, others,
                 others == 1 ? "tensor" : "tensors", first);
    }
    char text[512];
    (void)moco_weights_left_out(weights, text, sizeof text);
    if (text[0] != '\0') {
        moco_log(MOCO_LOG_INFO, "%s: %s", weights->path, text);
    }
}

/* Files from before torch 0.4.1 do not count batches; nothing depends on the count. */
static bool is_wanted(const moco_weights_entry *entry, const moco_network *network, const char *name)
{
    const bool needed = entry != NULL || strstr(name, "num_batches_tracked") == NULL;
    return needed && !(network->dim == 0 && moco__is_head(name));
}

/* Compares all tensors with those of the file, or reads them. */
static moco_status take(moco_encoder *encoder, const moco_weights *weights, const moco_network *network, bool read)
{
    const char *name = NULL;
    for (size_t i = 0; (name = moco_encoder_state_name(encoder, i)) != NULL; ++i) {
        char whole[NAME_SIZE];
        (void)snprintf(whole, sizeof whole, "%s%s", network->prefix, name);
        moco_tensor *tensor = moco_tensor_list_get(moco_encoder_state(encoder), i);
        const moco_weights_entry *entry = moco_weights_find(weights, whole);
        if (strcmp(name, "conv1.weight") == 0 && moco__adapts_input(entry, tensor)) {
            MOCO_TRY(read ? moco__adapt_input(tensor, weights, entry) : MOCO_OK);
        } else if (is_wanted(entry, network, name)) {
            MOCO_TRY(read ? moco_weights_read_tensor(tensor, weights, whole)
                          : moco__weights_compare(weights, whole, entry, tensor, network->arch));
        }
    }
    return MOCO_OK;
}

moco_status moco_weights_read_encoder(moco_encoder *encoder, const moco_weights *weights, const moco_network *network)
{
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(weights);
    MOCO_CHECK_ARG(network);
    MOCO_TRY(refuse_others(encoder, weights, network));
    MOCO_TRY(take(encoder, weights, network, false)); /* what does not fit changes nothing */
    MOCO_TRY(moco__weights_check(weights, network->prefix));
    MOCO_TRY(take(encoder, weights, network, true));
    tell_of_others(weights, network);
    return MOCO_OK;
}
