/* Winograd's transforms, naively: the definition of their order of operations. A line is one
 * dimension of a transform; T is the tile's side, 2 or 4, T + 2 the patch's. */
#include <math.h>

#include "kernel/winograd.h"

enum { SIDE_MAX = 6, TILE_MAX = 4 };

/* G g */
static void weights_line(int T, float t[], const float g[3])
{
    if (T == 2) {
        float s = g[0] + g[2];
        t[0] = g[0];
        t[1] = 0.5f * (s + g[1]);
        t[2] = 0.5f * (s - g[1]);
        t[3] = g[2];
        return;
    }
    float even_a = fmaf(LM_WINOGRAD_AA, g[2], g[0]);
    float even_b = fmaf(LM_WINOGRAD_BB, g[2], g[0]);
    t[0] = LM_WINOGRAD_G0 * g[0];
    t[1] = LM_WINOGRAD_GA * fmaf(LM_WINOGRAD_A, g[1], even_a);
    t[2] = LM_WINOGRAD_GA * fmaf(-LM_WINOGRAD_A, g[1], even_a);
    t[3] = LM_WINOGRAD_GB * fmaf(LM_WINOGRAD_B, g[1], even_b);
    t[4] = LM_WINOGRAD_GB * fmaf(-LM_WINOGRAD_B, g[1], even_b);
    t[5] = g[2];
}

/* B^T d */
static void input_line(int T, float t[], const float d[])
{
    if (T == 2) {
        t[0] = d[0] - d[2];
        t[1] = d[1] + d[2];
        t[2] = d[2] - d[1];
        t[3] = d[1] - d[3];
        return;
    }
    float even_a = fmaf(-LM_WINOGRAD_BB, d[2], d[4]);
    float odd_a = LM_WINOGRAD_A * fmaf(-LM_WINOGRAD_BB, d[1], d[3]);
    float even_b = fmaf(-LM_WINOGRAD_AA, d[2], d[4]);
    float odd_b = LM_WINOGRAD_B * fmaf(-LM_WINOGRAD_AA, d[1], d[3]);
    t[0] = fmaf(LM_WINOGRAD_PRODUCT, d[0], fmaf(-LM_WINOGRAD_SUM, d[2], d[4]));
    t[1] = even_a + odd_a;
    t[2] = even_a - odd_a;
    t[3] = even_b + odd_b;
    t[4] = even_b - odd_b;
    t[5] = fmaf(LM_WINOGRAD_PRODUCT, d[1], fmaf(-LM_WINOGRAD_SUM, d[3], d[5]));
}

/* A^T m */
static void output_line(int T, float s[], const float m[])
{
    if (T == 2) {
        s[0] = (m[0] + m[1]) + m[2];
        s[1] = (m[1] - m[2]) - m[3];
        return;
    }
    float even_a = m[1] + m[2];
    float odd_a = m[1] - m[2];
    float even_b = m[3] + m[4];
    float odd_b = m[3] - m[4];
    s[0] = (m[0] + even_a) + even_b;
    s[1] = fmaf(LM_WINOGRAD_A, odd_a, LM_WINOGRAD_B * odd_b);
    s[2] = fmaf(LM_WINOGRAD_AA, even_a, LM_WINOGRAD_BB * even_b);
    s[3] = fmaf(LM_WINOGRAD_AAA, odd_a, fmaf(LM_WINOGRAD_BBB, odd_b, m[5]));
}

/* A y, T = 4 */
static void gradient_line(float t[SIDE_MAX], const float y[TILE_MAX])
{
    float even_a = fmaf(LM_WINOGRAD_AA, y[2], y[0]);
    float odd_a = fmaf(LM_WINOGRAD_AA, y[3], y[1]);
    float even_b = fmaf(LM_WINOGRAD_BB, y[2], y[0]);
    float odd_b = fmaf(LM_WINOGRAD_BB, y[3], y[1]);
    t[0] = y[0];
    t[1] = fmaf(LM_WINOGRAD_A, odd_a, even_a);
    t[2] = fmaf(-LM_WINOGRAD_A, odd_a, even_a);
    t[3] = fmaf(LM_WINOGRAD_B, odd_b, even_b);
    t[4] = fmaf(-LM_WINOGRAD_B, odd_b, even_b);
    t[5] = y[3];
}

