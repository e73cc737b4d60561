/* Computes SHA-256 (FIPS 180-4) and HMAC (RFC 2104). */
#include "base/sha256_internal.h"

#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, LENGTH_AT = 56 };

static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t rotated(uint32_t x, unsigned bits)
{
    return x >> bits | x << (32 - bits);
}

static void expand(uint32_t words[ROUNDS], const uint8_t block[BLOCK])
{
    for (size_t i = 0; i < 16; ++i) {
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
                   block[4 * i + 3];
    }
    for (size_t i = 16; i < ROUNDS; ++i) {
        const uint32_t a = words[i - 15];
        const uint32_t b = words[i - 2];
        words[i] = words[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + words[i - 7] +
                   (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
    }
}

static void take_block(uint32_t state[8], const uint8_t block[BLOCK])
{
    uint32_t words[ROUNDS];
    uint32_t s[8];
    expand(words, block);
    memcpy(s, state, sizeof s);
    for (size_t i = 0; i < ROUNDS; ++i) {
        const uint32_t sum = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
        const uint32_t first = s[7] + sum + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + words[i];
        const uint32_t second = (rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22)) +
                                ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += first;
        s[0] = first + second;
    }
    for (size_t i = 0; i < 8; ++i) {
        state[i] += s[i];
    }
}

void moco__sha256_start(moco__sha256 *hash)
{
    *hash = (moco__sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                       0x1f83d9ab, 0x5be0cd19 } };
}

void moco__sha256_add(moco__sha256 *hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; ++i) {
        hash->block[hash->size++ % BLOCK] = bytes[i];
        if (hash->size % BLOCK == 0) {
            take_block(hash->state, hash->block);
        }
    }
}

void moco__sha256_end(uint8_t out[MOCO__SHA256_SIZE], moco__sha256 *hash)
{
    const uint64_t bits = hash->size * 8;
    const uint8_t one = 0x80;
    const uint8_t zero = 0;
    uint8_t length[8];
    for (size_t i = 0; i < sizeof length; ++i) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    moco__sha256_add(hash, &one, 1);
    while (hash->size % BLOCK != LENGTH_AT) {
        moco__sha256_add(hash, &zero, 1);
    }
    moco__sha256_add(hash, length, sizeof length);
    for (size_t i = 0; i < MOCO__SHA256_SIZE; ++i) {
        out[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

/* Starts a hash by the key, each of whose bytes is changed by a pad. */
static void start_keyed(moco__sha256 *hash, const uint8_t key[BLOCK], uint8_t pad)
{
    uint8_t padded[BLOCK];
    for (size_t i = 0; i < BLOCK; ++i) {
        padded[i] = key[i] ^ pad;
    }
    moco__sha256_start(hash);
    moco__sha256_add(hash, padded, sizeof padded);
}

void moco__hmac(uint8_t out[MOCO__SHA256_SIZE], const void *key, size_t key_size, const void *first, size_t first_size,
                const void *second, size_t second_size)
{
    moco__sha256 hash;
    uint8_t block[BLOCK] = { 0 };
    if (key_size > BLOCK) {
        moco__sha256_start(&hash);
        moco__sha256_add(&hash, key, key_size);
        moco__sha256_end(block, &hash);
    } else {
        memcpy(block, key, key_size);
    }
    start_keyed(&hash, block, 0x36);
    moco__sha256_add(&hash, first, first_size);
    moco__sha256_add(&hash, second, second_size);
    moco__sha256_end(out, &hash);
    start_keyed(&hash, block, 0x5c);
    moco__sha256_add(&hash, out, MOCO__SHA256_SIZE);
    moco__sha256_end(out, &hash);
}
