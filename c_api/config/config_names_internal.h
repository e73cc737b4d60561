/* The names of networks and augmentations, which other files list. */
#ifndef MOCO_CONFIG_CONFIG_NAMES_INTERNAL_H
#define MOCO_CONFIG_CONFIG_NAMES_INTERNAL_H

enum { MOCO__MAX_NAMES = 64 };

/* Choices of options, which end with NULL: empty before moco__fill_names(). A test checks that all names fit. */
extern const char *moco__arch_names[MOCO__MAX_NAMES + 1];
extern const char *moco__augment_names[MOCO__MAX_NAMES + 1];

/* Fills in the names on its first call. */
void moco__fill_names(void);

#endif
