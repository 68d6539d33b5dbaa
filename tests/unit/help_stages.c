#include "help_stages.h"

#include <math.h>

#include "base/str.h"
#include "help_float.h"
#include "help_test.h"

#define U HELP_FLOAT_U
/* For products of two errors and the roundings in double that the bounds leave out. */
#define SLACK (1 + 1e-5)

static HelpPixels pixels_new(int64_t n)
{
    size_t bytes = (size_t)n * sizeof(double);
    return (HelpPixels){n, malloc(bytes), malloc(bytes), malloc(bytes)};
}

void help_stages_free(HelpPixels *p)
{
    free(p->v);
    free(p->e);
    free(p->m);
}

static void rescale(HelpPixels *p, double factor)
{
    for (int64_t i = 0; i < p->n; i++) {
        p->v[i] *= factor;
        p->e[i] *= fabs(factor);
        p->m[i] *= fabs(factor);
    }
}

/* The pass ends here, with what it owes for it; the bounds are rounded too. */
static void clip(HelpPixels *p, double lo, double hi)
{
    for (int64_t i = 0; i < p->n; i++) {
        p->v[i] = p->v[i] < lo ? lo : p->v[i] > hi ? hi : p->v[i];
        p->e[i] += U * (fabs(p->v[i]) + p->e[i]);
        p->m[i] = fabs(p->v[i]) + p->e[i];
    }
}

static void scale_feature(HelpPixels *p, const LmStage *s)
{
    for (int64_t i = 0; i < p->n; i++) {
        int64_t j = i % s->width;
        p->v[i] -= s->mean[j];
        p->m[i] += fabs(s->mean[j]);
        if (s->kind == LM_STAGE_STANDARDIZE) {
            bool is_border = s->axis == LM_AXIS_PIXEL && s->std[j] == 0;
            double divisor = is_border ? 1 : s->std[j] + s->epsilon;
            p->v[i] /= divisor;
            p->e[i] /= divisor;
            p->m[i] /= divisor;
        }
    }
}

/* Facts of the numbers first, first + step, ... */
typedef struct Facts {
    double mean, std, mean_e, max_e, mean_m;
    bool is_constant;
} Facts;

static Facts facts_of(const HelpPixels *p, int64_t first, int64_t step)
{
    Facts f = {.is_constant = true};
    double n = 0;
    for (int64_t i = first; i < p->n; i += step, n++) {
        f.mean += p->v[i];
        f.mean_e += p->e[i];
        f.mean_m += p->m[i];
        f.max_e = fmax(f.max_e, p->e[i]);
        f.is_constant = f.is_constant && p->v[i] == p->v[first];
    }
    f.mean = f.is_constant ? p->v[first] : f.mean / n;
    f.mean_e /= n;
    f.mean_m /= n;
    for (int64_t i = first; i < p->n; i += step) {
        f.std += (p->v[i] - f.mean) * (p->v[i] - f.mean) / n;
    }
    f.std = sqrt(f.std);
    return f;
}

static void scale_sample(HelpPixels *p, const LmStage *s, int64_t first, int64_t step)
{
    Facts f = facts_of(p, first, step);
    double divisor = f.std + s->epsilon;
    double least = fmax(f.std - f.max_e, 0) + s->epsilon;
    for (int64_t i = first; i < p->n; i += step) {
        p->v[i] -= f.mean;
        p->e[i] += f.mean_e;
        p->m[i] += f.mean_m;
        if (s->kind == LM_STAGE_CENTER) {
            continue;
        }
        if (f.is_constant) {
            /* x = mean exactly where x is; else a difference of nothing is divided by little. */
            p->v[i] = 0;
            p->e[i] = f.max_e == 0 ? 0 : HUGE_VAL;
            p->m[i] = p->e[i];
            continue;
        }
        p->e[i] =
            f.std > f.max_e ? (p->e[i] + fabs(p->v[i]) * f.max_e / divisor) / least : HUGE_VAL;
        p->v[i] /= divisor;
        p->m[i] /= least;
    }
}

static void run_stage(HelpPixels *p, const LmStage *s, int64_t c)
{
    if (s->kind == LM_STAGE_RESCALE) {
        rescale(p, s->factor);
    } else if (s->kind == LM_STAGE_CLIP) {
        clip(p, s->lo, s->hi);
    } else if (s->scope == LM_SCOPE_FEATURE) {
        scale_feature(p, s);
    } else {
        int64_t step = s->axis == LM_AXIS_CHANNEL ? c : 1;
        for (int64_t first = 0; first < step; first++) {
            scale_sample(p, s, first, step);
        }
    }
}

