/* Winograd's transforms, channels in lanes; ref_winograd.c states the order of operations. A line
 * is one dimension of a transform; T is the tile's side, 2 or 4, a constant where it is used. */
#include <math.h>

#include "kernel/vec.h"
#include "kernel/winograd.h"

enum { SIDE_MAX = 6, TILE_MAX = 4 };

/* even +- point * odd */
LM_INLINE void pair(vf t[2], float point, vf odd, vf even)
{
    t[0] = vf_fma(vf_set(point), odd, even);
    t[1] = vf_fnma(vf_set(point), odd, even);
}

LM_INLINE void weights_line(const int T, vf t[], vf g0, vf g1, vf g2)
{
    if (T == 2) {
        vf half = vf_set(0.5f);
        vf s = vf_add(g0, g2);
        t[0] = g0;
        t[1] = vf_mul(half, vf_add(s, g1));
        t[2] = vf_mul(half, vf_sub(s, g1));
        t[3] = g2;
        return;
    }
    pair(t + 1, LM_WINOGRAD_A, g1, vf_fma(vf_set(LM_WINOGRAD_AA), g2, g0));
    pair(t + 3, LM_WINOGRAD_B, g1, vf_fma(vf_set(LM_WINOGRAD_BB), g2, g0));
    t[0] = vf_mul(vf_set(LM_WINOGRAD_G0), g0);
    LM_UNROLL
    for (int i = 1; i < 5; i++) {
        t[i] = vf_mul(vf_set(i < 3 ? LM_WINOGRAD_GA : LM_WINOGRAD_GB), t[i]);
    }
    t[5] = g2;
}

LM_INLINE void input_line(const int T, vf t[], const vf d[])
{
    if (T == 2) {
        t[0] = vf_sub(d[0], d[2]);
        t[1] = vf_add(d[1], d[2]);
        t[2] = vf_sub(d[2], d[1]);
        t[3] = vf_sub(d[1], d[3]);
        return;
    }
    vf product = vf_set(LM_WINOGRAD_PRODUCT);
    vf sum = vf_set(LM_WINOGRAD_SUM);
    vf aa = vf_set(LM_WINOGRAD_AA);
    vf bb = vf_set(LM_WINOGRAD_BB);
    t[0] = vf_fma(product, d[0], vf_fnma(sum, d[2], d[4]));
    vf odd_a = vf_mul(vf_set(LM_WINOGRAD_A), vf_fnma(bb, d[1], d[3]));
    vf odd_b = vf_mul(vf_set(LM_WINOGRAD_B), vf_fnma(aa, d[1], d[3]));
    vf even_a = vf_fnma(bb, d[2], d[4]);
    vf even_b = vf_fnma(aa, d[2], d[4]);
    t[1] = vf_add(even_a, odd_a);
    t[2] = vf_sub(even_a, odd_a);
    t[3] = vf_add(even_b, odd_b);
    t[4] = vf_sub(even_b, odd_b);
    t[5] = vf_fma(product, d[1], vf_fnma(sum, d[3], d[5]));
}

LM_INLINE void output_line(const int T, vf s[], const vf m[])
{
    if (T == 2) {
        s[0] = vf_add(vf_add(m[0], m[1]), m[2]);
        s[1] = vf_sub(vf_sub(m[1], m[2]), m[3]);
        return;
    }
    vf even_a = vf_add(m[1], m[2]);
    vf odd_a = vf_sub(m[1], m[2]);
    vf even_b = vf_add(m[3], m[4]);
    vf odd_b = vf_sub(m[3], m[4]);
    s[0] = vf_add(vf_add(m[0], even_a), even_b);
    s[1] = vf_fma(vf_set(LM_WINOGRAD_A), odd_a, vf_mul(vf_set(LM_WINOGRAD_B), odd_b));
    s[2] = vf_fma(vf_set(LM_WINOGRAD_AA), even_a, vf_mul(vf_set(LM_WINOGRAD_BB), even_b));
    s[3] = vf_fma(vf_set(LM_WINOGRAD_AAA), odd_a, vf_fma(vf_set(LM_WINOGRAD_BBB), odd_b, m[5]));
}

