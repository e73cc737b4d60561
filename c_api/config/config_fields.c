/* Sets and reads the options of a configuration as text. */
#include "base/handle_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_read_internal.h"

moco_status moco_config_set(moco_config *config, const char *name, const char *value)
{
    MOCO_CHECK_ARG(config);
    MOCO_CHECK_ARG(name);
    MOCO_CHECK_ARG(value);
    const moco_option *option = moco_config_find_option(name);
    if (option != NULL) {
        moco_config changed;
        MOCO_TRY(moco__config_read(&changed, config));
        MOCO_TRY(moco_option_set(&changed, option, value));
        if (option->offset + option->size > config->struct_size) {
            return moco_error_set(
                MOCO_EINVALID,
                "option '%s' is newer than the program's moco_config of %zu bytes; compile the program "
                "with this version's headers",
                option->name, config->struct_size);
        }
        moco__config_write(config, &changed);
        return MOCO_OK;
    }
    const char *near = moco_config_suggest(name);
    return near != NULL ? moco_error_set(MOCO_EINVALID, "there is no option '%s'; did you mean '%s'?", name, near)
                        : moco_error_set(MOCO_EINVALID, "there is no option '%s'", name);
}

moco_status moco__config_get(const moco_config *config, const moco_option *option, char *buffer, size_t size)
{
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    return moco_option_get(&known, option, buffer, size);
}
