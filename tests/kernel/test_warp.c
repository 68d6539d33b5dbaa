/* Warping: all variants have the bits of ref on any map, size and place in memory, and ref is what
 * warp.h says, against an implementation of its own in double.
 *
 * The bound of the latter: a fraction rounded to float is off by u = 2^-24, so with pixels up to V
 * each of the three blends is off by 2V*u for it and at most 4V*u for its own two roundings, the
 * scaling by one more rounding: 20 V u in all is safe.
 */
#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include <math.h>

#include "kernel/warp.h"

enum { SIZE_MAX_ = 70, CHANNELS_MAX = 5, ROOM = SIZE_MAX_ * SIZE_MAX_ * CHANNELS_MAX };

static uint64_t seed;

typedef struct Case {
    int64_t h, w, c;
    LmWarp warp;
    LmWarpScale scale;
} Case;

/* --- maps --- */

static double between(LmRng *rng, double lo, double hi)
{
    return lo + (hi - lo) * lm_rng_double(rng);
}

/* Turned, stretched and moved about the centre, as augmentation does. */
static void turn(double m[6], LmRng *rng, int64_t h, int64_t w)
{
    double angle = between(rng, -4, 4);
    double zoom = between(rng, 0.3, 3);
    double r = (double)(h - 1) / 2;
    double c = (double)(w - 1) / 2;
    m[0] = cos(angle) * zoom;
    m[1] = sin(angle) * zoom;
    m[3] = -m[1] * between(rng, 0.5, 1.5);
    m[4] = m[0] * between(rng, 0.5, 1.5);
    m[2] = r - m[0] * r - m[1] * c + between(rng, -9, 9);
    m[5] = c - m[3] * r - m[4] * c + between(rng, -9, 9);
}

/* Whole and half pixels, so that edges, periods and half-way points are met exactly. */
static void lattice(double m[6], LmRng *rng)
{
    static const double steps[] = {-2, -1, -0.5, 0, 0, 0.5, 1, 1, 2};
    for (int i = 0; i < 6; i++) {
        m[i] = i % 3 < 2 ? steps[lm_rng_below(rng, LM_ARRAY_LEN(steps))]
                         : (double)help_float_int(rng, -300, 300) / 2;
    }
}

static void huge(double m[6], LmRng *rng)
{
    static const double sizes[] = {1e3, 1e9, 1e18, 1e200, 1e308};
    for (int i = 0; i < 6; i++) {
        m[i] = between(rng, -1, 1) * sizes[lm_rng_below(rng, LM_ARRAY_LEN(sizes))];
    }
}

static const double identity[6] = {1, 0, 0, 0, 1, 0};

static void choose_map(double m[6], LmRng *rng, int64_t h, int64_t w)
{
    memcpy(m, identity, sizeof identity);
    switch (lm_rng_below(rng, 8)) {
    case 0:
        break;
    case 1:
        m[2] = (double)help_float_int(rng, -80, 80);
        m[5] = (double)help_float_int(rng, -80, 80);
        break;
    case 2:
    case 3:
        lattice(m, rng);
        break;
    case 4:
        huge(m, rng);
        break;
    default:
        turn(m, rng, h, w);
    }
}

static int64_t choose_size(LmRng *rng)
{
    return lm_rng_below(rng, 3) == 0 ? help_float_int(rng, 1, 4)
                                     : help_float_int(rng, 1, SIZE_MAX_);
}

static Case choose(LmRng *rng)
{
    Case s = {choose_size(rng),
              choose_size(rng),
              help_float_int(rng, 1, CHANNELS_MAX),
              {{0}, 0, 0, 0, 0, 0},
              {1, 0}};
    choose_map(s.warp.m, rng, s.h, s.w);
    s.warp.fill = (LmFill)lm_rng_below(rng, LM_FILL_TILE + 1);
    s.warp.fill_value = 300 * help_float_random(rng);
    s.warp.order = (int)lm_rng_below(rng, 4) > 0;
    s.warp.flip_horizontal = lm_rng_below(rng, 3) == 0;
    s.warp.flip_vertical = lm_rng_below(rng, 3) == 0;
    if (lm_rng_below(rng, 3) > 0) {
        s.scale = (LmWarpScale){1.0f / 255, help_float_random(rng)};
    }
    return s;
}

