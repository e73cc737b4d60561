/*
 * Trains on images that the program draws itself. A dataset is made of callbacks: one gives an image, one its class.
 * Each class is a kind of figure. Its colour, size and place vary from image to image.
 */
#include <moco.h>

#include <stdio.h>

enum { SIDE = 32, COUNT = 512, CLASSES = 4, BATCH = 32, STEPS = 12 };

/* Draws a disc, ring, square or striped square. It depends on the index alone, so image i is always the same. */
static moco_status draw(moco_image *image, size_t index, void *payload)
{
    (void)payload;
    uint8_t pixels[SIDE * SIDE * 3];
    const size_t kind = index % CLASSES;
    const int cx = 10 + (int)(index * 7 % 12), cy = 10 + (int)(index * 5 % 12), size = 5 + (int)(index * 3 % 5);
    for (int y = 0; y < SIDE; ++y) {
        for (int x = 0; x < SIDE; ++x) {
            const int dx = x - cx, dy = y - cy, r2 = dx * dx + dy * dy;
            const bool disc = r2 <= size * size, square = dx * dx <= size * size && dy * dy <= size * size;
            const bool kinds[CLASSES] = { disc, disc && 2 * r2 >= size * size, square, square && (x / 2) % 2 == 0 };
            for (size_t c = 0; c < 3; ++c) {
                pixels[(y * SIDE + x) * 3 + (int)c] = (uint8_t)(kinds[kind] ? 90 + index * (c + 3) % 160 : 20 + c * 15);
            }
        }
    }
    return moco_image_set(image, MOCO_FRAME_RGB, SIDE, SIDE, 0, pixels);
}

/* Returns the class of an image. */
static int64_t kind_of(size_t index, void *payload)
{
    (void)payload;
    return (int64_t)(index % CLASSES);
}

static moco_status train(moco_dataset **data, moco_sampler **sampler, moco_loader **loader, moco_model **model)
{
    moco_dataset_callbacks drawing = MOCO_DATASET_CALLBACKS_INIT;
    drawing.read = draw;
    drawing.label = kind_of;
    MOCO_TRY(moco_dataset_from_callbacks(data, COUNT, CLASSES, &drawing, NULL));
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = COUNT;
    order.batch = BATCH;
    MOCO_TRY(moco_sampler_create(sampler, &order));
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(moco_augment_preset(&policy, "cifar", SIDE));
    MOCO_TRY(moco_loader_create(loader, *data, *sampler, &policy, NULL, NULL));
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.bn_splits = 4;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    options.queue_size = 256;
    MOCO_TRY(moco_model_create(model, &options));
    for (int step = 1; step <= STEPS; ++step) {
        moco_batch batch;
        moco_model_means means;
        MOCO_TRY(moco_loader_next(*loader, &batch));
        MOCO_TRY(moco_model_step(NULL, *model, batch.query, batch.key, 0.03, 0.99));
        MOCO_TRY(moco_model_read_means(&means, *model));
        printf("step %2d: loss %.3f, acc@1 %5.1f %%\n", step, means.loss, means.acc1);
    }
    return MOCO_OK;
}

int main(void)
{
    moco_dataset *data = NULL;
    moco_sampler *sampler = NULL;
    moco_loader *loader = NULL;
    moco_model *model = NULL;
    const moco_status status = train(&data, &sampler, &loader, &model);
    if (status != MOCO_OK) {
        fprintf(stderr, "%s: %s\n", moco_status_text(status), moco_error_message());
    }
    moco_model_free(model);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(data);
    return status == MOCO_OK ? 0 : 1;
}