LM_INLINE void gradient_line(vf t[SIDE_MAX], vf y0, vf y1, vf y2, vf y3)
{
    vf aa = vf_set(LM_WINOGRAD_AA);
    vf bb = vf_set(LM_WINOGRAD_BB);
    t[0] = y0;
    pair(t + 1, LM_WINOGRAD_A, vf_fma(aa, y3, y1), vf_fma(aa, y2, y0));
    pair(t + 3, LM_WINOGRAD_B, vf_fma(bb, y3, y1), vf_fma(bb, y2, y0));
    t[5] = y3;
}

LM_INLINE void weights_gradient_line(vf s[3], const vf u[SIDE_MAX])
{
    vf ga = vf_set(LM_WINOGRAD_GA);
    vf gb = vf_set(LM_WINOGRAD_GB);
    vf even_a = vf_mul(ga, vf_add(u[1], u[2]));
    vf odd_a = vf_mul(ga, vf_sub(u[1], u[2]));
    vf even_b = vf_mul(gb, vf_add(u[3], u[4]));
    vf odd_b = vf_mul(gb, vf_sub(u[3], u[4]));
    s[0] = vf_fma(vf_set(LM_WINOGRAD_G0), u[0], vf_add(even_a, even_b));
    s[1] = vf_fma(vf_set(LM_WINOGRAD_A), odd_a, vf_mul(vf_set(LM_WINOGRAD_B), odd_b));
    s[2] = vf_fma(vf_set(LM_WINOGRAD_AA), even_a, vf_fma(vf_set(LM_WINOGRAD_BB), even_b, u[5]));
}

LM_INLINE void weights(const int T, float *u, int64_t plane, const float *w, int64_t tap_stride,
                       int64_t ld, int64_t c0, int64_t c1)
{
    const int side = T + 2;
    for (int64_t i = c0 * ld; i < c1 * ld; i += VF_LANES) {
        vf cols[3][SIDE_MAX];
        LM_UNROLL
        for (int j = 0; j < 3; j++) {
            const float *g = w + j * tap_stride + i;
            weights_line(T, cols[j], vf_load(g), vf_load(g + 3 * tap_stride),
                         vf_load(g + 6 * tap_stride));
        }
        LM_UNROLL
        for (int r = 0; r < side; r++) {
            vf out[SIDE_MAX];
            weights_line(T, out, cols[0][r], cols[1][r], cols[2][r]);
            LM_UNROLL
            for (int j = 0; j < side; j++) {
                vf_store(u + (side * r + j) * plane + i, out[j]);
            }
        }
    }
}

LM_INLINE void input_patch(const int T, float *v, int64_t plane, const float *d, int64_t row,
                           int64_t col)
{
    const int side = T + 2;
    vf cols[SIDE_MAX][SIDE_MAX]; /* entry r of column j is cols[r][j] */
    LM_UNROLL
    for (int j = 0; j < side; j++) {
        const float *p = d + j * col;
        vf line[SIDE_MAX];
        vf out[SIDE_MAX];
        LM_STEP(p);
        LM_UNROLL
        for (int r = 0; r < side; r++) {
            line[r] = vf_load(p);
            p += row;
        }
        input_line(T, out, line);
        LM_UNROLL
        for (int r = 0; r < side; r++) {
            cols[r][j] = out[r];
        }
    }
    LM_UNROLL
    for (int r = 0; r < side; r++) {
        vf out[SIDE_MAX];
        LM_STEP(v);
        input_line(T, out, cols[r]);
        LM_UNROLL
        for (int j = 0; j < side; j++) {
            vf_store(v, out[j]);
            v += plane;
        }
    }
}

