/* SHA-256 as FIPS 180-4 section 6.2 states it.
 *
 * Bytes are compressed straight from the caller's memory; only the last, incomplete block is kept.
 * Where the processor has instructions for it they are used; what is here says what they do.
 */
#include "base/sha256.h"

#include <string.h>

#include "base/sha256_constants.h"
#include "base/sha256_fast.h"

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
    uint32_t t1 = *h + sum1 + choice + lm_sha256_constants[t] + w[t];
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

static void run(LmSha256 *h, const uint8_t *blocks, size_t n)
{
    if (h->is_fast) {
        lm_sha256_fast_run(h->state, blocks, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        compress(h->state, blocks + i * sizeof h->block);
    }
}

void lm_sha256_init(LmSha256 *h)
{
    lm_sha256_init_plain(h);
    h->is_fast = lm_sha256_fast_is_there();
}

void lm_sha256_init_plain(LmSha256 *h)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(h->state, start, sizeof start);
    h->n_bytes = 0;
    h->is_fast = false;
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
        run(h, h->block, 1);
        src += taken;
        n -= taken;
    }
    size_t n_blocks = n / sizeof h->block;
    run(h, src, n_blocks);
    src += n_blocks * sizeof h->block;
    n -= n_blocks * sizeof h->block;
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
