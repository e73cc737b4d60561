/**
 * @file preset.h
 * Recipes: settings that belong together, under a name.
 *
 * @since 0.1 for all of this file, unless a comment says 0.2.
 */
#ifndef MOCO_PRESET_H
#define MOCO_PRESET_H

#include "config.h"

MOCO_BEGIN_DECLS

/** A recipe for moco_config_apply_preset(). @since 0.2 */
typedef struct moco_preset {
    const char *name; /**< static */
    const char *help; /**< what it is for, in one phrase; static */
} moco_preset;

/** Describes the @p index-th preset. Returns false after the last. @since 0.2 */
MOCO_API bool moco_config_preset(moco_preset *out, size_t index);

/** The name of the @p index-th preset; NULL after the last; borrowed, static. */
static inline const char *moco_config_preset_name(size_t index)
{
    moco_preset preset;
    return moco_config_preset(&preset, index) ? preset.name : NULL;
}

/**
 * Sets all settings of a recipe: v1, v2, cifar, fashion-mnist or tiny; paths and devices stay.
 * @return ::MOCO_EINVALID for another name
 */
MOCO_API MOCO_MUST_USE moco_status moco_config_apply_preset(moco_config *config, const char *name);

MOCO_END_DECLS

#endif
