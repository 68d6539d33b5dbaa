#include "stage/matrix.h"

#include <string.h>

#include "base/mem.h"
#include "kernel/gemm.h"
#include "kernel/outer.h"

/* Columns of a panel: 32 rather than 64 for 91,000 images/s instead of 87,000 (784 features,
 * AVX-512), 78,000 instead of 66,000 (AVX2). */
enum { PANEL = 32 };

/* Floats between rows of the scratch: whole panels of inputs and outputs. */
static int64_t stride(int64_t n)
{
    return (int64_t)lm_base_round_up((size_t)n, PANEL);
}

/* The k x n matrix whose element (i, j) is at i*row + j*column of `from`, in panels. */
static LmStatus pack(float **out, const float *from, int64_t k, int64_t n, int64_t row,
                     int64_t column, LmError *err)
{
    float *to = NULL;
    LmStatus st = lm_mem_zeros(&to, (size_t)(k * stride(n)), sizeof *to, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t j = 0; j < n; j++) {
        float *panel = to + j / PANEL * PANEL * k + j % PANEL;
        for (int64_t i = 0; i < k; i++) {
            panel[i * PANEL] = from[i * row + j * column];
        }
    }
    *out = to;
    return LM_OK;
}

static LmStatus init_channels(LmMatrix *m, const LmTensor *w, LmError *err)
{
    LmTensor full;
    LmStatus st = lm_whitening_expand(w, &full, err);
    if (st != LM_OK) {
        return st;
    }
    m->c = full.shape[0];
    st = lm_mem_alloc(&m->first, (size_t)full.count, sizeof *m->first, err);
    if (st == LM_OK) {
        memcpy(m->first, full.data, (size_t)full.count * sizeof *m->first);
    }
    lm_tensor_fini(&full);
    return st;
}

LmStatus lm_matrix_init(LmMatrix *m, const LmStage *s, int64_t n, LmError *err)
{
    const LmTensor *w = &s->whitening.matrix;
    LmMatrix made = {.n = n, .rank = w->shape[0]};
    int64_t d = w->shape[1];
    LmStatus st = LM_OK;
    if (s->axis == LM_AXIS_CHANNEL) {
        st = init_channels(&made, w, err);
    } else if (made.rank == d) {
        st = pack(&made.first, w->data, d, d, d, 1, err);
    } else {
        st = pack(&made.first, w->data, d, made.rank, 1, d, err);
        st = st == LM_OK ? pack(&made.second, w->data, made.rank, d, d, 1, err) : st;
    }
    if (st != LM_OK) {
        lm_matrix_fini(&made);
        return st;
    }
    *m = made;
    return LM_OK;
}

void lm_matrix_fini(LmMatrix *m)
{
    lm_mem_free(m->first);
    lm_mem_free(m->second);
    *m = (LmMatrix){0};
}

size_t lm_matrix_scratch_bytes(const LmMatrix *m)
{
    size_t n_rows = m->c > 0 ? 1 : 2 * LM_MATRIX_ROWS;
    return m->n > 0 ? n_rows * (size_t)stride(m->n) * sizeof(float) : 0;
}

/* Channels need no block: their images go through the same row one by one. */
float *lm_matrix_row(const LmMatrix *m, void *scratch, int64_t k)
{
    return (float *)scratch + (m->c > 0 ? 0 : k * stride(m->n));
}

/* y = x w for rows of `row` floats; w: k x n in panels. */
static void multiply(float *y, const float *x, const float *w, int64_t n_rows, int64_t k, int64_t n,
                     int64_t row)
{
    int32_t at[LM_MATRIX_ROWS];
    const int32_t segment = 0;
    for (int32_t i = 0; i < n_rows; i++) {
        at[i] = (int32_t)(i * row);
    }
    for (int64_t j = 0; j < n; j += PANEL) {
        LmGemm g = {
            .a = x,
            .a_row = at,
            .a_seg = &segment,
            .a_k = 1,
            .b = w + j * k,
            .b_seg = &segment,
            .b_k = PANEL,
            .c = y + j,
            .c_row = at,
            .n_rows = n_rows,
            .n_seg = 1,
            .k = k,
            .n_cols = PANEL,
            .init = LM_GEMM_ZERO,
        };
        lm_kernels()->gemm->gemm(&g);
    }
}

void lm_matrix_run(const LmMatrix *m, int64_t n_rows, void *scratch, float *const *dst)
{
    LM_ASSERT(n_rows <= LM_MATRIX_ROWS && (m->c == 0 || n_rows == 1));
    int64_t row = stride(m->n);
    float *x = scratch;
    float *y = x + LM_MATRIX_ROWS * row;
    if (m->c > 0) {
        size_t n_pixels = (size_t)(m->n / m->c);
        lm_kernels()->outer->mix_f32(dst[0], x, n_pixels, (size_t)m->c, m->first);
        return;
    }
    multiply(y, x, m->first, n_rows, m->n, m->rank, row);
    if (m->second != NULL) {
        multiply(x, y, m->second, n_rows, m->rank, m->n, row);
        y = x;
    }
    for (int64_t i = 0; i < n_rows; i++) {
        memcpy(dst[i], y + i * row, (size_t)m->n * sizeof *y);
    }
}