LM_INLINE void input(const int T, float *v, int64_t plane, const float *x, const int32_t *at,
                     int64_t n_tiles, int64_t row, int64_t col, int64_t n_c)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t c = 0; c < n_c; c += VF_LANES) {
            input_patch(T, v + tile * n_c + c, plane, x + at[tile] + c, row, col);
        }
    }
}

LM_INLINE void output_tile(const int T, vf out[TILE_MAX][TILE_MAX], const float *m, int64_t plane)
{
    const int side = T + 2;
    vf cols[TILE_MAX][SIDE_MAX];
    LM_UNROLL
    for (int j = 0; j < side; j++) {
        const float *p = m + j * plane;
        vf line[SIDE_MAX];
        vf sums[TILE_MAX];
        LM_STEP(p);
        LM_UNROLL
        for (int r = 0; r < side; r++) {
            line[r] = vf_load(p);
            p += side * plane;
        }
        output_line(T, sums, line);
        LM_UNROLL
        for (int r = 0; r < T; r++) {
            cols[r][j] = sums[r];
        }
    }
    LM_UNROLL
    for (int r = 0; r < T; r++) {
        output_line(T, out[r], cols[r]);
    }
}

/* What is added to and taken the maximum with: a NaN stays, and -inf changes nothing. */
typedef struct Finish {
    vf bias;
    vf floor;
} Finish;

LM_INLINE Finish finish_of(const LmWinogradOut *o, int64_t k)
{
    return (Finish){o->bias != NULL ? vf_load(o->bias + k) : vf_zero(),
                    o->is_relu ? vf_zero() : vf_set(-INFINITY)};
}

LM_INLINE void store(float *y, vf sum, Finish f)
{
    vf_store(y, vf_max(f.floor, vf_add(sum, f.bias)));
}

LM_INLINE void store_window(float *y, uint8_t *arg, vf four[4], Finish f)
{
    vf best = four[0];
    vi best_i = vi_set(0);
    LM_UNROLL
    for (int i = 1; i < 4; i++) {
        vm is_larger = vf_gt(four[i], best);
        best = vf_select(is_larger, four[i], best);
        best_i = vi_select(is_larger, vi_set(i), best_i);
    }
    store(y, best, f);
    vi_store_u8(arg, best_i);
}

LM_INLINE void store_windows(const int T, const LmWinogradOut *o, float *y, uint8_t *arg,
                             int64_t ld, vf out[TILE_MAX][TILE_MAX], Finish f, int n_rows,
                             int n_cols)
{
    LM_UNROLL
    for (int i = 0; i < T * T / 4; i++) {
        const int wy = i / (T / 2);
        const int wx = i % (T / 2);
        vf four[] = {out[2 * wy][2 * wx], out[2 * wy][2 * wx + 1], out[2 * wy + 1][2 * wx],
                     out[2 * wy + 1][2 * wx + 1]};
        if (wy < n_rows && wx < n_cols) {
            store_window(y + wy * o->row + wx * o->col, arg + wy * o->arg_row + wx * ld, four, f);
        }
    }
}

LM_INLINE void output_pool(const int T, const LmWinogradOut *o, const float *m, int64_t plane,
                           int64_t n_tiles, int64_t ld)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        int edge = o->edge[tile];
        for (int64_t k = 0; k < ld; k += VF_LANES) {
            vf out[TILE_MAX][TILE_MAX];
            Finish f = finish_of(o, k);
            float *y = o->y + o->y_at[tile] + k;
            uint8_t *arg = o->arg + o->arg_at[tile] + k;
            output_tile(T, out, m + tile * ld + k, plane);
            if (edge == 17 * (T / 2)) {
                store_windows(T, o, y, arg, ld, out, f, T / 2, T / 2);
            } else {
                store_windows(T, o, y, arg, ld, out, f, edge / 16, edge % 16);
            }
        }
    }
}

