/*
 * Finds options by their names, or by what a person typed instead: the one with the fewest typing errors.
 */
#include "config/option_names_internal.h"

#include "base/nearest_name_internal.h"

#include <stdio.h>
#include <string.h>

const moco_option *moco_option_nearest(const moco_option *table, size_t count, const char *wrong, size_t *errors)
{
    const moco_option *best = NULL;
    size_t best_score = moco__names_bound(wrong);
    if (errors != NULL && *errors < best_score) {
        best_score = *errors;
    }
    for (size_t i = 0; best_score > 0 && table != NULL && i < count; ++i) {
        for (size_t n = 0; n <= MOCO_OPTION_MAX_ALIASES; ++n) {
            const char *name = n == 0 ? table[i].name : table[i].aliases[n - 1];
            /* A letter is one error away from every other letter. */
            if (name == NULL || strlen(name) == 1) {
                continue;
            }
            const size_t apart = moco__names_apart(wrong, name);
            if (apart < best_score) {
                best = &table[i];
                best_score = apart;
            }
        }
    }
    if (errors != NULL && best != NULL) {
        *errors = best_score;
    }
    return best;
}

/* Whether the first @p length bytes of @p name are the name @p known, with underscores for dashes. */
static bool same_name(const char *known, const char *name, size_t length)
{
    for (size_t i = 0; i < length; ++i) {
        if ((name[i] == '_' ? '-' : name[i]) != known[i]) {
            return false;
        }
    }
    return known[length] == '\0';
}

const moco_option *moco_option_find(const moco_option *table, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; name != NULL && table != NULL && i < count; ++i) {
        if (same_name(table[i].name, name, length)) {
            return &table[i];
        }
        for (size_t a = 0; a < MOCO_OPTION_MAX_ALIASES; ++a) {
            if (table[i].aliases[a] != NULL && same_name(table[i].aliases[a], name, length)) {
                return &table[i];
            }
        }
    }
    return NULL;
}

moco_status moco__unknown_name(const char *option, const char *text, const char *const *names)
{
    char list[1024] = "";
    size_t count = 0;
    for (; names[count] != NULL; ++count) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", count > 0 ? ", " : "", names[count]);
    }
    const char *near = moco_nearest_name(text, names, count);
    return near != NULL ? moco_error_set(MOCO_EINVALID, "%s: there is no '%s'; did you mean '%s'? (%s)", option, text,
                                         near, list)
                        : moco_error_set(MOCO_EINVALID, "%s: there is no '%s'; choose one of %s", option, text, list);
}