static void fail_case(const Case *s, const char *name, size_t at, double got, double want)
{
    const double *m = s->warp.m;
    fail_msg(
        "%s: %d x %d x %d, fill %d, order %d, map %a %a %a / %a %a %a: number %zu is %a, want %a",
        name, (int)s->h, (int)s->w, (int)s->c, (int)s->warp.fill, s->warp.order, m[0], m[1], m[2],
        m[3], m[4], m[5], at, got, want);
}

/* --- the same bits --- */

typedef struct Buffers {
    HelpGuard src, dst;
    float *want;
} Buffers;

static Buffers buffers_new(void)
{
    return (Buffers){help_guard_new(ROOM * sizeof(float)), help_guard_new(ROOM * sizeof(float)),
                     malloc(ROOM * sizeof(float))};
}

static void buffers_free(Buffers *b)
{
    help_guard_free(&b->src);
    help_guard_free(&b->dst);
    free(b->want);
}

static void check_variants(Buffers *b, const Case *s, const void *src, bool is_u8, bool is_back)
{
    size_t n = (size_t)(s->h * s->w * s->c);
    const LmWarpKernels *ref = lm_kernels_named("ref")->warp;
    if (is_u8) {
        ref->warp_u8(b->want, src, s->h, s->w, s->c, &s->warp, s->scale);
    } else {
        ref->warp_f32(b->want, src, s->h, s->w, s->c, &s->warp, s->scale);
    }
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmWarpKernels *k = lm_kernels_named(*name)->warp;
        help_guard_fill(&b->dst);
        float *dst = is_back ? help_guard_back(&b->dst, n * 4) : help_guard_front(&b->dst);
        if (is_u8) {
            k->warp_u8(dst, src, s->h, s->w, s->c, &s->warp, s->scale);
        } else {
            k->warp_f32(dst, src, s->h, s->w, s->c, &s->warp, s->scale);
        }
        size_t at = help_float_differs(dst, b->want, n);
        if (at < n) {
            fail_case(s, *name, at, (double)dst[at], (double)b->want[at]);
        }
        assert_true(help_guard_is_clean(&b->dst, dst, n * sizeof *dst));
    }
}

static void test_variants(void **state)
{
    (void)state;
    Buffers b = buffers_new();
    LmRng rng = lm_rng(seed, LM_RNG_USER, 1, 0);
    for (int i = 0; i < 6000; i++) {
        Case s = choose(&rng);
        size_t n = (size_t)(s.h * s.w * s.c);
        uint8_t *bytes = i % 2 == 0 ? help_guard_front(&b.src) : help_guard_back(&b.src, n);
        for (size_t k = 0; k < n; k++) {
            bytes[k] = (uint8_t)(lm_rng_u32(&rng) >> 24);
        }
        check_variants(&b, &s, bytes, true, i % 4 < 2);
        float *floats = i % 2 == 0 ? help_guard_front(&b.src) : help_guard_back(&b.src, n * 4);
        if (i % 5 == 0) {
            help_float_fill_nasty(floats, n, &rng);
        } else {
            help_float_fill(floats, n, &rng);
        }
        check_variants(&b, &s, floats, false, i % 4 < 2);
    }
    buffers_free(&b);
}

/* --- what warp.h says --- */

