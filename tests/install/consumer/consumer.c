/* The smallest application: creates a queue and frees it. It calls a function of the headers that needs libm. */
#include <moco.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (strcmp(moco_version(), MOCO_VERSION_STRING) != 0) {
        fprintf(stderr, "headers %s, library %s\n", MOCO_VERSION_STRING, moco_version());
        return 1;
    }
    moco_queue *queue = NULL;
    if (moco_queue_create(&queue, NULL) != MOCO_OK) {
        fprintf(stderr, "%s\n", moco_error_message());
        return 1;
    }
    printf("libmoco %s on libtorch %s: a queue of %lld keys\n", moco_version(), moco_libtorch_version(),
           (long long)moco_queue_size(queue));
    moco_queue_free(queue);
    printf("momentum halfway %g\n", moco_momentum_cosine(0.99, (double)argc / 2));
    return moco_live_handles() == 0 ? 0 : 1;
}
