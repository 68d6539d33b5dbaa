/* Winograd's transforms, naively: the definition of their order of operations. */
#include "kernel/winograd.h"

static void weights_line(float t[4], float g0, float g1, float g2)
{
    float s = g0 + g2;
    t[0] = g0;
    t[1] = 0.5f * (s + g1);
    t[2] = 0.5f * (s - g1);
    t[3] = g2;
}

static LM_KERNEL void weights(float *u, const float *w, int64_t tap_stride, int64_t uc, int64_t ld,
                              int64_t c0, int64_t c1)
{
    for (int64_t c = c0; c < c1; c++) {
        for (int64_t k = 0; k < ld; k++) {
            float rows[3][4]; /* column j of the filter, transformed */
            float out[4];
            for (int64_t j = 0; j < 3; j++) {
                const float *g = w + j * tap_stride + c * ld + k;
                weights_line(rows[j], g[0], g[3 * tap_stride], g[6 * tap_stride]);
            }
            for (int64_t i = 0; i < 4; i++) {
                weights_line(out, rows[0][i], rows[1][i], rows[2][i]);
                for (int64_t j = 0; j < 4; j++) {
                    u[((4 * i + j) * uc + c) * ld + k] = out[j];
                }
            }
        }
    }
}

static void input_line(float t[4], float d0, float d1, float d2, float d3)
{
    t[0] = d0 - d2;
    t[1] = d1 + d2;
    t[2] = d2 - d1;
    t[3] = d1 - d3;
}

static LM_KERNEL void input(float *v, const float *x, const int32_t *at, int64_t step,
                            int64_t n_tiles, int64_t row, int64_t cs)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t c = 0; c < cs; c++) {
            const float *d = x + at[step * tile] + c;
            float rows[4][4];
            float out[4];
            for (int64_t j = 0; j < 4; j++) {
                const float *p = d + j * cs;
                input_line(rows[j], p[0], p[row], p[2 * row], p[3 * row]);
            }
            for (int64_t i = 0; i < 4; i++) {
                input_line(out, rows[0][i], rows[1][i], rows[2][i], rows[3][i]);
                for (int64_t j = 0; j < 4; j++) {
                    v[((4 * i + j) * n_tiles + tile) * cs + c] = out[j];
                }
            }
        }
    }
}

static void output_line(float s[2], float m0, float m1, float m2, float m3)
{
    s[0] = (m0 + m1) + m2;
    s[1] = (m1 - m2) - m3;
}

/* The 2x2 sums of one tile and channel from its 16 products, xi floats apart. */
static void output_tile(float out[4], const float *p, int64_t xi)
{
    float rows[4][2];
    for (int64_t j = 0; j < 4; j++) {
        output_line(rows[j], p[j * xi], p[(4 + j) * xi], p[(8 + j) * xi], p[(12 + j) * xi]);
    }
    for (int64_t i = 0; i < 2; i++) {
        output_line(out + 2 * i, rows[0][i], rows[1][i], rows[2][i], rows[3][i]);
    }
}

static LM_KERNEL void output_pool(float *y, const int32_t *y_at, uint8_t *arg, const float *m,
                                  int64_t n_tiles, int64_t ld, const float *bias, bool is_relu)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t k = 0; k < ld; k++) {
            float out[4];
            output_tile(out, m + tile * ld + k, n_tiles * ld);
            uint8_t best = 0;
            for (uint8_t i = 1; i < 4; i++) {
                best = out[i] > out[best] ? i : best;
            }
            float sum = out[best] + bias[k];
            y[y_at[tile] + k] = is_relu && 0 > sum ? 0 : sum;
            arg[tile * ld + k] = best;
        }
    }
}

static LM_KERNEL void output(float *y, const int32_t *y_at, const uint8_t *edge, const float *m,
                             int64_t n_tiles, int64_t ld, int64_t row, int64_t col,
                             const float *bias, bool is_relu)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t k = 0; k < ld; k++) {
            float out[4];
            output_tile(out, m + tile * ld + k, n_tiles * ld);
            for (int i = 0; i < 4; i++) {
                float sum = bias != NULL ? out[i] + bias[k] : out[i];
                if ((i & edge[tile]) == i) { /* i is its row * 2 + its column */
                    y[y_at[tile] + i / 2 * row + i % 2 * col + k] = is_relu && 0 > sum ? 0 : sum;
                }
            }
        }
    }
}

const LmWinogradKernels lm_winograd_kernels_ref = {
    .weights = weights, .input = input, .output_pool = output_pool, .output = output};
