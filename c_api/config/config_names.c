/*
 * Which name a person meant: the one that is the fewest typing errors away.
 */
#include "moco/config.h"

#include <ctype.h>
#include <string.h>

enum { MAX_LENGTH = 48 };

static char plain(char letter)
{
    return letter == '_' ? '-' : (char)tolower((unsigned char)letter);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours that turn one text into the other. */
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

/* The distance to the whole name, or to one of its words and one more. */
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

const char *moco_nearest_name(const char *wrong, const char *const *names, size_t count)
{
    const size_t length = wrong != NULL ? strlen(wrong) : 0;
    if (length == 0 || length > MAX_LENGTH) {
        return NULL;
    }
    /* One error in two letters, two in five, three in nine. */
    size_t best_score = smaller(2 + length / 4, 5);
    const char *best = NULL;
    for (size_t i = 0; i < count; ++i) {
        const size_t apart = score(wrong, names[i]);
        if (apart < best_score) {
            best = names[i];
            best_score = apart;
        }
    }
    return best;
}
