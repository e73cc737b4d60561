/* Names the store's keys and paces those who wait for one. */
#ifndef MOCO_RANKS_STORE_KEYS_INTERNAL_H
#define MOCO_RANKS_STORE_KEYS_INTERNAL_H

#include <stdint.h>

enum { MOCO__STORE_KEY_SIZE = 64 }; /* bytes of a key */

/* Writes "WHAT/NUMBER", for example "here/3", and returns the buffer. */
const char *moco__store_key(char key[MOCO__STORE_KEY_SIZE], const char *what, int64_t number);

/* Sleeps for the time between two looks at the store. */
void moco__store_pause(void);

#endif
