/* Exactness, order, bounds, merging and subtracting of statistics. */
#include "help_guard.h"
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stats/moments.h"

static uint64_t seed;

typedef struct Case {
    uint64_t n, s1, s2;
    double mean, std;
} Case;

/* Printed by tests/golden/moments_cases.py, which works with big integers. The deviations of the
 * last rows lie 2^-10 to 2^-24 of a spacing from the middle between two doubles. */
static const Case cases[] = {
    {47040000, 1567298545, 342590800147u, 0x1.0a8c208b8aea7p+5, 0x1.3a451c181e020p+6},
    {7840000, 264923200, 58095386156u, 0x1.0e546d815bbdfp+5, 0x1.3cb09a32edeeap+6},
    {47040000, 3431114169, 631470052347u, 0x1.23c2ebb20f18cp+6, 0x1.6815b0d3886f1p+6},
    {7840000, 573469082, 105272563536u, 0x1.2496158ccb31fp+6, 0x1.677e37a0b5735p+6},
    {784, 27525, 5940005u, 0x1.18de0a72f0539p+5, 0x1.3e98669c4316bp+6},
    {1, 0, 0u, 0x0.0p+0, 0x0.0p+0},
    {1, 255, 65025u, 0x1.fe00000000000p+7, 0x0.0p+0},
    {2, 255, 65025u, 0x1.fe00000000000p+6, 0x1.fe00000000000p+6},
    {3, 1, 1u, 0x1.5555555555555p-2, 0x1.e2b7dddfefa66p-2},
    {3, 2, 2u, 0x1.5555555555555p-1, 0x1.e2b7dddfefa66p-2},
    {3, 510, 130050u, 0x1.5400000000000p+7, 0x1.e0d526020fb6cp+6},
    {1099511627776, 1, 1u, 0x1.0000000000000p-40, 0x1.ffffffffff000p-21},
    {1099511627776, 1099511627775, 1099511627775u, 0x1.fffffffffe000p-1, 0x1.ffffffffff000p-21},
    {1099511627776, 280375465082880, 71495743596134400u, 0x1.fe00000000000p+7, 0x0.0p+0},
    {281474976710656, 71776119061217280, 18302910360610406400u, 0x1.fe00000000000p+7, 0x0.0p+0},
    {281474976710655, 35747322042253312, 7036874417766400000u, 0x1.fc00000000020p+6,
     0x1.78be732bdc47cp+6},
    {1, 32, 3113u, 0x1.0000000000000p+5, 0x1.6da506e12f87ep+5},
    {9, 2029, 507297u, 0x1.c2e38e38e38e4p+7, 0x1.29c1564bd79c2p+6},
    {121, 15474, 3345371u, 0x1.ff89854a0cb1cp+6, 0x1.a9146bc9551fap+6},
    {900, 206759, 49260433u, 0x1.cb76e5d4c3b2ap+7, 0x1.61e591ba1f05ep+5},
    {4864, 1023109, 217106319u, 0x1.a4afaf286bca2p+7, 0x1.3c6cb4285c5e8p+4},
    {58314, 7260626, 1556245882u, 0x1.f2095c0a92391p+6, 0x1.a70881ffa4fc2p+6},
    {263248, 59778857, 14146637165u, 0x1.c629ef4a04338p+7, 0x1.74e44f79f6e58p+5},
    {3056650, 634746160, 135871755523u, 0x1.9f524ac2304b0p+7, 0x1.238ee1b572388p+5},
    {27428387, 131383004, 22213455150u, 0x1.328ff9b50b152p+2, 0x1.c0d5db20ae02ep+4},
    {136688659, 34484467591, 8775050091143u, 0x1.f891ce09dc3e3p+7, 0x1.7725774364b62p+4},
    {1574286876, 126038823552, 17790270037375u, 0x1.403e5c784b499p+6, 0x1.17bc850aad376p+6},
    {16153147546, 1275400178423, 106752757827541u, 0x1.3bd3b8a3dd1aap+6, 0x1.35ae820eb0eabp+4},
    {90623811135, 4253290610096, 574206189126914u, 0x1.7777c31adae3cp+5, 0x1.012a8557974fep+6},
    {1017766418350, 233635516629494, 56365191420039381u, 0x1.cb1d3d63eb06ep+7,
     0x1.9e8533e739420p+5},
    {4702359065672, 546601075484604, 123245713965703876u, 0x1.d0f582e11a54fp+6,
     0x1.c2bc4a13a6195p+6},
    {47359164457391, 9886277557801937, 2469046697573510954u, 0x1.a1808fda7109dp+7,
     0x1.7206d7f29de9ap+6},
    {16055513168, 2250961840686, 316487831782944u, 0x1.1865ba1a1041ep+7, 0x1.e0bf90b115ebcp+2},
    {35734735703, 6995102105489, 1374522310124621u, 0x1.8780653429c5cp+7, 0x1.82f7f8258b505p+3},
    {246270796759, 38483823955194, 6792958177756930u, 0x1.388857465a827p+7, 0x1.c2014c40164e6p+5},
    {973197858377, 23210560377659, 584451317109621u, 0x1.7d98b8e719addp+4, 0x1.688954384bda8p+2},
    {3455196908455, 70697843078066, 8453466369157508u, 0x1.476182f5b84a0p+4, 0x1.6842a41115facp+5},
    {15472325893811, 1237625892097810, 100026323837002452u, 0x1.3ff5661e25620p+6,
     0x1.04f8c9326ec64p+3},
    {49895953274669, 329495170986034, 55984340897221499u, 0x1.a6a21f5cec70fp+2,
     0x1.06b6b25d2d80ap+5},
    {194162409079379, 19800253422698855, 2094069410419747062u, 0x1.97e941d73cc78p+6,
     0x1.3a379a622048cp+4},
};

