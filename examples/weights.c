/*
 * Reads the network of any file of weights, and writes it as .safetensors: no Python, and no code of the file is run.
 *
 *     example-weights IN OUT
 *
 * IN is a checkpoint of libmoco or of the reference, or a state_dict of torchvision, in .safetensors or as torch.save
 * writes it (.pth). OUT has torchvision's names. The encoder is then read back, and computes features.
 */
#include <moco.h>

#include <stdio.h>

static moco_status describe(const char *path)
{
    moco_weights *file;
    MOCO_TRY(moco_weights_open(&file, path));
    moco_network network;
    const moco_status status = moco_weights_network(&network, file, MOCO_QUERY);
    if (status == MOCO_OK) {
        printf("%s: %zu tensors; %s", path, moco_weights_count(file), network.arch);
        printf(network.dim > 0 ? ", a head of %lld\n" : ", no head\n", (long long)network.dim);
    }
    moco_weights_free(file);
    return status;
}

/* The features of a grey image, to see that the network works. */
static moco_status compute(moco_scope *scope, moco_encoder *encoder)
{
    const int64_t sizes[] = { 1, 3, 64, 64 };
    moco_tensor *image, *features;
    MOCO_TRY(moco_tensor_zeros(&image, scope, MOCO_FLOAT32, (moco_device){ MOCO_CPU, 0 }, sizes, 4));
    MOCO_TRY(moco_encoder_features(&features, scope, encoder, image));
    printf("a grey image has %lld features\n", (long long)moco_tensor_size(features, 1));
    return MOCO_OK;
}

static moco_status try_encoder(const char *path)
{
    moco_encoder *encoder;
    moco_config config;
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_encoder_import(&encoder, &config, path, MOCO_QUERY, (moco_device){ MOCO_CPU, 0 }));
    moco_scope *scope = NULL;
    moco_status status = moco_scope_create(&scope);
    if (status == MOCO_OK) {
        status = compute(scope, encoder);
    }
    moco_scope_free(scope);
    moco_encoder_free(encoder);
    return status;
}

static moco_status convert(const char *in, const char *out)
{
    moco_export_options options = MOCO_EXPORT_OPTIONS_INIT;
    options.format = MOCO_EXPORT_SAFETENSORS;
    MOCO_TRY(describe(in));
    MOCO_TRY(moco_export(out, in, &options));
    MOCO_TRY(describe(out));
    return try_encoder(out);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s IN OUT\n", argv[0]);
        return 2;
    }
    if (convert(argv[1], argv[2]) != MOCO_OK) {
        (void)fprintf(stderr, "error: %s\n", moco_error_message());
        return 1;
    }
    return 0;
}
