/* Makes one valid object of every type that functions take. */
#include "misuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8, IMAGES = 12, CLASSES = 3, ROOM = 1 << 20 };

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "fixture: %s: %s\n", moco_status_name(status), moco_error_message());
        _Exit(99);
    }
}

static moco_status read_image(moco_image *image, size_t index, void *payload)
{
    static uint8_t pixels[SIDE * SIDE * 3];
    (void)payload;
    memset(pixels, (int)(20 * index), sizeof pixels);
    return moco_image_set(image, MOCO_FRAME_RGB, SIDE, SIDE, 0, pixels);
}

static int64_t label_of(size_t index, void *payload)
{
    (void)payload;
    return (int64_t)(index % CLASSES);
}

static moco_encoder_options small_network(void)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    options.arch = "resnet20";
    options.dim = 4;
    return options;
}

/* ---- Handles: each is made once ---- */

#define HANDLE(type, ...)                                                                                              \
    static type *make_##type(void)                                                                                     \
    {                                                                                                                  \
        static type *made;                                                                                             \
        if (made == NULL) {                                                                                            \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        return made;                                                                                                   \
    }

HANDLE(moco_tensor, {
    const int64_t sizes[2] = { 4, 4 };
    check(moco_tensor_randn(&made, NULL, (moco_device){ MOCO_CPU, 0 }, sizes, 2, 1));
})
HANDLE(moco_tensor_list, {
    const moco_tensor *const one[1] = { make_moco_tensor() };
    check(moco_tensor_list_create(&made, one, 1));
})
HANDLE(moco_scope, { check(moco_scope_create(&made)); })
HANDLE(moco_image, {
    check(moco_image_create(&made));
    check(read_image(made, 1, NULL));
})
HANDLE(moco_dataset, {
    moco_dataset_callbacks callbacks = MOCO_DATASET_CALLBACKS_INIT;
    callbacks.read = read_image;
    callbacks.label = label_of;
    check(moco_dataset_from_callbacks(&made, IMAGES, CLASSES, &callbacks, NULL));
})
HANDLE(moco_sampler, {
    moco_sampler_options options = MOCO_SAMPLER_OPTIONS_INIT;
    options.count = IMAGES;
    options.batch = 4;
    check(moco_sampler_create(&made, &options));
})
HANDLE(moco_augment_policy, {
    static moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    check(moco_augment_preset(&policy, "plain", SIDE));
    made = &policy;
})
HANDLE(moco_loader, {
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = 1;
    check(moco_loader_create(&made, make_moco_dataset(), make_moco_sampler(), make_moco_augment_policy(), NULL,
                             &options));
})
HANDLE(moco_encoder, {
    const moco_encoder_options options = small_network();
    check(moco_encoder_create(&made, &options));
})
HANDLE(moco_model, {
    const moco_encoder_options network = small_network();
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    options.queue_size = 8;
    check(moco_model_create(&made, &options));
})
HANDLE(moco_queue, { made = moco_model_queue(make_moco_model()); })
HANDLE(moco_sgd, { made = moco_model_sgd(make_moco_model()); })
HANDLE(moco_ddp, { check(moco_ddp_create(&made, NULL, make_moco_encoder(), NULL)); })
HANDLE(moco_peers, { check(moco_peers_join(&made, NULL, NULL)); })
HANDLE(moco_comm, { made = moco_peers_comm(make_moco_peers()); })
HANDLE(moco_features, {
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    options.kind = MOCO_FEATURE_PIXELS;
    options.augment = "plain";
    options.image_size = SIDE;
    options.workers = 1;
    check(moco_features_extract(&made, make_moco_dataset(), NULL, &options));
})
HANDLE(moco_linear, {
    moco_linear_options options = MOCO_LINEAR_OPTIONS_INIT;
    options.dim = 3 * SIDE * SIDE;
    options.classes = CLASSES;
    check(moco_linear_create(&made, &options));
})
static void write_file(void)
{
    const moco_named_tensor one[1] = { { "name", make_moco_tensor() } };
    check(moco_safetensors_write("file.safetensors", one, 1, NULL, 0));
}

HANDLE(moco_weights, {
    write_file();
    check(moco_weights_open(&made, "file.safetensors"));
})
HANDLE(moco_metrics, { check(moco_metrics_open(&made, ".", 0, false)); })
HANDLE(moco_config, {
    static moco_config config;
    moco_config_init(&config, sizeof config);
    check(moco_config_apply_preset(&config, "tiny"));
    made = &config;
})

/* ---- Structs of options ---- */

static void *options_of(const char *type)
{
    static union {
        size_t struct_size;
        unsigned char bytes[1 << 14];
    } room;
#define OPTIONS(struct_name)                                                                                           \
    if (strcmp(type, #struct_name) == 0) {                                                                             \
        struct_name##_init((struct_name *)&room, sizeof(struct_name));                                                 \
        return &room;                                                                                                  \
    }
    OPTIONS(moco_compare_options)
    OPTIONS(moco_dataset_callbacks)
    OPTIONS(moco_dataset_options)
    OPTIONS(moco_ddp_options)
    OPTIONS(moco_encoder_options)
    OPTIONS(moco_export_options)
    OPTIONS(moco_features_options)
    OPTIONS(moco_finetune_options)
    OPTIONS(moco_knn_options)
    OPTIONS(moco_launch)
    OPTIONS(moco_linear_images)
    OPTIONS(moco_linear_options)
    OPTIONS(moco_linear_train_options)
    OPTIONS(moco_loader_options)
    OPTIONS(moco_model_options)
    OPTIONS(moco_pack_options)
    OPTIONS(moco_peers_options)
    OPTIONS(moco_queue_options)
    OPTIONS(moco_report_options)
    OPTIONS(moco_sampler_options)
    OPTIONS(moco_schedule)
    OPTIONS(moco_sgd_options)
    OPTIONS(moco_sheets_options)
    OPTIONS(moco_train_options)
#undef OPTIONS
    return NULL;
}

/* ---- Arrays, texts and room for results ---- */

static const char *text_of(const char *name)
{
    if (strcmp(name, "run") == 0 || strcmp(name, "path") == 0 || strcmp(name, "out") == 0) {
        return "./some";
    }
    if (strcmp(name, "op") == 0) {
        return "aten::relu";
    }
    return strcmp(name, "text") == 0 ? "cpu" : "name";
}

static void *room_for(void)
{
    static void *room[4];
    static size_t next;
    next = (next + 1) % 4;
    room[next] = room[next] == NULL ? malloc(ROOM) : room[next];
    memset(room[next], 0, ROOM);
    return room[next];
}

static void *handle_of(const char *type)
{
#define MAKE(handle)                                                                                                   \
    if (strcmp(type, #handle) == 0) {                                                                                  \
        return make_##handle();                                                                                        \
    }
    MAKE(moco_augment_policy)
    MAKE(moco_comm)
    MAKE(moco_config)
    MAKE(moco_dataset)
    MAKE(moco_ddp)
    MAKE(moco_encoder)
    MAKE(moco_features)
    MAKE(moco_image)
    MAKE(moco_linear)
    MAKE(moco_loader)
    MAKE(moco_metrics)
    MAKE(moco_model)
    MAKE(moco_peers)
    MAKE(moco_queue)
    MAKE(moco_sampler)
    MAKE(moco_scope)
    MAKE(moco_sgd)
    MAKE(moco_tensor)
    MAKE(moco_tensor_list)
    MAKE(moco_weights)
#undef MAKE
    return NULL;
}

void *fixture_of(const char *type, const char *name)
{
    static moco_tensor *tensors[1];
    static const moco_dataset *datasets[1];
    static const moco_image *images[1];
    static const char *names[1] = { "name" };
    static moco_named_tensor named[1];
    char plain[64] = "";
    if (strcmp(type, "const char *") == 0) {
        return (void *)(uintptr_t)text_of(name);
    }
    if (strcmp(type, "const moco_tensor *const *") == 0) {
        tensors[0] = make_moco_tensor();
        return tensors;
    }
    if (strcmp(type, "const moco_dataset *const *") == 0) {
        datasets[0] = make_moco_dataset();
        return datasets;
    }
    if (strcmp(type, "const moco_image *const *") == 0) {
        images[0] = make_moco_image();
        return images;
    }
    if (strcmp(type, "const moco_value *") == 0) {
        static moco_value value;
        value = moco_value_tensor(make_moco_tensor());
        return &value;
    }
    if (strcmp(type, "struct DLManagedTensor *") == 0) {
        return NULL; /* a tensor of another library, whose header the test lacks */
    }
    if (strcmp(type, "const char *const *") == 0) {
        return names;
    }
    if (strcmp(type, "const moco_named_tensor *") == 0) {
        named[0] = (moco_named_tensor){ "name", make_moco_tensor() };
        return named;
    }
    if (strcmp(type, "const moco_option *") == 0) {
        return (void *)(uintptr_t)moco_config_options(NULL);
    }
    if (strcmp(type, "void *") == 0 && strcmp(name, "values") == 0) {
        return make_moco_config(); /* moco_option_set(); a buffer as good as any for others */
    }
    (void)sscanf(type, "const %63[a-z_]", plain);
    if (plain[0] == '\0') {
        (void)sscanf(type, "%63[a-z_]", plain);
    }
    const size_t stars = strlen(type) > 2 && type[strlen(type) - 2] == '*' ? 2 : 1;
    void *found = stars == 1 ? handle_of(plain) : NULL;
    found = found == NULL && stars == 1 ? options_of(plain) : found;
    return found != NULL ? found : room_for();
}
