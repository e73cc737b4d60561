/* Reads and writes configurations of any struct_size, and fills in the defaults. */
#include "config/config_read_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_defaults_internal.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static moco_config defaults;

static void fill_defaults(void)
{
    moco__config_defaults(&defaults);
}

void moco_config_init(moco_config *config, size_t struct_size)
{
    (void)pthread_once(&once, fill_defaults);
    moco__options_init(config, struct_size, &defaults, sizeof defaults);
}

moco_status moco__config_read(moco_config *out, const moco_config *config)
{
    if (config == NULL) {
        return moco_error_set(MOCO_EINVALID, "config: argument config is NULL; make one by moco_config_init()");
    }
    (void)pthread_once(&once, fill_defaults);
    return moco__options_read(out, config, &defaults, sizeof defaults, "moco_config_init");
}

void moco__config_write(moco_config *config, const moco_config *full)
{
    moco__options_write(config, full, sizeof *full);
}

bool moco__config_leaves_out(const moco_config *config, const moco_option *option)
{
    switch (option->offset) {
    case offsetof(moco_config, policy):
        return config->policy[0] == '\0';
    case offsetof(moco_config, key_policy):
        return config->key_policy[0] == '\0';
    case offsetof(moco_config, crop_min):
        return config->crop_min == 0;
    case offsetof(moco_config, jitter):
        return config->jitter == 1;
    case offsetof(moco_config, blur):
        return config->blur == 1;
    case offsetof(moco_config, channels):
        return config->channels == 3;
    case offsetof(moco_config, normalize):
        return config->normalize[0] == '\0';
    default:
        return false;
    }
}
