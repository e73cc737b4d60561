/* Reads what a checkpoint stores beside its tensors: its format, numbers, position and settings. */
#include "config/config_stored_internal.h"

#include "base/handle_internal.h"
#include "config/config_read_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

moco_status moco__stored_check(const moco__safetensors *file, const char *path)
{
    const char *format = moco__safetensors_metadata(file, "format");
    const char *version = moco__safetensors_metadata(file, "version");
    if (format == NULL || strcmp(format, MOCO__CHECKPOINT_FORMAT) != 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: this safetensors file is not a checkpoint of libmoco", path);
    }
    if (version == NULL || strcmp(version, MOCO__CHECKPOINT_VERSION) != 0) {
        return moco_error_set(
            MOCO_EFORMAT,
            "%s: the checkpoint has format version %s; this program reads version " MOCO__CHECKPOINT_VERSION, path,
            version != NULL ? version : "unknown");
    }
    return MOCO_OK;
}

moco_status moco__stored_open(moco__safetensors **out, const char *path)
{
    moco__safetensors *file;
    MOCO_TRY(moco__safetensors_open(&file, path));
    const moco_status status = moco__stored_check(file, path);
    if (status != MOCO_OK) {
        moco__safetensors_free(file);
        return status;
    }
    *out = file;
    return MOCO_OK;
}

moco_status moco__stored_number(uint64_t *out, const moco__safetensors *file, const char *path, const char *key)
{
    const char *text = moco__safetensors_metadata(file, key);
    char *end = NULL;
    errno = 0;
    const unsigned long long value = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || *text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: metadata \"%s\" is missing or not a whole number", path, key);
    }
    *out = (uint64_t)value;
    return MOCO_OK;
}

moco_status moco__stored_position(moco_position *out, const moco__safetensors *file, const char *path)
{
    MOCO_TRY(moco__stored_number(&out->step, file, path, "step"));
    MOCO_TRY(moco__stored_number(&out->epoch, file, path, "epoch"));
    return moco__stored_number(&out->batch, file, path, "batch");
}

moco_status moco__stored_config(moco_config *config, const moco__safetensors *file, const char *path)
{
    static const char prefix[] = MOCO__CHECKPOINT_CONFIG;
    moco_metadata row;
    moco_config_init(config, sizeof *config);
    for (size_t i = 0; moco__safetensors_metadata_at(&row, file, i); ++i) {
        if (strncmp(row.key, prefix, sizeof prefix - 1) != 0) {
            continue;
        }
        const char *name = row.key + sizeof prefix - 1;
        if (moco_config_find_option(name) == NULL) {
            moco_log(MOCO_LOG_WARNING, "%s: this version does not know option \"%s\" and ignores it", path, name);
            continue;
        }
        const moco_status status = moco_config_set(config, name, row.value);
        if (status != MOCO_OK) {
            return moco_error_set(MOCO_EFORMAT, "%s: %s", path, moco_error_message());
        }
    }
    return MOCO_OK;
}

moco_status moco__stored_device(moco_device_type *out, const char *path)
{
    moco__safetensors *file;
    MOCO_TRY(moco__stored_open(&file, path));
    const char *device = moco__safetensors_metadata(file, "ran_on");
    if (device == NULL) { /* written before 0.2 */
        device = moco__safetensors_metadata(file, MOCO__CHECKPOINT_CONFIG "device");
    }
    *out = device != NULL && strncmp(device, "cuda", 4) == 0 ? MOCO_CUDA : MOCO_CPU;
    moco__safetensors_free(file);
    return MOCO_OK;
}

moco_status moco_checkpoint_read_config(moco_config *config, moco_position *position, const char *path)
{
    moco_config found;
    MOCO_CHECK_ARG(path);
    MOCO_TRY(moco__config_read(&found, config)); /* only for its struct_size */
    moco__safetensors *file;
    MOCO_TRY(moco__stored_open(&file, path));
    moco_position where = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(moco__stored_position(&where, file, path));
    MOCO_TRY_GOTO(moco__stored_config(&found, file, path));
    moco__config_write(config, &found);
    if (position != NULL) {
        *position = where;
    }
done:
    moco__safetensors_free(file);
    return status;
}