/* G^T u, T = 4 */
static void weights_gradient_line(float s[3], const float u[SIDE_MAX])
{
    float even_a = LM_WINOGRAD_GA * (u[1] + u[2]);
    float odd_a = LM_WINOGRAD_GA * (u[1] - u[2]);
    float even_b = LM_WINOGRAD_GB * (u[3] + u[4]);
    float odd_b = LM_WINOGRAD_GB * (u[3] - u[4]);
    s[0] = fmaf(LM_WINOGRAD_G0, u[0], even_a + even_b);
    s[1] = fmaf(LM_WINOGRAD_A, odd_a, LM_WINOGRAD_B * odd_b);
    s[2] = fmaf(LM_WINOGRAD_AA, even_a, fmaf(LM_WINOGRAD_BB, even_b, u[5]));
}

static void weights(int T, float *u, int64_t plane, const float *w, int64_t tap_stride, int64_t ld,
                    int64_t c0, int64_t c1)
{
    int side = T + 2;
    for (int64_t i = c0 * ld; i < c1 * ld; i++) {
        float cols[3][SIDE_MAX]; /* column j of the filter, transformed */
        for (int j = 0; j < 3; j++) {
            const float *g = w + j * tap_stride + i;
            weights_line(T, cols[j], (float[]){g[0], g[3 * tap_stride], g[6 * tap_stride]});
        }
        for (int r = 0; r < side; r++) {
            float out[SIDE_MAX];
            weights_line(T, out, (float[]){cols[0][r], cols[1][r], cols[2][r]});
            for (int j = 0; j < side; j++) {
                u[(side * r + j) * plane + i] = out[j];
            }
        }
    }
}

static void input(int T, float *v, int64_t plane, const float *x, const int32_t *at,
                  int64_t n_tiles, int64_t row, int64_t col, int64_t n_c)
{
    int side = T + 2;
    for (int64_t i = 0; i < n_tiles * n_c; i++) {
        const float *d = x + at[i / n_c] + i % n_c;
        float cols[SIDE_MAX][SIDE_MAX];
        for (int j = 0; j < side; j++) {
            float line[SIDE_MAX];
            for (int r = 0; r < side; r++) {
                line[r] = d[r * row + j * col];
            }
            input_line(T, cols[j], line);
        }
        for (int r = 0; r < side; r++) {
            float line[SIDE_MAX];
            float out[SIDE_MAX];
            for (int j = 0; j < side; j++) {
                line[j] = cols[j][r];
            }
            input_line(T, out, line);
            for (int j = 0; j < side; j++) {
                v[(side * r + j) * plane + i] = out[j];
            }
        }
    }
}

/* The sums of one tile and channel from its products, `plane` floats apart: out[y][x]. */
static void output_tile(int T, float out[TILE_MAX][TILE_MAX], const float *m, int64_t plane)
{
    int side = T + 2;
    float cols[SIDE_MAX][TILE_MAX];
    for (int j = 0; j < side; j++) {
        float line[SIDE_MAX];
        for (int r = 0; r < side; r++) {
            line[r] = m[(side * r + j) * plane];
        }
        output_line(T, cols[j], line);
    }
    for (int r = 0; r < T; r++) {
        float line[SIDE_MAX];
        for (int j = 0; j < side; j++) {
            line[j] = cols[j][r];
        }
        output_line(T, out[r], line);
    }
}

static float finish(const LmWinogradOut *o, float sum, int64_t k)
{
    sum += o->bias != NULL ? o->bias[k] : 0;
    return o->is_relu && 0 > sum ? 0 : sum;
}

