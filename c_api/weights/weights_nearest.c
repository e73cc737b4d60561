/* Says in what a network of a file differs from the nearest that libmoco knows. */
#include "weights/weights_nearest_internal.h"

#include "formats/safetensors_read_internal.h"
#include "weights/encoder_state_internal.h"
#include "weights/weights_prefix_internal.h"

#include "moco/ops.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256, TEXT_SIZE = 160, STAGES = 4, WRONG_WIDTH = 40 };

static const moco_weights_entry *find(const moco_weights *weights, const char *prefix, const char *name)
{
    char whole[NAME_SIZE];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return moco_weights_find(weights, whole);
}

/* Counts the convolutions of blocks under the prefix, which are called layerN.N.convN.weight. */
static int count_convolutions(const moco_weights *weights, const char *prefix)
{
    const size_t length = strlen(prefix);
    const moco_weights_entry *entry = NULL;
    int count = 0;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        const char *name = entry->name + length;
        count += strncmp(entry->name, prefix, length) == 0 && strncmp(name, "layer", 5) == 0 &&
                 strstr(name, ".conv") != NULL;
    }
    return count;
}

/* Returns how far a network is from the file: its tensors that are missing, those that it lacks, and widths. */
static int distance(const moco_weights *weights, const char *prefix, const moco_architecture *known, int convolutions)
{
    int expected = 0;
    int missing = 0;
    for (int stage = 0; stage < STAGES; ++stage) {
        for (int block = 0; block < known->blocks[stage]; ++block) {
            for (int conv = 1; conv <= (known->bottleneck ? 3 : 2); ++conv) {
                char name[64];
                (void)snprintf(name, sizeof name, "layer%d.%d.conv%d.weight", stage + 1, block, conv);
                missing += find(weights, prefix, name) == NULL;
                ++expected;
            }
        }
    }
    const int64_t base = known->small ? 16 : 64 * known->widen;
    const int64_t width = known->bottleneck ? known->width_per_group * known->groups * known->widen : base;
    const moco_weights_entry *stem = find(weights, prefix, "conv1.weight");
    const moco_weights_entry *inner = find(weights, prefix, "layer1.0.conv2.weight");
    int wrong = stem != NULL && stem->ndim == 4 && stem->sizes[0] != base ? WRONG_WIDTH : 0;
    wrong += inner != NULL && inner->ndim == 4 && inner->sizes[0] != width ? WRONG_WIDTH : 0;
    wrong += inner != NULL && inner->ndim == 4 && inner->sizes[1] != width / known->groups ? WRONG_WIDTH : 0;
    return missing + (convolutions - (expected - missing)) + wrong;
}

static moco_architecture nearest(const moco_weights *weights, const char *prefix)
{
    moco_architecture known;
    moco_architecture best = { .name = "resnet50" };
    int least = INT_MAX;
    const int convolutions = count_convolutions(weights, prefix);
    for (size_t i = 0; moco_encoder_architecture(&known, i); ++i) {
        const int far = distance(weights, prefix, &known, convolutions);
        if (far < least) {
            least = far;
            best = known;
        }
    }
    return best;
}

moco_status moco__weights_compare(const moco_weights *weights, const char *name, const moco_weights_entry *entry,
                                  const moco_tensor *tensor, const char *network)
{
    char wanted[TEXT_SIZE];
    char found[TEXT_SIZE];
    const char *type = entry == NULL ? moco__weights_passed_type(weights, name) : NULL;
    if (type != NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" of a %s is %s; convert it to float32", weights->path,
                              name, network, type);
    }
    if (entry == NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" of a %s is missing", weights->path, name, network);
    }
    if (moco_ops_is_floating(moco_tensor_dtype(tensor)) && !moco_ops_is_floating(entry->dtype)) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" of a %s holds whole numbers; convert it to float32",
                              weights->path, name, network);
    }
    if (moco__tensor_has_sizes(tensor, entry->sizes, entry->ndim)) {
        return MOCO_OK;
    }
    int64_t sizes[MOCO__PICKLE_MAX_DIMS];
    const size_t ndim = moco_tensor_ndim(tensor) < MOCO__PICKLE_MAX_DIMS ? moco_tensor_ndim(tensor) : 0;
    for (size_t d = 0; d < ndim; ++d) {
        sizes[d] = moco_tensor_size(tensor, d);
    }
    moco__weights_shape_text(wanted, sizeof wanted, sizes, ndim);
    moco__weights_shape_text(found, sizeof found, entry->sizes, entry->ndim);
    return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" has the shape %s, but that of a %s is %s", weights->path,
                          name, found, network, wanted);
}

/* Compares all tensors of the backbone; refuses the first that differs. */
static moco_status compare_all(const moco_weights *weights, const char *prefix, const moco_encoder *encoder,
                               const char *network)
{
    const char *name = NULL;
    for (size_t i = 0; (name = moco_encoder_state_name(encoder, i)) != NULL; ++i) {
        char whole[NAME_SIZE];
        if (moco__is_head(name) || strstr(name, "num_batches_tracked") != NULL) {
            continue;
        }
        (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
        MOCO_TRY(moco__weights_compare(weights, whole, find(weights, prefix, name),
                                       moco_tensor_list_get(moco_encoder_state(encoder), i), network));
    }
    const size_t length = strlen(prefix);
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(weights, i)) != NULL; ++i) {
        if (strncmp(entry->name, prefix, length) == 0 && moco__is_body(entry->name + length) &&
            moco__encoder_find(encoder, entry->name + length) == NULL) {
            return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" does not belong to a %s", weights->path, entry->name,
                                  network);
        }
    }
    return moco_error_set(MOCO_EFORMAT, "%s: the network under \"%s\" is no ResNet that libmoco knows", weights->path,
                          prefix);
}

moco_status moco__weights_refuse_network(const moco_weights *weights, const char *prefix)
{
    char network[64];
    const moco_architecture best = nearest(weights, prefix);
    const moco_weights_entry *stem = find(weights, prefix, "conv1.weight");
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = best.name;
    if (stem != NULL && stem->ndim == 4 && stem->sizes[1] >= 1 && stem->sizes[1] <= MOCO_MAX_CHANNELS) {
        options.channels = stem->sizes[1];
    }
    options.cifar_stem = !best.small && stem != NULL && stem->ndim == 4 && stem->sizes[2] == 3;
    moco_encoder *encoder;
    MOCO_TRY(moco_encoder_create(&encoder, &options));
    (void)snprintf(network, sizeof network, "%s, the nearest network%s,", best.name,
                   options.cifar_stem ? " (with a 3x3 stem)" : "");
    const moco_status status = compare_all(weights, prefix, encoder, network);
    moco_encoder_free(encoder);
    return status;
}
