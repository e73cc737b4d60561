/* Refuses names that are not in a list, in one wording. */
#ifndef MOCO_CONFIG_OPTION_NAMES_INTERNAL_H
#define MOCO_CONFIG_OPTION_NAMES_INTERNAL_H

#include "moco/option.h"

/* Fails with ::MOCO_EINVALID: names the option, the text, the nearest name and all names. @p names ends with NULL. */
moco_status moco__unknown_name(const char *option, const char *text, const char *const *names);

#endif
