/* Colour, light and noise on vectors; ref_photo.c states the operations.
 *
 * The mix of colours and the noise are plain loops that compilers vectorise: they hold no choice,
 * and every operation is named. Noise is made in blocks, one word of each generator block side by
 * side.
 */
#if !defined(__clang__)
/* Nobody looks at exception flags here; as long as gcc thinks somebody does, it leaves the choices
 * of log and sine as branches and makes noise one by one. Values do not change. */
#pragma GCC optimize("no-trapping-math")
#endif

#include <math.h>
#include <string.h>

#include "kernel/noise.h"
#include "kernel/photo.h"
#include "kernel/vec.h"

static LM_KERNEL void range_f32(const float *x, size_t n, float *lo, float *hi)
{
    float least = x[0];
    float most = x[0];
    size_t i = 0;
    if (n >= VF_LANES) {
        vf low = vf_load(x);
        vf high = low;
        float lane[2][VF_LANES];
        for (; i + VF_LANES <= n; i += VF_LANES) {
            low = vf_min(vf_load(x + i), low);
            high = vf_max(vf_load(x + i), high);
        }
        vf_store(lane[0], low);
        vf_store(lane[1], high);
        for (int l = 0; l < VF_LANES; l++) {
            least = LM_MIN(lane[0][l], least);
            most = LM_MAX(lane[1][l], most);
        }
    }
    for (; i < n; i++) {
        least = LM_MIN(x[i], least);
        most = LM_MAX(x[i], most);
    }
    *lo = least;
    *hi = most;
}

static LM_KERNEL void shift_clip_f32(float *y, size_t n, float add, float lo, float hi)
{
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf v = vf_add(vf_load(y + i), vf_set(add));
        vf_store(y + i, vf_min(vf_max(v, vf_set(lo)), vf_set(hi)));
    }
    for (; i < n; i++) {
        float v = y[i] + add;
        v = v > lo ? v : lo;
        y[i] = v < hi ? v : hi;
    }
}

static LM_KERNEL void mix_rgb_f32(float *y, size_t n_pixels, const float m[9])
{
    const float m0 = m[0], m1 = m[1], m2 = m[2];
    const float m3 = m[3], m4 = m[4], m5 = m[5];
    const float m6 = m[6], m7 = m[7], m8 = m[8];
    for (size_t i = 0; i < n_pixels; i++) {
        float r = y[3 * i];
        float g = y[3 * i + 1];
        float b = y[3 * i + 2];
        y[3 * i] = fmaf(m2, b, fmaf(m1, g, m0 * r));
        y[3 * i + 1] = fmaf(m5, b, fmaf(m4, g, m3 * r));
        y[3 * i + 2] = fmaf(m8, b, fmaf(m7, g, m6 * r));
    }
}

/* Blocks of the generator made side by side. */
enum { BLOCKS = 16 };

/* 4 * BLOCKS normal numbers in their order. */
LM_INLINE void make_noise(float z[4 * BLOCKS], const uint32_t key[2], const uint32_t counter[4])
{
    uint32_t words[4][BLOCKS];
    float pairs[4][BLOCKS];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint32_t k0 = key[0];
        uint32_t k1 = key[1];
        uint32_t c0 = counter[0] + i;
        uint32_t c1 = counter[1];
        uint32_t c2 = counter[2];
        uint32_t c3 = counter[3];
        LM_UNROLL
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0;
            uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
            c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint32_t)p1;
            c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[0][i] = c0;
        words[1][i] = c1;
        words[2][i] = c2;
        words[3][i] = c3;
    }
    for (int k = 0; k < 4; k += 2) {
        for (int i = 0; i < BLOCKS; i++) {
            lm_noise_pair(words[k][i], words[k + 1][i], &pairs[k][i], &pairs[k + 1][i]);
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        for (int k = 0; k < 4; k++) {
            z[4 * i + k] = pairs[k][i];
        }
    }
}

static LM_KERNEL void add_noise_f32(float *y, size_t n, float sigma, const LmRng *rng)
{
    uint32_t counter[4];
    memcpy(counter, rng->counter, sizeof counter);
    for (size_t at = 0; at < n; at += 4 * BLOCKS) {
        float z[4 * BLOCKS];
        make_noise(z, rng->key, counter);
        counter[0] += BLOCKS;
        size_t length = LM_MIN(4 * BLOCKS, n - at);
        for (size_t i = 0; i < length; i++) {
            y[at + i] = fmaf(sigma, z[i], y[at + i]);
        }
    }
}

static LM_KERNEL void fill_rect_f32(float *y, int64_t w, int64_t c, int64_t top, int64_t left,
                                    int64_t rows, int64_t columns, const float *value)
{
    int64_t line = columns * c;
    for (int64_t r = 0; r < rows; r++) {
        float *to = y + ((top + r) * w + left) * c;
        const float *first = y + (top * w + left) * c;
        if (r > 0) {
            memcpy(to, first, (size_t)line * sizeof *to);
            continue;
        }
        for (int64_t i = 0; i < line; i++) {
            to[i] = value[i % c];
        }
    }
}

const LmPhotoKernels LM_VARIANT(lm_photo_kernels) = {
    .range_f32 = range_f32,
    .shift_clip_f32 = shift_clip_f32,
    .mix_rgb_f32 = mix_rgb_f32,
    .add_noise_f32 = add_noise_f32,
    .fill_rect_f32 = fill_rect_f32,
};
