/* Finds under which prefix a file has the tensors of a ResNet. */
#include "weights/weights_prefix_internal.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX_SIZE = 64, NAME_SIZE = 256, UNLISTED = 16, COPY = 64, HALF = 256 };

static const char stem[] = "conv1.weight";
static const char first_block[] = "layer1.0.conv1.weight";

/* Prefixes of encoders: the reference's, with or without a wrapper, then those of networks alone. */
static const char *const usual[] = { "module.encoder_q.", "encoder_q.", "module.encoder.", "encoder.",
                                     "module.backbone.",  "backbone.",  "module.",         "" };

static bool ends_with(const char *text, size_t length, const char *end)
{
    const size_t end_length = strlen(end);
    return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* Returns whether a prefix names a copy of the network that follows the trained one. */
static bool is_copy(const char *prefix)
{
    static const char *const words[] = { "momentum", "teacher", "target", "ema", "encoder_k", "key" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
        if (strstr(prefix, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has(const moco_weights *weights, const char *prefix, const char *name)
{
    char whole[NAME_SIZE];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const moco_weights_entry *entry = moco_weights_find(weights, whole);
    return entry != NULL && entry->ndim == 4;
}

/* Judges a prefix; less is better. */
static int rank_of(const moco_weights *weights, const char *prefix)
{
    int rank = UNLISTED + (is_copy(prefix) ? COPY : 0);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; ++i) {
        rank = strcmp(prefix, usual[i]) == 0 ? (int)i : rank;
    }
    return rank + (has(weights, prefix, stem) && has(weights, prefix, first_block) ? 0 : HALF);
}

/* Gives what stands before the name of a stem or of a first block; false for other names. */
static bool prefix_of(char prefix[PREFIX_SIZE], const char *name)
{
    size_t length = strlen(name);
    if (ends_with(name, length, first_block)) {
        length -= sizeof first_block - 1;
    } else if (ends_with(name, length, stem)) {
        length -= sizeof stem - 1;
    } else {
        return false;
    }
    if (length >= PREFIX_SIZE || (length > 0 && name[length - 1] != '.')) {
        return false;
    }
    memcpy(prefix, name, length);
    prefix[length] = '\0';
    return true;
}

/* Returns whether the conv1 is that of a block, and no stem. */
static bool is_block(const char *prefix)
{
    const char *layer = strstr(prefix, "layer");
    const char *last = layer;
    for (; layer != NULL; layer = strstr(layer + 1, "layer")) {
        last = layer;
    }
    const size_t digits = last != NULL ? strspn(last + 5, "0123456789") : 0;
    return digits > 0 && last[5 + digits] == '.' &&
           last[5 + digits + 1 + strspn(last + 5 + digits + 1, "0123456789")] == '.';
}

/* Names networks of other kinds by a part of a tensor's name. */
static const char *kind_of(const moco_weights *weights)
{
    static const struct {
        const char *part, *text;
    } kinds[] = {
        { "patch_embed", "a vision transformer" },
        { "encoder_layer", "a vision transformer" },
        { "denseblock", "a DenseNet" },
        { "depthwise", "a network with depthwise convolutions" },
        { "features.0.", "a network of features and a classifier, as VGG and MobileNet" },
        { "stem.conv1", "a ResNet with the names of Detectron2" },
        { "stages.0.", "a ConvNeXt or another network of stages" },
    };
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; ++k) {
            if (strstr(entry->name, kinds[k].part) != NULL) {
                return kinds[k].text;
            }
        }
    }
    return NULL;
}

static moco_status refuse(const moco_weights *weights, moco_branch branch)
{
    const moco_weights_entry *first = moco_weights_get(weights, 0);
    const char *kind = kind_of(weights);
    if (branch == MOCO_KEY) {
        return moco_error_set(MOCO_EFORMAT, "%s: holds no key encoder: no tensor is called [...]encoder_k.conv1.weight",
                              weights->path);
    }
    return moco_error_set(MOCO_EFORMAT,
                          "%s: holds no ResNet: no tensor is called [...]conv1.weight beside "
                          "[...]layer1.0.conv1.weight. Its %zu tensors, as %.80s%s, %s%s",
                          weights->path, weights->count, first != NULL ? first->name : "(none)",
                          first == NULL && weights->passed_count > 0 ? " of types that networks have" : "",
                          kind != NULL ? "look like " : "are those of another network", kind != NULL ? kind : "");
}

moco_status moco__weights_find_prefix(char prefix[64], const moco_weights *weights, moco_branch branch)
{
    const moco_weights_entry *entry = NULL;
    int best = INT32_MAX;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        char found[PREFIX_SIZE];
        if (entry->ndim != 4 || !prefix_of(found, entry->name) || is_block(found) ||
            (branch == MOCO_KEY && !ends_with(found, strlen(found), "encoder_k."))) {
            continue;
        }
        const int rank = rank_of(weights, found);
        if (rank < best || (rank == best && strlen(found) < strlen(prefix))) {
            best = rank;
            memcpy(prefix, found, strlen(found) + 1);
        }
    }
    /* Other networks too have a conv1 somewhere. */
    const bool is_other = best >= HALF && kind_of(weights) != NULL;
    return best < INT32_MAX && !is_other ? MOCO_OK : refuse(weights, branch);
}

void moco__weights_shape_text(char *out, size_t room, const int64_t *sizes, size_t ndim)
{
    size_t used = (size_t)snprintf(out, room, "[");
    for (size_t d = 0; d < ndim && used < room; ++d) {
        used += (size_t)snprintf(out + used, room - used, "%s%lld", d > 0 ? ", " : "", (long long)sizes[d]);
    }
    if (used < room) {
        (void)snprintf(out + used, room - used, "]");
    }
}
