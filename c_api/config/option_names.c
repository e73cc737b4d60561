/*
 * Finds options by their names, and names by what a person typed instead: the one with the fewest typing errors.
 */
#include "config/option_names_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LENGTH = 48 }; /* letters that are compared */

static char plain(char letter)
{
    return letter == '_' ? '-' : (char)tolower((unsigned char)letter);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Counts the insertions, deletions, changes and swaps of neighbours that turn one text into the other. */
static size_t distance(const char *a, const char *b)
{
    const size_t rows = smaller(strlen(a), MAX_LENGTH);
    const size_t columns = smaller(strlen(b), MAX_LENGTH);
    size_t table[MAX_LENGTH + 1][MAX_LENGTH + 1];
    for (size_t i = 0; i <= rows; ++i) {
        for (size_t j = 0; j <= columns; ++j) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            const size_t change = plain(a[i - 1]) == plain(b[j - 1]) ? 0 : 1;
            table[i][j] = smaller(smaller(table[i - 1][j], table[i][j - 1]) + 1, table[i - 1][j - 1] + change);
            if (i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) && plain(a[i - 2]) == plain(b[j - 1])) {
                table[i][j] = smaller(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[rows][columns];
}

/* The distance to the complete name, or to one of its words plus one. */
static size_t score(const char *wrong, const char *known)
{
    size_t best = distance(wrong, known);
    if (strlen(wrong) < 3 || strchr(known, '-') == NULL) {
        return best;
    }
    for (const char *word = known; word != NULL;) {
        char copy[MAX_LENGTH + 1];
        const size_t length = smaller(strcspn(word, "-"), MAX_LENGTH);
        memcpy(copy, word, length);
        copy[length] = '\0';
        best = smaller(best, distance(wrong, copy) + 1);
        word = strchr(word, '-');
        word = word != NULL ? word + 1 : NULL;
    }
    return best;
}

/* The score from which on a name is not near: one error is allowed in two letters, two in five, three in nine. */
static size_t bound_of(const char *wrong)
{
    const size_t length = wrong != NULL ? strlen(wrong) : 0;
    return length == 0 || length > MAX_LENGTH ? 0 : smaller(2 + length / 4, 5);
}

const char *moco_nearest_name(const char *wrong, const char *const *names, size_t count)
{
    size_t best_score = bound_of(wrong);
    const char *best = NULL;
    for (size_t i = 0; best_score > 0 && names != NULL && i < count; ++i) {
        const size_t apart = names[i] != NULL ? score(wrong, names[i]) : best_score;
        if (apart < best_score) {
            best = names[i];
            best_score = apart;
        }
    }
    return best;
}

const moco_option *moco_option_nearest(const moco_option *table, size_t count, const char *wrong, size_t *errors)
{
    const moco_option *best = NULL;
    size_t best_score = errors != NULL ? smaller(*errors, bound_of(wrong)) : bound_of(wrong);
    for (size_t i = 0; best_score > 0 && table != NULL && i < count; ++i) {
        for (size_t n = 0; n <= MOCO_OPTION_MAX_ALIASES; ++n) {
            const char *name = n == 0 ? table[i].name : table[i].aliases[n - 1];
            /* A letter is one error away from every other letter. */
            if (name == NULL || strlen(name) == 1) {
                continue;
            }
            const size_t apart = score(wrong, name);
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
