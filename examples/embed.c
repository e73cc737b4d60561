/*
 * Embeds images in memory, and prints the nearest neighbour of each. Usage: example-embed NETWORK IMAGE IMAGE...
 * NETWORK is a run, a checkpoint, or a file of weights in .safetensors or .pth, for example of torchvision.
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>

/* What has to be freed, also after an error. */
typedef struct album {
    moco_encoder *encoder;
    moco_image **images;
    size_t count;
    float *features; /* count x dim, each row of length 1 */
    size_t dim;
} album;

static moco_status read_images(album *a, char **paths, size_t count)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers. */
    a->images = calloc(count, sizeof *a->images);
    if (a->images == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu images", count);
    }
    for (a->count = 0; a->count < count; ++a->count) {
        moco_image **image = &a->images[a->count];
        MOCO_TRY(moco_image_create(image));
        MOCO_TRY(moco_image_read(*image, paths[a->count])); /* or moco_image_set() for pixels of a camera */
    }
    return MOCO_OK;
}

static moco_status embed(album *a, const char *network)
{
    const moco_device cpu = { MOCO_CPU, 0 };
    char file[MOCO_PATH_MAX];
    moco_config config; /* says how images were prepared in the training */
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_checkpoint_find(file, sizeof file, network));
    MOCO_TRY(moco_encoder_import(&a->encoder, &config, file, MOCO_QUERY, cpu));
    moco_features_options how = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&how, &config, cpu);
    how.kind = MOCO_FEATURE_POOLED;
    a->dim = (size_t)moco_encoder_feature_dim(a->encoder);
    a->features = calloc(a->count * a->dim, sizeof *a->features);
    if (a->features == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for the features");
    }
    return moco_encoder_embed(a->features, a->count * a->dim, a->encoder, (const moco_image *const *)a->images,
                              a->count, &how);
}

static double cosine(const album *a, size_t i, size_t j)
{
    double sum = 0;
    for (size_t d = 0; d < a->dim; ++d) {
        sum += (double)a->features[i * a->dim + d] * (double)a->features[j * a->dim + d];
    }
    return sum;
}

static void print_neighbours(const album *a, char **paths)
{
    for (size_t i = 0; i < a->count; ++i) {
        size_t best = i == 0 ? 1 : 0;
        for (size_t j = 0; j < a->count; ++j) {
            best = j != i && cosine(a, i, j) > cosine(a, i, best) ? j : best;
        }
        printf("%s is like %s (cosine %.3f)\n", paths[i], paths[best], cosine(a, i, best));
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: %s NETWORK IMAGE IMAGE...\n", argv[0]);
        return 2;
    }
    album a = { NULL, NULL, 0, NULL, 0 };
    moco_status status = read_images(&a, argv + 2, (size_t)argc - 2);
    if (status == MOCO_OK) {
        status = embed(&a, argv[1]);
    }
    if (status == MOCO_OK) {
        print_neighbours(&a, argv + 2);
    } else {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
    }
    for (int i = 0; a.images != NULL && i < argc - 2; ++i) {
        moco_image_free(a.images[i]);
    }
    free(a.images);
    free(a.features);
    moco_encoder_free(a.encoder);
    return status == MOCO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
