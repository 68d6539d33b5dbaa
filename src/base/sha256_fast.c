/* The SHA extensions of x86 (Intel's manual, volume 2: SHA256RNDS2, SHA256MSG1, SHA256MSG2).
 *
 * The state lies in two registers of four words, from the highest: A B E F and C D G H. SHA256RNDS2
 * does two rounds and gives the new A B E F; the old A B E F are then the new C D G H. Digests of
 * whole data sets are what makes it worth while: five to six times the speed of plain C.
 */
#include "base/sha256_fast.h"

#include <stdatomic.h>

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "base/sha256_constants.h"

bool lm_sha256_fast_is_there(void)
{
    static atomic_int known; /* 0: not yet asked, 1: no, 2: yes */
    int k = atomic_load_explicit(&known, memory_order_relaxed);
    if (k == 0) {
        k = lm_cpu_has_sha() ? 2 : 1;
        atomic_store_explicit(&known, k, memory_order_relaxed);
    }
    return k == 2;
}

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* Words 4i to 4i + 3 of the message schedule from the sixteen before, four a register, oldest
 * first. */
TARGET static inline __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

TARGET static inline __m128i load_words(const uint8_t *bytes)
{
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i words = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    return _mm_shuffle_epi8(words, big_endian);
}

/* The rounds of four words, the first with constant number k. */
TARGET static inline void do_rounds(__m128i *x, __m128i *y, __m128i words, int k)
{
    const void *constants = lm_sha256_constants + k;
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128(constants));
    *y = _mm_sha256rnds2_epu32(*y, *x, sum);
    *x = _mm_sha256rnds2_epu32(*x, *y, _mm_shuffle_epi32(sum, 0x0E));
}

TARGET static inline void do_block(__m128i *abef, __m128i *cdgh, const uint8_t *block)
{
    __m128i x = *abef;
    __m128i y = *cdgh;
    __m128i w0 = load_words(block);
    __m128i w1 = load_words(block + 16);
    __m128i w2 = load_words(block + 32);
    __m128i w3 = load_words(block + 48);
    for (int k = 0; k < 64; k += 16) {
        do_rounds(&x, &y, w0, k);
        do_rounds(&x, &y, w1, k + 4);
        do_rounds(&x, &y, w2, k + 8);
        do_rounds(&x, &y, w3, k + 12);
        w0 = next_words(w0, w1, w2, w3);
        w1 = next_words(w1, w2, w3, w0);
        w2 = next_words(w2, w3, w0, w1);
        w3 = next_words(w3, w0, w1, w2);
    }
    *abef = _mm_add_epi32(*abef, x);
    *cdgh = _mm_add_epi32(*cdgh, y);
}

TARGET void lm_sha256_fast_run(uint32_t state[8], const uint8_t *blocks, size_t n)
{
    const uint32_t *s = state;
    __m128i abef = _mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]);
    __m128i cdgh = _mm_set_epi32((int)s[2], (int)s[3], (int)s[6], (int)s[7]);
    for (; n > 0; n--) {
        do_block(&abef, &cdgh, blocks);
        blocks += 64;
    }
    state[0] = (uint32_t)_mm_extract_epi32(abef, 3);
    state[1] = (uint32_t)_mm_extract_epi32(abef, 2);
    state[4] = (uint32_t)_mm_extract_epi32(abef, 1);
    state[5] = (uint32_t)_mm_extract_epi32(abef, 0);
    state[2] = (uint32_t)_mm_extract_epi32(cdgh, 3);
    state[3] = (uint32_t)_mm_extract_epi32(cdgh, 2);
    state[6] = (uint32_t)_mm_extract_epi32(cdgh, 1);
    state[7] = (uint32_t)_mm_extract_epi32(cdgh, 0);
}
#else
bool lm_sha256_fast_is_there(void)
{
    return false;
}

void lm_sha256_fast_run(uint32_t state[8], const uint8_t *blocks, size_t n)
{
    (void)state;
    (void)blocks;
    (void)n;
    LM_ASSERT(false);
}
#endif
