/* Reads what a checkpoint stores beside its tensors: its format, numbers, position and settings. */
#ifndef MOCO_CONFIG_CONFIG_STORED_INTERNAL_H
#define MOCO_CONFIG_CONFIG_STORED_INTERNAL_H

#include "formats/safetensors_read_internal.h"
#include "moco/checkpoint.h"

/* Metadata "format" and "version" of the checkpoints that this version writes and reads. */
#define MOCO__CHECKPOINT_FORMAT "moco-checkpoint"
#define MOCO__CHECKPOINT_VERSION "1"

/* Metadata keys of settings begin with this; an option's name follows. */
#define MOCO__CHECKPOINT_CONFIG "config."

/* Opens a checkpoint; refuses other safetensors files and other versions. */
moco_status moco__stored_open(moco__safetensors **out, const char *path);

/* Refuses other safetensors files and other versions; messages name @p path. */
moco_status moco__stored_check(const moco__safetensors *file, const char *path);

/* Reads the settings of a checkpoint into a full configuration; messages name @p path. */
moco_status moco__stored_config(moco_config *config, const moco__safetensors *file, const char *path);

/* Reads a metadata entry that must be a whole number; messages name @p path. */
moco_status moco__stored_number(uint64_t *out, const moco__safetensors *file, const char *path, const char *key);

/* Reads on what kind of device the run was. */
moco_status moco__stored_device(moco_device_type *out, const char *path);

/* Reads the position of the run; messages name @p path. */
moco_status moco__stored_position(moco_position *out, const moco__safetensors *file, const char *path);

#endif
