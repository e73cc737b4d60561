/* Lists the names of networks and augmentations as choices of options. */
#include "config/config_names_internal.h"

#include "loader/augment_policy_internal.h"

#include "moco/encoder.h"

#include <pthread.h>

const char *moco__arch_names[MOCO__MAX_NAMES + 1];
const char *moco__augment_names[MOCO__MAX_NAMES + 1];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void)
{
    const char *name = NULL;
    for (size_t i = 0; i < MOCO__MAX_NAMES && (name = moco_encoder_arch(i)) != NULL; ++i) {
        moco__arch_names[i] = name;
    }
    /* Without randomness both views are equal and there is nothing to learn, so presets for evaluation are left out. */
    size_t count = 0;
    for (size_t i = 0; count < MOCO__MAX_NAMES && (name = moco_augment_preset_name(i)) != NULL; ++i) {
        if (moco__augment_eval_preset(name) != NULL) {
            moco__augment_names[count++] = name;
        }
    }
}

void moco__fill_names(void)
{
    (void)pthread_once(&once, fill);
}
