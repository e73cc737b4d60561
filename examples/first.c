/* Pretrains a small network on a folder of images. */
#include <moco.h>

#include <stdio.h>

static moco_status pretrain(const char *images, const char *run)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_config_apply_preset(&config, "tiny"));
    MOCO_TRY(moco_config_set(&config, "data", images));
    MOCO_TRY(moco_config_set(&config, "out", run));
    return moco_train(&config, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3 || pretrain(argv[1], argv[2]) != MOCO_OK) {
        (void)fprintf(stderr, "%s\n", argc != 3 ? "usage: first DATA RUN" : moco_error_message());
        return 1;
    }
    return 0;
}