static void test_mean_and_std_are_rounded_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        const Case *c = &cases[i];
        double mean = lm_moments_mean_of(c->n, c->s1);
        double std = lm_moments_std_of(c->n, c->s1, c->s2);
        if (mean != c->mean || std != c->std) {
            fail_msg("case %d: mean %a, want %a; std %a, want %a", (int)i, mean, c->mean, std,
                     c->std);
        }
    }
}

/* The figures users know, as decimal numbers. */
static void test_known_figures(void **state)
{
    (void)state;
    assert_true(cases[0].mean == 33.318421449829934 && cases[0].std == 78.567489983397989);
    assert_true(cases[1].mean == 33.791224489795916 && cases[1].std == 79.172463222286442);
    assert_true(cases[2].mean == 72.94035223214286 && cases[2].std == 90.02118235130526);
    assert_true(cases[3].mean == 73.14656658163265 && cases[3].std == 89.8732590780972);
    assert_true(cases[4].mean == 35.108418367346935 && cases[4].std == 79.64882892760731);
}

typedef struct Images {
    int64_t n, h, w, c;
    uint8_t *v;
} Images;

static Images random_images(int64_t n, int64_t h, int64_t w, int64_t c, uint64_t turn)
{
    Images im = {n, h, w, c, malloc((size_t)(n * h * w * c))};
    LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
    uint32_t range = 2 + lm_rng_below(&rng, 255);
    for (int64_t i = 0; i < n * h * w * c; i++) {
        im.v[i] = (uint8_t)(lm_rng_below(&rng, range) + (256 - range));
    }
    return im;
}

static LmMoments *new_moments(LmAxis axis)
{
    LmError err;
    LmMoments *m = NULL;
    assert_ok(lm_moments_new(&m, axis, &err), err);
    return m;
}

static void add(LmMoments *m, const Images *im, int64_t first, int64_t n)
{
    LmError err;
    int64_t item = im->h * im->w * im->c;
    assert_ok(lm_moments_add(m, im->v + first * item, LM_U8, n, im->h, im->w, im->c, &err), err);
}

static int64_t width_of(LmAxis axis, const Images *im)
{
    return axis == LM_AXIS_ALL ? 1 : axis == LM_AXIS_CHANNEL ? im->c : im->h * im->w * im->c;
}