/* The pixel `ahead` (0 or 1) of the whole coordinate i of the endless picture. */
static int64_t endless(int64_t i, int64_t ahead, int64_t n, LmFill fill)
{
    int64_t k = i + ahead;
    switch (fill) {
    case LM_FILL_REFLECT:
        k = (k % (2 * n) + 2 * n) % (2 * n);
        return k < n ? k : 2 * n - 1 - k;
    case LM_FILL_TILE:
        return (k % n + n) % n;
    case LM_FILL_WRAP:
        /* Between the last pixel but one and the end of a period lies the last pixel's half. */
        return n == 1 ? 0 : (i % (n - 1) + (n - 1)) % (n - 1) + ahead;
    default:
        return LM_MAX(0, LM_MIN(k, n - 1));
    }
}

/* Where the rule jumps: order 0 between pixels, wrap at whole periods (test_fills has those). */
static bool is_at_jump(double v, int64_t n, const LmWarp *warp)
{
    const double near = 1e-9;
    double half = v - floor(v) - 0.5;
    if (warp->order == 0 && fabs(half) < near) {
        return true;
    }
    if (warp->fill == LM_FILL_WRAP && n > 1) {
        double turns = v / (double)(n - 1);
        return fabs(turns - nearbyint(turns)) < near;
    }
    return false;
}

/* In double, from the endless picture instead of folded coordinates. */
static double naive(const Case *s, const uint8_t *src, double r, double c, int64_t k)
{
    const LmWarp *warp = &s->warp;
    bool is_outside = r < 0 || r > (double)(s->h - 1) || c < 0 || c > (double)(s->w - 1);
    if (warp->fill == LM_FILL_CONSTANT && is_outside) {
        return (double)warp->fill_value;
    }
    double r0 = floor(r);
    double c0 = floor(c);
    double fr = warp->order == 0 ? floor(r - r0 + 0.5) : r - r0;
    double fc = warp->order == 0 ? floor(c - c0 + 0.5) : c - c0;
    double sum = 0;
    for (int q = 0; q < 4; q++) {
        double weight = (q / 2 ? fr : 1 - fr) * (q % 2 ? fc : 1 - fc);
        int64_t row = endless((int64_t)r0, q / 2, s->h, warp->fill);
        int64_t column = endless((int64_t)c0, q % 2, s->w, warp->fill);
        sum += weight * (double)src[(row * s->w + column) * s->c + k];
    }
    return sum;
}

static void check_definition(const Case *s, const uint8_t *src, const float *dst)
{
    const double *m = s->warp.m;
    double a = (double)s->scale.a;
    double b = (double)s->scale.b;
    double bound = 20 * 0x1p-24 * (300 * fabs(a) + fabs(b));
    for (int64_t i = 0; i < s->h * s->w; i++) {
        int64_t to_r = s->warp.flip_vertical ? s->h - 1 - i / s->w : i / s->w;
        int64_t to_c = s->warp.flip_horizontal ? s->w - 1 - i % s->w : i % s->w;
        double r = (m[0] * (double)(i / s->w) + m[1] * (double)(i % s->w)) + m[2];
        double c = (m[3] * (double)(i / s->w) + m[4] * (double)(i % s->w)) + m[5];
        if (is_at_jump(r, s->h, &s->warp) || is_at_jump(c, s->w, &s->warp)) {
            continue;
        }
        for (int64_t k = 0; k < s->c; k++) {
            size_t at = (size_t)((to_r * s->w + to_c) * s->c + k);
            double want = a * naive(s, src, r, c, k) + b;
            if (!(fabs((double)dst[at] - want) <= bound)) {
                fail_case(s, "definition", at, (double)dst[at], want);
            }
        }
    }
}

