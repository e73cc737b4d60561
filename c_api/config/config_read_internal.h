/* Reads and writes configurations of any struct_size. */
#ifndef MOCO_CONFIG_CONFIG_READ_INTERNAL_H
#define MOCO_CONFIG_CONFIG_READ_INTERNAL_H

#include "moco/config.h"

/* Copies what the caller knows of a configuration over the defaults. */
moco_status moco__config_read(moco_config *out, const moco_config *config);

/* Writes a full configuration to the caller's, of which moco__config_read() has accepted the struct_size. */
void moco__config_write(moco_config *config, const moco_config *full);

/* Whether files leave an option out: those of RGB images, and of an augmentation that nothing changes, are as they
 * always were. */
bool moco__config_leaves_out(const moco_config *config, const moco_option *option);

#endif