/* m holds exactly the images: every number from a plain loop. */
static void assert_holds(const LmMoments *m, const Images *im, bool has_exact_bounds)
{
    int64_t width = width_of(lm_moments_axis(m), im);
    int64_t total = im->n * im->h * im->w * im->c;
    int64_t count = total / width;
    assert_int_equal(lm_moments_width(m), width);
    assert_int_equal(lm_moments_n_images(m), im->n);
    assert_int_equal(lm_moments_count(m), count);
    for (int64_t j = 0; j < width; j++) {
        uint64_t want1 = 0;
        uint64_t want2 = 0;
        uint64_t s1 = 0;
        uint64_t s2 = 0;
        double lo = 255;
        double hi = 0;
        for (int64_t i = j; i < total; i += width) {
            want1 += im->v[i];
            want2 += (uint64_t)im->v[i] * im->v[i];
            lo = LM_MIN(lo, (double)im->v[i]);
            hi = LM_MAX(hi, (double)im->v[i]);
        }
        assert_true(lm_moments_sums(m, j, &s1, &s2));
        assert_int_equal(s1, want1);
        assert_int_equal(s2, want2);
        assert_true(lm_moments_mean(m, j) == lm_moments_mean_of((uint64_t)count, want1));
        assert_true(lm_moments_std(m, j) == lm_moments_std_of((uint64_t)count, want1, want2));
        assert_true(lm_moments_min(m, j) <= lo && lm_moments_max(m, j) >= hi);
        assert_true(!has_exact_bounds ||
                    (lm_moments_min(m, j) == lo && lm_moments_max(m, j) == hi));
    }
    uint64_t counts[256] = {0};
    for (int64_t i = 0; i < total; i++) {
        counts[im->v[i]]++;
    }
    if (lm_moments_histogram(m) != NULL) {
        assert_memory_equal(lm_moments_histogram(m), counts, sizeof counts);
    }
}

/* n, h, w, c around the limits of the kernels: 1 and 64 channels, rows of 64 and 65 numbers */
static const int64_t shapes[][4] = {{1, 1, 1, 1},   {7, 1, 1, 1},  {5, 3, 5, 1},   {4, 4, 4, 3},
                                    {3, 2, 3, 64},  {3, 1, 2, 65}, {2, 2, 1, 130}, {9, 28, 28, 1},
                                    {6, 9, 7, 5},   {50, 8, 8, 1}, {50, 5, 13, 1}, {2, 100, 90, 2},
                                    {3, 80, 81, 3}, {40, 7, 9, 1}, {5, 4, 3, 16},  {5, 4, 3, 17}};

static void test_sums_of_all_axes(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3 * LM_ARRAY_LEN(shapes); k++) {
        const int64_t *s = shapes[k / 3];
        Images im = random_images(s[0], s[1], s[2], s[3], k);
        LmMoments *whole = new_moments((LmAxis)(k % 3));
        LmMoments *single = new_moments((LmAxis)(k % 3));
        add(whole, &im, 0, im.n);
        for (int64_t i = 0; i < im.n; i++) {
            add(single, &im, i, 1);
        }
        add(whole, &im, 0, 0);
        assert_holds(whole, &im, true);
        assert_holds(single, &im, true);
        int64_t shape[3];
        lm_moments_shape(whole, shape);
        assert_memory_equal(shape, s + 1, sizeof shape);
        assert_int_equal(lm_moments_dtype(whole), LM_U8);
        lm_moments_free(whole);
        lm_moments_free(single);
        free(im.v);
    }
}

/* Parts in any grouping and order give equal numbers. */
static void test_merge_in_any_order(void **state)
{
    (void)state;
    LmError err;
    for (size_t k = 0; k < 3 * LM_ARRAY_LEN(shapes); k++) {
        const int64_t *s = shapes[k / 3];
        Images im = random_images(s[0], s[1], s[2], s[3], k);
        LmRng rng = lm_rng(seed, LM_RNG_USER, k, 1);
        LmMoments *parts[3];
        for (int p = 0; p < 3; p++) {
            parts[p] = new_moments((LmAxis)(k % 3));
        }
        for (int64_t i = 0; i < im.n; i++) {
            add(parts[lm_rng_below(&rng, 3)], &im, i, 1);
        }
        LmMoments *sum = new_moments((LmAxis)(k % 3));
        assert_ok(lm_moments_merge(sum, parts[2], &err), err);
        assert_ok(lm_moments_merge(parts[1], parts[0], &err), err);
        assert_ok(lm_moments_merge(sum, parts[1], &err), err);
        assert_holds(sum, &im, true);
        for (int p = 0; p < 3; p++) {
            lm_moments_free(parts[p]);
        }
        lm_moments_free(sum);
        free(im.v);
    }
}

