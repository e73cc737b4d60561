/* Names settings as options: the library says "lower lr" to a program, the tool says "lower --lr" to a person. */
#ifndef CLI_SETTING_NAMES_H
#define CLI_SETTING_NAMES_H

#include <stddef.h>

/* Copies a message of the library. Names of several words, as skip_broken, become options everywhere; those of one word
 * only after a word that asks for a change, as in "use batch 64". Calls become commands. */
void name_settings_as_options(char *out, size_t size, const char *message);

#endif