static void output_pool(int T, const LmWinogradOut *o, const float *m, int64_t plane,
                        int64_t n_tiles, int64_t ld)
{
    for (int64_t i = 0; i < n_tiles * ld; i++) {
        int64_t tile = i / ld;
        int64_t k = i % ld;
        float out[TILE_MAX][TILE_MAX];
        output_tile(T, out, m + i, plane);
        for (int wy = 0; wy < o->edge[tile] / 16; wy++) {
            for (int wx = 0; wx < o->edge[tile] % 16; wx++) {
                const float four[] = {out[2 * wy][2 * wx], out[2 * wy][2 * wx + 1],
                                      out[2 * wy + 1][2 * wx], out[2 * wy + 1][2 * wx + 1]};
                uint8_t best = 0;
                for (uint8_t p = 1; p < 4; p++) {
                    best = four[p] > four[best] ? p : best;
                }
                o->y[o->y_at[tile] + wy * o->row + wx * o->col + k] = finish(o, four[best], k);
                o->arg[o->arg_at[tile] + wy * o->arg_row + wx * ld + k] = best;
            }
        }
    }
}

static void output(int T, const LmWinogradOut *o, const float *m, int64_t plane, int64_t n_tiles,
                   int64_t ld)
{
    for (int64_t i = 0; i < n_tiles * ld; i++) {
        int64_t tile = i / ld;
        int64_t k = i % ld;
        float out[TILE_MAX][TILE_MAX];
        output_tile(T, out, m + i, plane);
        for (int y = 0; y < o->edge[tile] / 16; y++) {
            for (int x = 0; x < o->edge[tile] % 16; x++) {
                o->y[o->y_at[tile] + y * o->row + x * o->col + k] = finish(o, out[y][x], k);
            }
        }
    }
}

static LM_KERNEL void gradient(float *v, int64_t plane, const float *dy, const int32_t *at,
                               int64_t n_tiles, int64_t row, int64_t col, int64_t n_c)
{
    for (int64_t i = 0; i < n_tiles * n_c; i++) {
        const float *d = dy + at[i / n_c] + i % n_c;
        float cols[TILE_MAX][SIDE_MAX];
        for (int j = 0; j < TILE_MAX; j++) {
            const float *p = d + j * col;
            gradient_line(cols[j], (float[]){p[0], p[row], p[2 * row], p[3 * row]});
        }
        for (int r = 0; r < SIDE_MAX; r++) {
            float out[SIDE_MAX];
            gradient_line(out, (float[]){cols[0][r], cols[1][r], cols[2][r], cols[3][r]});
            for (int j = 0; j < SIDE_MAX; j++) {
                v[(SIDE_MAX * r + j) * plane + i] = out[j];
            }
        }
    }
}

static LM_KERNEL void weights_gradient(float *dw, int64_t tap_stride, const float *u, int64_t plane,
                                       int64_t ld, int64_t n_c, bool is_sum)
{
    for (int64_t i = 0; i < n_c * ld; i++) {
        float cols[SIDE_MAX][3];
        for (int j = 0; j < SIDE_MAX; j++) {
            float line[SIDE_MAX];
            for (int r = 0; r < SIDE_MAX; r++) {
                line[r] = u[(SIDE_MAX * r + j) * plane + i];
            }
            weights_gradient_line(cols[j], line);
        }
        for (int r = 0; r < 3; r++) {
            float line[SIDE_MAX];
            float out[3];
            for (int j = 0; j < SIDE_MAX; j++) {
                line[j] = cols[j][r];
            }
            weights_gradient_line(out, line);
            for (int j = 0; j < 3; j++) {
                float *to = dw + (3 * r + j) * tap_stride + i;
                *to = is_sum ? *to + out[j] : out[j];
            }
        }
    }
}

LM_WINOGRAD_TILE(2)
LM_WINOGRAD_TILE(4)

const LmWinogradKernels lm_winograd_kernels_ref[] = {
    {2, weights_2, input_2, output_pool_2, output_2},
    {4, weights_4, input_4, output_pool_4, output_4},
};
const LmWinogradGradKernels lm_winograd_grad_kernels_ref = {gradient, weights_gradient};
