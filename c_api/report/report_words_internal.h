/* Says what the keys of results mean, as people call them. */
#ifndef MOCO_REPORT_REPORT_WORDS_INTERNAL_H
#define MOCO_REPORT_REPORT_WORDS_INTERNAL_H

/* How a value is written. */
typedef enum moco__unit {
    MOCO__PLAIN,
    MOCO__PERCENT,
    MOCO__SECONDS,
    MOCO__HIDDEN /* a page does not show it */
} moco__unit;

typedef struct moco__word {
    const char *key;
    const char *text;
    moco__unit unit;
} moco__word;

/* Returns the word for a key; an unknown key stands for itself. */
moco__word moco__word_of(const char *key);

#endif
