/*
 * Trains one model in two processes on this machine, which share each batch.
 *
 *     example-ddp DATA [STEPS]
 *
 * Under torchrun, mpirun or srun, moco_launch_from_environment() fills in the launch, and nothing forks.
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int rank; /* for messages */

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "rank %d: %s: %s\n", rank, moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

static moco_model *make_model(moco_comm *comm)
{
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    options.queue_size = 1024;
    options.comm = comm;
    moco_model *model;
    check(moco_model_create(&model, &options));
    return model;
}

static void train(const char *data, long steps, moco_peers *peers)
{
    moco_model *model = make_model(moco_peers_comm(peers));
    moco_dataset *images;
    moco_sampler *sampler;
    moco_loader *loader;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    check(moco_dataset_open(&images, data, NULL));
    moco_sampler_options_for(&order, images, 0);
    order.batch = 32; /* of both processes */
    order.rank = rank;
    order.world = 2;
    check(moco_sampler_create(&sampler, &order));
    check(moco_augment_preset(&policy, "cifar", 32));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));
    for (long step = 1; step <= steps; ++step) {
        moco_batch batch;
        check(moco_loader_next(loader, &batch));
        check(moco_model_step(NULL, model, batch.query, batch.key, 0.03, 0.99));
    }
    moco_model_means means; /* over both processes */
    char text[64];
    check(moco_model_read_means(&means, model));
    (void)snprintf(text, sizeof text, "loss: %.9g", means.loss);
    check(moco_peers_agree(peers, text));
    if (rank == 0) {
        printf("%ld steps of 2 processes, mean %s\n", steps, text);
    }
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    moco_model_free(model);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DATA [STEPS]\n", argv[0]);
        return 2;
    }
    const pid_t other = fork(); /* before the first tensor: a forked process lacks the threads of its parent */
    rank = other == 0 ? 1 : 0;
    moco_launch launch = MOCO_LAUNCH_INIT;
    launch.rank = launch.local_rank = rank;
    launch.world = launch.local_world = 2;
    launch.port = 29517;
    moco_peers *peers;
    check(moco_peers_join(&peers, &launch, NULL));
    train(argv[1], argc > 2 ? strtol(argv[2], NULL, 10) : 10, peers);
    moco_peers_free(peers);
    int status = 0;
    if (rank == 0) {
        (void)waitpid(other, &status, 0);
    }
    return status == 0 && moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