static void test_merge_with_itself(void **state)
{
    (void)state;
    LmError err;
    for (int axis = 0; axis < 3; axis++) {
        Images im = random_images(4, 28, 28, 1, 1);
        Images twice = {8, 28, 28, 1, malloc(8 * 784)};
        memcpy(twice.v, im.v, 4 * 784);
        memcpy(twice.v + 4 * 784, im.v, 4 * 784);
        LmMoments *m = new_moments((LmAxis)axis);
        add(m, &im, 0, 4);
        assert_ok(lm_moments_merge(m, m, &err), err);
        assert_holds(m, &twice, true);
        lm_moments_free(m);
        free(im.v);
        free(twice.v);
    }
}

static void test_subtract_is_exact(void **state)
{
    (void)state;
    LmError err;
    for (size_t k = 0; k < 3 * LM_ARRAY_LEN(shapes); k++) {
        const int64_t *s = shapes[k / 3];
        LmAxis axis = (LmAxis)(k % 3);
        Images im = random_images(s[0] + 1, s[1], s[2], s[3], k);
        LmMoments *all = new_moments(axis);
        LmMoments *out = new_moments(axis);
        add(all, &im, 0, im.n);
        add(out, &im, im.n - 1, 1);
        assert_ok(lm_moments_subtract(all, out, &err), err);
        Images rest = im;
        rest.n--;
        assert_holds(all, &rest, width_of(axis, &im) <= 16);
        assert_ok(lm_moments_subtract(all, all, &err), err);
        assert_int_equal(lm_moments_n_images(all), 0);
        assert_true(isnan(lm_moments_mean(all, 0)));
        add(all, &im, 0, 1);
        assert_int_equal(lm_moments_n_images(all), 1);
        lm_moments_free(all);
        lm_moments_free(out);
        free(im.v);
    }
}

/* What is left must be something pixels can have, whether a histogram tells or the sums alone. */
static void test_subtract_refuses_strangers(void **state)
{
    (void)state;
    LmError err;
    static const struct {
        int64_t n_held;
        uint8_t held[20];
        uint8_t out[2];
        int64_t n_out;
        bool is_seen_by_sums;
    } pairs[] = {
        {1, {3}, {3, 0}, 2, true},    /* more images */
        {2, {10, 10}, {20}, 1, true}, /* sum of squares */
        {2, {10, 10}, {5}, 1, true},  /* negative variance */
        {1, {7}, {6}, 1, true},       /* none left, but a sum */
        {2, {0, 255}, {1}, 1, true},  /* 254 and 65,024 of one byte */
        {20, {5, 5}, {7}, 1, true},   /* 3 and 1 of 19 bytes */
        {2, {0, 20}, {10}, 1, false},
    };
    for (size_t k = 0; k < 2 * LM_ARRAY_LEN(pairs); k++) {
        size_t p = k / 2;
        LmMoments *m = new_moments(LM_AXIS_ALL);
        LmMoments *out = new_moments(LM_AXIS_ALL);
        if (k % 2 == 1 && pairs[p].is_seen_by_sums) {
            lm_moments_skip_histogram(m);
            lm_moments_skip_histogram(out);
        }
        Images held = {pairs[p].n_held, 1, 1, 1, (uint8_t[20]){0}};
        Images taken = {pairs[p].n_out, 1, 1, 1, (uint8_t[2]){pairs[p].out[0], pairs[p].out[1]}};
        memcpy(held.v, pairs[p].held, sizeof pairs[p].held);
        add(m, &held, 0, held.n);
        add(out, &taken, 0, taken.n);
        assert_fails(lm_moments_subtract(m, out, &err), LM_EARG, err, "are not all among");
        assert_holds(m, &held, true);
        lm_moments_free(m);
        lm_moments_free(out);
    }
    LmMoments *empty = new_moments(LM_AXIS_ALL);
    LmMoments *one = new_moments(LM_AXIS_ALL);
    Images im = {1, 1, 1, 1, (uint8_t[]){1}};
    add(one, &im, 0, 1);
    assert_fails(lm_moments_subtract(empty, one, &err), LM_EARG, err, "1 image");
    assert_ok(lm_moments_subtract(one, empty, &err), err);
    assert_int_equal(lm_moments_n_images(one), 1);
    lm_moments_free(empty);
    lm_moments_free(one);
}

