/* Hashes bytes by FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
#include "base/hash_internal.h"

uint64_t moco__hash(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; ++i) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
