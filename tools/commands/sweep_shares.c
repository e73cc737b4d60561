/*
 * Shares the cores or GPUs of this host between the runs of a sweep.
 */
#include "commands/sweep_shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_THREADS = 2 };

static int32_t usable_gpus(const char *device)
{
    moco_device first;
    const bool named = strchr(device, ':') != NULL;
    const bool uses_gpu = !named && moco_device_parse(&first, device) == MOCO_OK && first.type == MOCO_CUDA;
    return uses_gpu ? moco_device_cuda_count(NULL) : 0;
}

sweep_shares sweep_share_out(const sweep_grid *grid, int64_t parallel, int64_t nproc)
{
    const moco_config *base = &grid->base;
    const int64_t cores = moco_threads();
    const int64_t runs = (int64_t)grid->runs;
    const bool on_cpu = strncmp(base->device, "cuda", 4) != 0;
    sweep_shares s = { .slots = 1, .nproc = nproc, .gpus = usable_gpus(base->device) };
    int64_t slots = parallel;
    if (slots == 0 && s.gpus > 0) {
        slots = s.gpus / nproc;
    } else if (slots == 0 && on_cpu) { /* by the size of the sweep, so that a resumed one gives each run as many */
        const int64_t fair = cores / (runs * nproc);
        const int64_t each = base->threads > 0 ? base->threads : fair > USUAL_THREADS ? fair : USUAL_THREADS;
        slots = cores / (each * nproc);
    }
    slots = slots < 1 ? 1 : slots > runs ? runs : slots;
    s.slots = (size_t)slots;
    s.threads = slots > 1 ? cores / (slots * nproc) : 0;
    s.threads = slots > 1 && s.threads < 1 ? 1 : s.threads;
    return s;
}

void sweep_list_gpus(char *out, size_t size, const sweep_shares *s, size_t slot)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    size_t used = 0;
    for (int64_t i = 0; i < s->nproc && used < size; ++i) {
        const int64_t gpu = ((int64_t)slot * s->nproc + i) % s->gpus;
        const char *name = visible;
        for (int64_t skip = gpu; name != NULL && skip > 0; --skip) {
            name = strchr(name, ',');
            name += name != NULL ? 1 : 0;
        }
        if (name != NULL && name[0] != '\0') {
            used +=
                (size_t)snprintf(out + used, size - used, "%s%.*s", i > 0 ? "," : "", (int)strcspn(name, ","), name);
        } else {
            used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 0 ? "," : "", (long long)gpu);
        }
    }
}
