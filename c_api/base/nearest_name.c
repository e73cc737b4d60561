/* Finds the name that a person meant who typed something else: the one with the fewest typing errors. */
#include "base/nearest_name_internal.h"

#include "moco/option.h"

#include <ctype.h>
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

size_t moco__names_apart(const char *wrong, const char *known)
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

size_t moco__names_bound(const char *wrong)
{
    const size_t length = wrong != NULL ? strlen(wrong) : 0;
    return length == 0 || length > MAX_LENGTH ? 0 : smaller(2 + length / 4, 5);
}

const char *moco_nearest_name(const char *wrong, const char *const *names, size_t count)
{
    size_t best_score = moco__names_bound(wrong);
    const char *best = NULL;
    for (size_t i = 0; best_score > 0 && names != NULL && i < count; ++i) {
        const size_t apart = names[i] != NULL ? moco__names_apart(wrong, names[i]) : best_score;
        if (apart < best_score) {
            best = names[i];
            best_score = apart;
        }
    }
    return best;
}