HelpPixels help_stages_run(const LmStage *stages, int n, const int64_t hwc[3], const void *src,
                           LmDtype dtype)
{
    HelpPixels p = pixels_new(hwc[0] * hwc[1] * hwc[2]);
    for (int64_t i = 0; i < p.n; i++) {
        p.v[i] = dtype == LM_U8 ? ((const uint8_t *)src)[i] : (double)((const float *)src)[i];
        p.e[i] = 0;
        p.m[i] = fabs(p.v[i]);
    }
    for (int k = 0; k < n; k++) {
        run_stage(&p, &stages[k], hwc[2]);
        for (int64_t i = 0; i < p.n; i++) {
            p.e[i] += 2 * U * SLACK * p.m[i];
        }
    }
    return p;
}

int64_t help_stages_check(const HelpPixels *want, const float *got, const char *what)
{
    int64_t n_unbounded = 0;
    for (int64_t i = 0; i < want->n; i++) {
        if (!(want->e[i] < HUGE_VAL)) {
            n_unbounded++;
            continue;
        }
        double off = fabs((double)got[i] - want->v[i]);
        /* 2^-149: half a step of the smallest floats, twice. */
        if (!(off <= SLACK * want->e[i] + 0x1p-149)) {
            fail_msg("%s: number %lld is %.9g, want %.17g, off by %.3g, bound %.3g", what,
                     (long long)i, (double)got[i], want->v[i], off, want->e[i]);
        }
    }
    return n_unbounded;
}

/* --- random stages --- */

static void fit_randomly(LmStage *s, const int64_t hwc[3], LmRng *rng)
{
    LmError err;
    int64_t width = lm_stage_width(s->axis, hwc);
    double *mean = malloc((size_t)width * sizeof *mean);
    double *std = malloc((size_t)width * sizeof *std);
    for (int64_t j = 0; j < width; j++) {
        mean[j] = 400 * lm_rng_double(rng) - 100;
        std[j] = lm_rng_below(rng, 6) == 0 && s->epsilon > 0 ? 0 : 0.1 + 90 * lm_rng_double(rng);
    }
    assert_ok(lm_stage_set_fit(s, hwc, mean, std, &err), err);
    free(mean);
    free(std);
}

static LmStage random_stage(LmRng *rng)
{
    static const double factors[] = {1.0 / 255, 2, -0.5, 1e-3, 1, -255, 1.0 / 3};
    static const double epsilons[] = {0, 1e-6, 1e-3, 1};
    static const double bounds[][2] = {{-1, 1}, {0, 100}, {-0.25, HUGE_VAL}, {-HUGE_VAL, 0.5}};
    uint32_t r = lm_rng_u32(rng);
    const double *b = bounds[r >> 8 & 3];
    double epsilon = epsilons[r >> 10 & 3];
    LmScope scope = (r >> 12 & 1) != 0 ? LM_SCOPE_FEATURE : LM_SCOPE_SAMPLE;
    LmAxis axis = (LmAxis)((r >> 16) % (scope == LM_SCOPE_SAMPLE ? 2 : 3));
    switch (r % 8) {
    case 0:
    case 1:
        return lm_stage_rescale(factors[(r >> 20) % LM_ARRAY_LEN(factors)]);
    case 2:
        return lm_stage_clip(b[0], b[1]);
    case 3:
    case 4:
        return lm_stage_center(scope, axis);
    default:
        return lm_stage_standardize(scope, axis, epsilon);
    }
}

void help_stages_random(LmStage *stages, int n, const int64_t hwc[3], bool is_fitted, LmRng *rng)
{
    for (int i = 0; i < n; i++) {
        stages[i] = random_stage(rng);
        if (is_fitted && lm_stage_needs_fit(&stages[i])) {
            fit_randomly(&stages[i], hwc, rng);
        }
    }
}

void help_stages_fini(LmStage *stages, int n)
{
    for (int i = 0; i < n; i++) {
        lm_stage_fini(&stages[i]);
    }
}

const char *help_stages_text(const LmStage *stages, int n)
{
    static char buffer[1024];
    char line[256];
    LmStr s = lm_str(buffer, sizeof buffer);
    for (int i = 0; i < n; i++) {
        lm_str_add(&s, i > 0 ? ", %s" : "%s", lm_stage_describe(&stages[i], line, sizeof line));
    }
    return buffer;
}
