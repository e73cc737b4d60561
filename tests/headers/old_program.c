/*
 * A program as an older and as a newer version of the headers would make it: its structs of options are shorter or
 * longer than the library's. It declares what it needs itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct moco_queue moco_queue;
typedef struct moco_model moco_model;

/* Before `seed` and what follows it were appended. */
typedef struct old_queue_options {
    size_t struct_size;
    int64_t size;
    int64_t dim;
} old_queue_options;

/* Before the place of the network, the device and the rest were appended. */
typedef struct old_encoder_options {
    size_t struct_size;
    const char *arch;
    int64_t dim;
} old_encoder_options;

typedef struct old_model_options {
    size_t struct_size;
    const old_encoder_options *encoder;
    const void *sgd;
    int64_t queue_size;
} old_model_options;

/* With members that this library does not know. */
typedef struct new_sgd_options {
    size_t struct_size;
    double momentum;
    double weight_decay;
    double rate;
    double trust;
    double dampening;
    bool nesterov;
} new_sgd_options;

int moco_queue_create(moco_queue **out, const void *options);
int64_t moco_queue_size(const moco_queue *queue);
void moco_queue_options_init(void *options, size_t struct_size);
void moco_queue_free(moco_queue *queue);
int moco_model_create(moco_model **out, const void *options);
moco_queue *moco_model_queue(const moco_model *model);
void moco_model_free(moco_model *model);
void moco_model_options_init(void *options, size_t struct_size);
void moco_encoder_options_init(void *options, size_t struct_size);
void moco_sgd_options_init(void *options, size_t struct_size);
const char *moco_error_message(void);

static int failures;

static void expect(bool right, const char *what)
{
    if (!right) {
        (void)fprintf(stderr, "%s; the library says: %s\n", what, moco_error_message());
        ++failures;
    }
}

/* Beyond the struct is what a larger one would read: it must not. */
static void make_old_queue(void)
{
    struct {
        old_queue_options options;
        unsigned char beyond[64];
    } memory;
    moco_queue *queue = NULL;
    memset(&memory, 0xff, sizeof memory);
    moco_queue_options_init(&memory.options, sizeof memory.options);
    for (size_t i = 0; i < sizeof memory.beyond; ++i) {
        expect(memory.beyond[i] == 0xff, "init() wrote beyond the struct");
    }
    expect(memory.options.size == 65536 && memory.options.dim == 128, "init() set other defaults");
    memory.options.size = 6;
    expect(moco_queue_create(&queue, &memory.options) == 0, "an older struct was refused");
    expect(moco_queue_size(queue) == 6, "the size was not read");
    moco_queue_free(queue);
}

static void make_model_of_both_ages(void)
{
    old_model_options options;
    old_encoder_options network;
    new_sgd_options sgd;
    moco_model *model = NULL;
    moco_model_options_init(&options, sizeof options);
    moco_encoder_options_init(&network, sizeof network);
    moco_sgd_options_init(&sgd, sizeof sgd);
    network.arch = "resnet20";
    network.dim = 4;
    options.encoder = &network;
    options.sgd = &sgd;
    options.queue_size = 8;
    expect(moco_model_create(&model, &options) == 0, "older and newer structs were refused");
    expect(moco_queue_size(moco_model_queue(model)) == 8, "the queue has another size");
    moco_model_free(model);
    sgd.dampening = 0.5;
    expect(moco_model_create(&model, &options) != 0, "a setting that the library does not know was dropped");
    expect(strstr(moco_error_message(), "moco_sgd_options") != NULL, "the message does not name the struct");
}

int main(void)
{
    make_old_queue();
    make_model_of_both_ages();
    return failures == 0 ? 0 : 1;
}