LM_INLINE void store_tile(const int T, float *y, int64_t row, int64_t col,
                          vf out[TILE_MAX][TILE_MAX], Finish f, int n_rows, int n_cols)
{
    LM_UNROLL
    for (int i = 0; i < T * T; i++) {
        if (i / T < n_rows && i % T < n_cols) {
            store(y + i / T * row + i % T * col, out[i / T][i % T], f);
        }
    }
}

LM_INLINE void output(const int T, const LmWinogradOut *o, const float *m, int64_t plane,
                      int64_t n_tiles, int64_t ld)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        int edge = o->edge[tile];
        for (int64_t k = 0; k < ld; k += VF_LANES) {
            vf out[TILE_MAX][TILE_MAX];
            Finish f = finish_of(o, k);
            float *y = o->y + o->y_at[tile] + k;
            output_tile(T, out, m + tile * ld + k, plane);
            if (edge == 17 * T) {
                store_tile(T, y, o->row, o->col, out, f, T, T);
            } else {
                store_tile(T, y, o->row, o->col, out, f, edge / 16, edge % 16);
            }
        }
    }
}

LM_INLINE void gradient_patch(float *v, int64_t plane, const float *d, int64_t row, int64_t col)
{
    vf cols[TILE_MAX][SIDE_MAX];
    LM_UNROLL
    for (int j = 0; j < TILE_MAX; j++) {
        const float *p = d + j * col;
        gradient_line(cols[j], vf_load(p), vf_load(p + row), vf_load(p + 2 * row),
                      vf_load(p + 3 * row));
    }
    LM_UNROLL
    for (int r = 0; r < SIDE_MAX; r++) {
        vf out[SIDE_MAX];
        LM_STEP(v);
        gradient_line(out, cols[0][r], cols[1][r], cols[2][r], cols[3][r]);
        LM_UNROLL
        for (int j = 0; j < SIDE_MAX; j++) {
            vf_store(v, out[j]);
            v += plane;
        }
    }
}

static LM_KERNEL void gradient(float *v, int64_t plane, const float *dy, const int32_t *at,
                               int64_t n_tiles, int64_t row, int64_t col, int64_t n_c)
{
    for (int64_t tile = 0; tile < n_tiles; tile++) {
        for (int64_t c = 0; c < n_c; c += VF_LANES) {
            gradient_patch(v + tile * n_c + c, plane, dy + at[tile] + c, row, col);
        }
    }
}

static LM_KERNEL void weights_gradient(float *dw, int64_t tap_stride, const float *u, int64_t plane,
                                       int64_t ld, int64_t n_c, bool is_sum)
{
    for (int64_t i = 0; i < n_c * ld; i += VF_LANES) {
        vf cols[3][SIDE_MAX];
        LM_UNROLL
        for (int j = 0; j < SIDE_MAX; j++) {
            vf line[SIDE_MAX];
            vf sums[3];
            LM_UNROLL
            for (int r = 0; r < SIDE_MAX; r++) {
                line[r] = vf_load(u + (SIDE_MAX * r + j) * plane + i);
            }
            weights_gradient_line(sums, line);
            LM_UNROLL
            for (int r = 0; r < 3; r++) {
                cols[r][j] = sums[r];
            }
        }
        LM_UNROLL
        for (int r = 0; r < 3; r++) {
            vf out[3];
            weights_gradient_line(out, cols[r]);
            LM_UNROLL
            for (int j = 0; j < 3; j++) {
                float *to = dw + (3 * r + j) * tap_stride + i;
                vf_store(to, is_sum ? vf_add(vf_load(to), out[j]) : out[j]);
            }
        }
    }
}

LM_WINOGRAD_TILE(2)
LM_WINOGRAD_TILE(4)

const LmWinogradKernels LM_VARIANT(lm_winograd_kernels)[] = {
    {2, weights_2, input_2, output_pool_2, output_2},
    {4, weights_4, input_4, output_pool_4, output_4},
};
const LmWinogradGradKernels LM_VARIANT(lm_winograd_grad_kernels) = {gradient, weights_gradient};
