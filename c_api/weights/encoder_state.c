/* Finds the tensors of an encoder by their names. */
#include "weights/encoder_state_internal.h"

#include <string.h>

moco_tensor *moco__encoder_find(const moco_encoder *encoder, const char *name)
{
    const char *here = NULL;
    for (size_t i = 0; (here = moco_encoder_state_name(encoder, i)) != NULL; ++i) {
        if (strcmp(here, name) == 0) {
            return moco_tensor_list_get(moco_encoder_state(encoder), i);
        }
    }
    return NULL;
}

bool moco__is_body(const char *name)
{
    return strncmp(name, "conv1.", 6) == 0 || strncmp(name, "bn1.", 4) == 0 ||
           (strncmp(name, "layer", 5) == 0 && name[5] >= '0' && name[5] <= '9');
}

bool moco__is_head(const char *name)
{
    return strncmp(name, "fc.", 3) == 0;
}