static void test_definition(void **state)
{
    (void)state;
    uint8_t *src = malloc(ROOM);
    float *dst = malloc(ROOM * sizeof *dst);
    LmRng rng = lm_rng(seed, LM_RNG_USER, 2, 0);
    for (int i = 0; i < 1500; i++) {
        Case s = choose(&rng);
        while (fabs(s.warp.m[0]) > 1e3 || fabs(s.warp.m[4]) > 1e3 || fabs(s.warp.m[2]) > 1e3 ||
               fabs(s.warp.m[1]) > 1e3 || fabs(s.warp.m[3]) > 1e3 || fabs(s.warp.m[5]) > 1e3) {
            s = choose(&rng);
        }
        for (int64_t k = 0; k < s.h * s.w * s.c; k++) {
            src[k] = (uint8_t)(lm_rng_u32(&rng) >> 24);
        }
        lm_kernels_named("ref")->warp->warp_u8(dst, src, s.h, s.w, s.c, &s.warp, s.scale);
        check_definition(&s, src, dst);
    }
    free(src);
    free(dst);
}

/* --- single facts --- */

/* One row of four pixels, a b c d = 10 20 30 40, moved by `shift`. */
static void check_row(LmFill fill, double shift, float p0, float p1, float p2, float p3)
{
    static const uint8_t src[8] = {10, 20, 30, 40, 10, 20, 30, 40};
    const float want[4] = {p0, p1, p2, p3};
    const LmWarp warp = {.m = {1, 0, 0, 0, 1, shift}, .fill = fill, .fill_value = 7, .order = 1};
    float dst[8];
    lm_kernels()->warp->warp_u8(dst, src, 2, 4, 1, &warp, (LmWarpScale){1, 0});
    for (int i = 0; i < 8; i++) {
        if (dst[i] != want[i % 4]) {
            fail_msg("fill %d, shift %g: pixel %d is %g, want %g", (int)fill, shift, i,
                     (double)dst[i], (double)want[i % 4]);
        }
    }
}

static void test_fills(void **state)
{
    (void)state;
    check_row(LM_FILL_NEAREST, 1, 20, 30, 40, 40);
    check_row(LM_FILL_NEAREST, -2.5, 10, 10, 10, 15);
    check_row(LM_FILL_CONSTANT, 1, 20, 30, 40, 7);
    /* No blending at the border, and no tolerance. */
    check_row(LM_FILL_CONSTANT, 0.5, 15, 25, 35, 7);
    check_row(LM_FILL_CONSTANT, -1e-15, 7, 20, 30, 40);
    check_row(LM_FILL_REFLECT, 2, 30, 40, 40, 30);
    check_row(LM_FILL_REFLECT, -0.5, 10, 15, 25, 35);
    check_row(LM_FILL_REFLECT, 9, 20, 30, 40, 40);
    /* Period 3: pixel 3 and pixel 0 are one place. */
    check_row(LM_FILL_WRAP, 1, 20, 30, 40, 20);
    check_row(LM_FILL_WRAP, -1, 30, 10, 20, 30);
    check_row(LM_FILL_WRAP, -3, 40, 20, 30, 10);
    check_row(LM_FILL_TILE, 1, 20, 30, 40, 10);
    check_row(LM_FILL_TILE, 0.5, 15, 25, 35, 25);
    check_row(LM_FILL_TILE, -4, 10, 20, 30, 40);
}

static void test_identity_is_a_copy(void **state)
{
    (void)state;
    Buffers b = buffers_new();
    LmRng rng = lm_rng(seed, LM_RNG_USER, 3, 0);
    for (int i = 0; i < 500; i++) {
        Case s = choose(&rng);
        size_t n = (size_t)(s.h * s.w * s.c);
        float *src = help_guard_front(&b.src);
        float *dst = help_guard_front(&b.dst);
        help_float_fill_nasty(src, n, &rng);
        memcpy(s.warp.m, identity, sizeof identity);
        s.warp.flip_horizontal = false;
        s.warp.flip_vertical = false;
        /* b = -0: adding +0 would turn -0 into +0. */
        lm_kernels()->warp->warp_f32(dst, src, s.h, s.w, s.c, &s.warp, (LmWarpScale){1, -0.0f});
        assert_int_equal(help_float_differs(dst, src, n), n);
    }
    buffers_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_identity_is_a_copy),
    };
    seed = help_guard_seed(61);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
