/* SHA-256 as FIPS 180-4 section 6.2 states it.
 *
 * Bytes are compressed straight from the caller's memory; only the last, incomplete block is kept.
 * The processor's SHA instructions would be several times faster, but digests are taken of a few
 * megabytes at a time.
 */
#include "base/sha256.h"

#include <string.h>

/* FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void expand(uint32_t w[64], const uint8_t *block)
{
    for (int t = 0; t < 16; t++) {
        const uint8_t *b = block + 4 * t;
        w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
}

/* Round t with the eight working variables a..h of the standard held in v. Instead of moving them
 * all by one place a round, variable number i is looked up at v[(i - place) mod 8], place being t
 * mod 8 and a constant wherever this is called, so all stay in registers. */
static inline void do_round(uint32_t v[8], const uint32_t w[64], int t, int place)
{
    uint32_t a = v[(0 - place) & 7];
    uint32_t b = v[(1 - place) & 7];
    uint32_t c = v[(2 - place) & 7];
    uint32_t e = v[(4 - place) & 7];
    uint32_t f = v[(5 - place) & 7];
    uint32_t g = v[(6 - place) & 7];
    uint32_t *d = &v[(3 - place) & 7];
    uint32_t *h = &v[(7 - place) & 7];
    uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    uint32_t choice = (e & f) ^ (~e & g);
    uint32_t t1 = *h + sum1 + choice + round_constants[t] + w[t];
    uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    *d += t1;
    *h = t1 + sum0 + majority;
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    uint32_t v[8];
    expand(w, block);
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t += 8) {
        do_round(v, w, t, 0);
        do_round(v, w, t + 1, 1);
        do_round(v, w, t + 2, 2);
        do_round(v, w, t + 3, 3);
        do_round(v, w, t + 4, 4);
        do_round(v, w, t + 5, 5);
        do_round(v, w, t + 6, 6);
        do_round(v, w, t + 7, 7);
    }
    for (int i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

void lm_sha256_init(LmSha256 *h)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(h->state, start, sizeof start);
    h->n_bytes = 0;
}

void lm_sha256_add(LmSha256 *h, const void *bytes, size_t n)
{
    const uint8_t *src = bytes;
    size_t held = h->n_bytes % sizeof h->block;
    h->n_bytes += n;
    if (n == 0) {
        return;
    }
    if (held > 0) {
        size_t taken = LM_MIN(n, sizeof h->block - held);
        memcpy(h->block + held, src, taken);
        if (held + taken < sizeof h->block) {
            return;
        }
        compress(h->state, h->block);
        src += taken;
        n -= taken;
    }
    for (; n >= sizeof h->block; n -= sizeof h->block) {
        compress(h->state, src);
        src += sizeof h->block;
    }
    if (n > 0) {
        memcpy(h->block, src, n);
    }
}

void lm_sha256_end(LmSha256 *h, char out[65])
{
    static const uint8_t padding[64] = {0x80};
    uint64_t n_bits = h->n_bytes * 8;
    size_t held = h->n_bytes % sizeof h->block;
    uint8_t length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)(n_bits >> (56 - 8 * i));
    }
    lm_sha256_add(h, padding, held < 56 ? 56 - held : 120 - held);
    lm_sha256_add(h, length, sizeof length);
    for (int i = 0; i < 64; i++) {
        out[i] = "0123456789abcdef"[h->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    }
    out[64] = '\0';
}
