/* Winograd's transforms: every variant against ref bit for bit, and the whole of them against a 3x3
 * convolution and pool in double. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/winograd.h"

enum { TILES_MAX = 7, CS_MAX = 48, LD_MAX = 48, SIDE = 10 };

typedef struct Case {
    int64_t n_tiles, cs, ld;
    int32_t at[4 * TILES_MAX];
    int32_t y_at[TILES_MAX];
    float x[SIDE * SIDE * CS_MAX];
    float w[9 * CS_MAX * LD_MAX];
    float bias[LD_MAX];
    bool is_relu;
} Case;

typedef struct Result {
    float u[16 * CS_MAX * LD_MAX];
    float v[16 * TILES_MAX * CS_MAX];
    float m[16 * TILES_MAX * LD_MAX];
    float y[TILES_MAX * LD_MAX];
    uint8_t arg[TILES_MAX * LD_MAX];
} Result;

static Case the_case;
static Result wanted, got;

static void make(Case *t, LmRng *rng)
{
    t->n_tiles = help_float_int(rng, 1, TILES_MAX);
    t->cs = 16 * help_float_int(rng, 1, CS_MAX / 16);
    t->ld = 16 * help_float_int(rng, 1, LD_MAX / 16);
    t->is_relu = lm_rng_below(rng, 2) == 0;
    for (int64_t i = 0; i < t->n_tiles; i++) {
        int64_t y = help_float_int(rng, 0, SIDE - 4);
        int64_t x = help_float_int(rng, 0, SIDE - 4);
        t->at[4 * i] = (int32_t)((y * SIDE + x) * t->cs);
        t->y_at[i] = (int32_t)((t->n_tiles - 1 - i) * t->ld);
    }
    help_float_fill(t->x, LM_ARRAY_LEN(t->x), rng);
    help_float_fill(t->w, LM_ARRAY_LEN(t->w), rng);
    help_float_fill(t->bias, LM_ARRAY_LEN(t->bias), rng);
}

/* The 16 products, one fused multiply-add a channel: what the matrix kernel does. */
static void multiply(const Case *t, Result *r)
{
    for (int64_t xi = 0; xi < 16; xi++) {
        for (int64_t i = 0; i < t->n_tiles * t->ld; i++) {
            float sum = 0;
            for (int64_t c = 0; c < t->cs; c++) {
                sum = fmaf(r->v[(xi * t->n_tiles + i / t->ld) * t->cs + c],
                           r->u[(xi * t->cs + c) * t->ld + i % t->ld], sum);
            }
            r->m[xi * t->n_tiles * t->ld + i] = sum;
        }
    }
}

static void run(const Case *t, const LmWinogradKernels *k, Result *r)
{
    memset(r, 0, sizeof *r);
    int64_t half = t->cs / 2;
    k->weights(r->u, t->w, t->cs, t->cs, t->ld, 0, half);
    k->weights(r->u, t->w, t->cs, t->cs, t->ld, half, t->cs);
    k->input(r->v, t->x, t->at, t->n_tiles, SIDE * t->cs, t->cs);
    multiply(t, r);
    k->output_pool(r->y, t->y_at, r->arg, r->m, t->n_tiles, t->ld, t->bias, t->is_relu);
}

static void variants_equal_ref(void **state)
{
    (void)state;
    Case *t = &the_case;
    LmRng rng = lm_rng(help_guard_seed(1), LM_RNG_USER, 0, 0);
    for (int i = 0; i < 60; i++) {
        make(t, &rng);
        run(t, lm_kernels_named("ref")->winograd, &wanted);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            run(t, lm_kernels_named(*name)->winograd, &got);
            assert_memory_equal(&got, &wanted, sizeof got);
        }
    }
}

/* The convolution at position p of a tile's window; *magnitude bounds what Winograd's sums pass
 * through: |A^T| |G| |g| |G^T| |B^T| |d| |B| |A| in the worst case, taken as the largest |x| times
 * the largest |w| times channels times the norms below. */
static double convolve(const Case *t, int64_t tile, int64_t k, int p)
{
    double sum = 0;
    for (int64_t tap = 0; tap < 9; tap++) {
        int64_t at = t->at[4 * tile] + ((tap / 3 + p / 2) * SIDE + tap % 3 + p % 2) * t->cs;
        for (int64_t c = 0; c < t->cs; c++) {
            sum += (double)t->x[at + c] * (double)t->w[(tap * t->cs + c) * t->ld + k];
        }
    }
    return sum;
}

/* Numbers here are below 1 in magnitude. In one dimension |B^T d| <= 2, |G g| <= 3/2, and an output
 * adds 3 products: at most 3 * 3 = 9; in two dimensions 81 a channel. Every number on the way takes
 * part in at most cs + 14 roundings (2+2 input, 3+3 weights, cs sums, 2+2 output, bias and one
 * spare), so the error is below gamma(cs + 14) * (81 * cs + 1). */
static double bound(const Case *t)
{
    return help_float_gamma((double)t->cs + 14) * (81 * (double)t->cs + 1);
}

static void result_is_convolution_and_pool(void **state)
{
    (void)state;
    Case *t = &the_case;
    LmRng rng = lm_rng(help_guard_seed(2), LM_RNG_USER, 0, 0);
    for (int i = 0; i < 40; i++) {
        make(t, &rng);
        run(t, lm_kernels()->winograd, &got);
        for (int64_t tile = 0; tile < t->n_tiles; tile++) {
            for (int64_t k = 0; k < t->ld; k++) {
                double best = -INFINITY;
                for (int p = 0; p < 4; p++) {
                    best = fmax(best, convolve(t, tile, k, p));
                }
                double sum = best + (double)t->bias[k];
                double y = (double)got.y[t->y_at[tile] + k];
                assert_true(fabs(y - (t->is_relu ? fmax(sum, 0) : sum)) <= bound(t));
                double chosen = convolve(t, tile, k, got.arg[tile * t->ld + k]);
                assert_true(best - chosen <= 2 * bound(t));
            }
        }
    }
}

/* Integers are exact on the way: a tap that is lost or misplaced shows at any size. */
static void small_integers_come_out_exactly(void **state)
{
    (void)state;
    Case *t = &the_case;
    LmRng rng = lm_rng(help_guard_seed(3), LM_RNG_USER, 0, 0);
    for (int i = 0; i < 40; i++) {
        make(t, &rng);
        for (size_t j = 0; j < LM_ARRAY_LEN(t->x); j++) {
            t->x[j] = (float)help_float_int(&rng, -8, 8);
        }
        for (size_t j = 0; j < LM_ARRAY_LEN(t->w); j++) {
            t->w[j] = (float)help_float_int(&rng, -8, 8);
        }
        memset(t->bias, 0, sizeof t->bias);
        run(t, lm_kernels()->winograd, &got);
        for (int64_t tile = 0; tile < t->n_tiles; tile++) {
            for (int64_t k = 0; k < t->ld; k++) {
                double best = convolve(t, tile, k, 0);
                int best_p = 0;
                for (int p = 1; p < 4; p++) {
                    double sum = convolve(t, tile, k, p);
                    best_p = sum > best ? p : best_p;
                    best = fmax(best, sum);
                }
                assert_int_equal(got.arg[tile * t->ld + k], best_p);
                assert_true((double)got.y[t->y_at[tile] + k] ==
                            (t->is_relu ? fmax(best, 0) : best));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_equal_ref),
        cmocka_unit_test(result_is_convolution_and_pool),
        cmocka_unit_test(small_integers_come_out_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
