/* Hashes bytes by FNV-1a (64 bits), which finds damage and mix-ups, but no malice. */
#ifndef MOCO_BASE_HASH_INTERNAL_H
#define MOCO_BASE_HASH_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOCO__HASH_START UINT64_C(0xcbf29ce484222325)

/* Returns the hash of the bytes so far and these; start with MOCO__HASH_START. */
uint64_t moco__hash(uint64_t hash, const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