/* Rows of 32-bit sums pass 2^32 / 255^2 images. */
static void test_many_bright_images(void **state)
{
    (void)state;
    LmError err;
    enum { N = 2 * 66051 + 3, ITEM = 65 };
    uint8_t *v = malloc((size_t)N * ITEM);
    memset(v, 255, (size_t)N * ITEM);
    for (int axis = 1; axis < 3; axis++) {
        LmMoments *m = new_moments((LmAxis)axis);
        int64_t c = axis == 1 ? ITEM : 1;
        assert_ok(lm_moments_add(m, v, LM_U8, N, 1, ITEM / c, c, &err), err);
        for (int64_t j = 0; j < ITEM; j++) {
            uint64_t s1 = 0;
            uint64_t s2 = 0;
            assert_true(lm_moments_sums(m, j, &s1, &s2));
            assert_int_equal(s1, (uint64_t)N * 255);
            assert_int_equal(s2, (uint64_t)N * 65025);
            assert_true(lm_moments_mean(m, j) == 255 && lm_moments_std(m, j) == 0);
        }
        lm_moments_free(m);
    }
    free(v);
}

static void test_without_histogram(void **state)
{
    (void)state;
    LmError err;
    Images im = random_images(5, 6, 7, 1, 3);
    LmMoments *m = new_moments(LM_AXIS_ALL);
    LmMoments *with = new_moments(LM_AXIS_ALL);
    LmMoments *like = NULL;
    lm_moments_skip_histogram(m);
    assert_ok(lm_moments_new_like(&like, m, &err), err);
    add(m, &im, 0, 3);
    add(like, &im, 3, 2);
    add(with, &im, 0, 1);
    assert_null(lm_moments_histogram(m));
    assert_non_null(lm_moments_histogram(with));
    assert_fails(lm_moments_merge(m, with, &err), LM_EARG, err, "without a histogram");
    assert_fails(lm_moments_merge(with, m, &err), LM_EARG, err, "without a histogram");
    assert_ok(lm_moments_merge(m, like, &err), err);
    assert_holds(m, &im, true);
    assert_ok(lm_moments_subtract(m, like, &err), err);
    im.n = 3;
    assert_holds(m, &im, false);
    lm_moments_free(m);
    lm_moments_free(with);
    lm_moments_free(like);
    free(im.v);
}

