/* Winograd's transforms, channels in lanes; ref_winograd.c states the order of operations. */
#include "kernel/vec.h"
#include "kernel/winograd.h"

LM_INLINE void weights_line(vf t[4], vf g0, vf g1, vf g2)
{
    vf half = vf_set(0.5f);
    vf s = vf_add(g0, g2);
    t[0] = g0;
    t[1] = vf_mul(half, vf_add(s, g1));
    t[2] = vf_mul(half, vf_sub(s, g1));
    t[3] = g2;
}

static LM_KERNEL void weights(float *u, const float *w, int64_t tap_stride, int64_t uc, int64_t ld,
                              int64_t c0, int64_t c1)
{
    for (int64_t c = c0; c < c1; c++) {
        for (int64_t k = 0; k < ld; k += VF_LANES) {
            vf rows[3][4];
            LM_UNROLL
            for (int j = 0; j < 3; j++) {
                const float *g = w + j * tap_stride + c * ld + k;
                weights_line(rows[j], vf_load(g), vf_load(g + 3 * tap_stride),
                             vf_load(g + 6 * tap_stride));
            }
            LM_UNROLL
            for (int i = 0; i < 4; i++) {
                vf out[4];
                weights_line(out, rows[0][i], rows[1][i], rows[2][i]);
                LM_UNROLL
                for (int j = 0; j < 4; j++) {
                    vf_store(u + ((4 * i + j) * uc + c) * ld + k, out[j]);
                }
            }
        }
    }
}

LM_INLINE void input_line(vf t[4], vf d0, vf d1, vf d2, vf d3)
{
    t[0] = vf_sub(d0, d2);
    t[1] = vf_add(d1, d2);
    t[2] = vf_sub(d2, d1);
    t[3] = vf_sub(d1, d3);
}

static LM_KERNEL void input(float *v, const float *x, const int32_t *at, int64_t step,
                            int64_t n_tiles, int64_t row, int64_t cs)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t c = 0; c < cs; c += VF_LANES) {
            const float *d = x + at[step * tile] + c;
            vf rows[4][4];
            LM_UNROLL
            for (int j = 0; j < 4; j++) {
                const float *p = d + j * cs;
                input_line(rows[j], vf_load(p), vf_load(p + row), vf_load(p + 2 * row),
                           vf_load(p + 3 * row));
            }
            LM_UNROLL
            for (int i = 0; i < 4; i++) {
                vf out[4];
                input_line(out, rows[0][i], rows[1][i], rows[2][i], rows[3][i]);
                LM_UNROLL
                for (int j = 0; j < 4; j++) {
                    vf_store(v + ((4 * i + j) * n_tiles + tile) * cs + c, out[j]);
                }
            }
        }
    }
}

LM_INLINE void output_line(vf s[2], vf m0, vf m1, vf m2, vf m3)
{
    s[0] = vf_add(vf_add(m0, m1), m2);
    s[1] = vf_sub(vf_sub(m1, m2), m3);
}

LM_INLINE void output_tile(vf out[4], const float *p, int64_t xi)
{
    vf rows[4][2];
    LM_UNROLL
    for (int j = 0; j < 4; j++) {
        output_line(rows[j], vf_load(p + j * xi), vf_load(p + (4 + j) * xi),
                    vf_load(p + (8 + j) * xi), vf_load(p + (12 + j) * xi));
    }
    output_line(out, rows[0][0], rows[1][0], rows[2][0], rows[3][0]);
    output_line(out + 2, rows[0][1], rows[1][1], rows[2][1], rows[3][1]);
}

static LM_KERNEL void output_pool(float *y, const int32_t *y_at, uint8_t *arg, const float *m,
                                  int64_t n_tiles, int64_t ld, const float *bias, bool is_relu)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t k = 0; k < ld; k += VF_LANES) {
            vf out[4];
            output_tile(out, m + tile * ld + k, n_tiles * ld);
            vf best = out[0];
            vi best_i = vi_set(0);
            LM_UNROLL
            for (int i = 1; i < 4; i++) {
                vm is_larger = vf_gt(out[i], best);
                best = vf_select(is_larger, out[i], best);
                best_i = vi_select(is_larger, vi_set(i), best_i);
            }
            best = vf_add(best, vf_load(bias + k));
            vf_store(y + y_at[tile] + k, is_relu ? vf_max(vf_zero(), best) : best);
            vi_store_u8(arg + tile * ld + k, best_i);
        }
    }
}

static LM_KERNEL void output(float *y, const int32_t *y_at, const uint8_t *edge, const float *m,
                             int64_t n_tiles, int64_t ld, int64_t row, int64_t col,
                             const float *bias, bool is_relu)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t k = 0; k < ld; k += VF_LANES) {
            vf out[4];
            output_tile(out, m + tile * ld + k, n_tiles * ld);
            LM_UNROLL
            for (int i = 0; i < 4; i++) {
                vf sum = bias != NULL ? vf_add(out[i], vf_load(bias + k)) : out[i];
                sum = is_relu ? vf_max(vf_zero(), sum) : sum;
                if ((i & edge[tile]) == i) {
                    vf_store(y + y_at[tile] + i / 2 * row + i % 2 * col + k, sum);
                }
            }
        }
    }
}

const LmWinogradKernels LM_VARIANT(lm_winograd_kernels) = {
    .weights = weights, .input = input, .output_pool = output_pool, .output = output};
