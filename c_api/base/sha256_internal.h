/* Computes SHA-256, and by it codes that only those who know a key can compute (HMAC, RFC 2104). */
#ifndef MOCO_BASE_SHA256_INTERNAL_H
#define MOCO_BASE_SHA256_INTERNAL_H

#include "moco/common.h"

#include <stddef.h>
#include <stdint.h>

MOCO_BEGIN_DECLS

enum { MOCO__SHA256_SIZE = 32 }; /* bytes */

typedef struct moco__sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
} moco__sha256;

void moco__sha256_start(moco__sha256 *hash);
void moco__sha256_add(moco__sha256 *hash, const void *data, size_t size);
void moco__sha256_end(uint8_t out[MOCO__SHA256_SIZE], moco__sha256 *hash);

/* Computes the code of a message in two parts. */
void moco__hmac(uint8_t out[MOCO__SHA256_SIZE], const void *key, size_t key_size, const void *first, size_t first_size,
                const void *second, size_t second_size);

MOCO_END_DECLS

#endif