static void test_empty(void **state)
{
    (void)state;
    LmError err;
    uint64_t s1 = 0;
    uint64_t s2 = 0;
    int64_t shape[3] = {1, 1, 1};
    LmMoments *m = new_moments(LM_AXIS_PIXEL);
    LmMoments *other = new_moments(LM_AXIS_PIXEL);
    assert_ok(lm_moments_merge(m, other, &err), err);
    assert_ok(lm_moments_add(m, NULL, LM_U8, 0, 2, 2, 1, &err), err);
    assert_true(isnan(lm_moments_mean(m, 0)) && isnan(lm_moments_std(m, 0)));
    assert_true(isnan(lm_moments_min(m, 0)) && isnan(lm_moments_max(m, 0)));
    assert_false(lm_moments_sums(m, 0, &s1, &s2));
    assert_null(lm_moments_histogram(m));
    lm_moments_shape(m, shape);
    assert_true(shape[0] == 0 && shape[1] == 0 && shape[2] == 0);
    assert_int_equal(lm_moments_count(m), 0);
    lm_moments_free(m);
    lm_moments_free(other);
    lm_moments_free(NULL);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    Images im = random_images(2, 4, 6, 1, 5);
    float f[24] = {0};
    LmMoments *m = new_moments(LM_AXIS_ALL);
    assert_fails(lm_moments_add(m, im.v, LM_I32, 1, 2, 3, 1, &err), LM_EARG, err, "i32");
    assert_fails(lm_moments_add(m, im.v, LM_U8, 1, 0, 3, 1, &err), LM_ESHAPE, err, "0x3x1");
    assert_fails(lm_moments_add(m, im.v, LM_U8, 1, INT64_MAX, INT64_MAX, 5, &err), LM_ESHAPE, err,
                 "no statistics");
    assert_fails(lm_moments_add(m, im.v, LM_U8, ((int64_t)1 << 48) / 24 + 1, 4, 6, 1, &err),
                 LM_EARG, err, "2^48");
    assert_int_equal(lm_moments_n_images(m), 0);
    add(m, &im, 0, 2);
    assert_fails(lm_moments_add(m, im.v, LM_U8, 1, 6, 4, 1, &err), LM_ESHAPE, err,
                 "images 4x6x1, the new ones are 6x4x1");
    assert_fails(lm_moments_add(m, f, LM_F32, 1, 4, 6, 1, &err), LM_EARG, err,
                 "u8 pixels, the new ones are f32");
    assert_fails(lm_moments_add(m, im.v, LM_U8, ((int64_t)1 << 48) / 24 - 1, 4, 6, 1, &err),
                 LM_EARG, err, "2^48");
    LmMoments *channel = new_moments(LM_AXIS_CHANNEL);
    assert_fails(lm_moments_merge(m, channel, &err), LM_EARG, err, "'all' and of axis 'channel'");
    assert_fails(lm_moments_subtract(m, channel, &err), LM_EARG, err, "'channel'");
    assert_holds(m, &im, true);
    lm_moments_free(channel);
    lm_moments_free(m);
    free(im.v);
}

static void test_axis_names(void **state)
{
    (void)state;
    LmAxis axis = LM_AXIS_ALL;
    for (int i = 0; i < 3; i++) {
        assert_true(lm_axis_from_name(lm_axis_name((LmAxis)i), &axis));
        assert_int_equal(axis, i);
    }
    assert_string_equal(lm_axis_name(LM_AXIS_PIXEL), "pixel");
    assert_false(lm_axis_from_name("pixels", &axis));
    assert_false(lm_axis_from_name("", &axis));
    assert_int_equal(axis, LM_AXIS_PIXEL);
}

static LmStatus make_and_add(LmMoments **out, LmAxis axis, LmDtype dtype, LmError *err)
{
    static const float pixels[2 * 70];
    LmMoments *m = NULL;
    LmStatus st = lm_moments_new(&m, axis, err);
    if (st == LM_OK) {
        st = lm_moments_add(m, pixels, dtype, 2, 7, 10, 1, err);
    }
    if (st == LM_OK) {
        *out = m;
    } else {
        assert_true(m == NULL || lm_moments_n_images(m) == 0);
        lm_moments_free(m);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (int k = 0; k < 6; k++) {
        LmMoments *m = NULL;
        LmMoments *copy = new_moments((LmAxis)(k % 3));
        assert_survives_oom(make_and_add(&m, (LmAxis)(k % 3), k < 3 ? LM_U8 : LM_F32, &err), err);
        assert_survives_oom(lm_moments_merge(copy, m, &err), err);
        assert_int_equal(lm_moments_n_images(copy), 2);
        lm_moments_free(m);
        lm_moments_free(copy);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_and_std_are_rounded_once),
        cmocka_unit_test(test_known_figures),
        cmocka_unit_test(test_sums_of_all_axes),
        cmocka_unit_test(test_merge_in_any_order),
        cmocka_unit_test(test_merge_with_itself),
        cmocka_unit_test(test_subtract_is_exact),
        cmocka_unit_test(test_subtract_refuses_strangers),
        cmocka_unit_test(test_many_bright_images),
        cmocka_unit_test(test_without_histogram),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_axis_names),
        cmocka_unit_test(test_out_of_memory),
    };
    seed = help_guard_seed(7);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
