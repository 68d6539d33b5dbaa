#include "stage/stage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const kind_names[] = {
    [LM_STAGE_RESCALE] = "rescale",
    [LM_STAGE_CENTER] = "center",
    [LM_STAGE_STANDARDIZE] = "standardize",
    [LM_STAGE_CLIP] = "clip",
    [LM_STAGE_ZCA] = "zca",
    [LM_STAGE_MAP] = "map",
};
_Static_assert(LM_ARRAY_LEN(kind_names) == LM_STAGE_KIND_COUNT, "one name a kind");

static const char *const scope_names[] = {
    [LM_SCOPE_FEATURE] = "feature",
    [LM_SCOPE_SAMPLE] = "sample",
};

const char *lm_stage_kind_name(LmStageKind kind)
{
    return kind_names[kind];
}

bool lm_stage_kind_from_name(const char *name, LmStageKind *out)
{
    for (int i = 0; i < LM_STAGE_KIND_COUNT; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (LmStageKind)i;
            return true;
        }
    }
    return false;
}

const char *lm_scope_name(LmScope scope)
{
    return scope_names[scope];
}

bool lm_scope_from_name(const char *name, LmScope *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(scope_names); i++) {
        if (strcmp(name, scope_names[i]) == 0) {
            *out = (LmScope)i;
            return true;
        }
    }
    return false;
}

LmStage lm_stage_rescale(double factor)
{
    return (LmStage){.kind = LM_STAGE_RESCALE, .factor = factor};
}

LmStage lm_stage_center(LmScope scope, LmAxis axis)
{
    return (LmStage){.kind = LM_STAGE_CENTER, .scope = scope, .axis = axis};
}

LmStage lm_stage_standardize(LmScope scope, LmAxis axis, double epsilon)
{
    return (LmStage){
        .kind = LM_STAGE_STANDARDIZE, .scope = scope, .axis = axis, .epsilon = epsilon};
}

LmStage lm_stage_clip(double lo, double hi)
{
    return (LmStage){.kind = LM_STAGE_CLIP, .lo = lo, .hi = hi};
}

LmStage lm_stage_zca(double epsilon, LmAxis axis)
{
    return (LmStage){
        .kind = LM_STAGE_ZCA,
        .scope = LM_SCOPE_FEATURE,
        .axis = axis == LM_AXIS_CHANNEL ? LM_AXIS_CHANNEL : LM_AXIS_ALL,
        .epsilon = epsilon,
        .budget_bytes = 1000000000,
    };
}

LmStage lm_stage_map(void)
{
    return (LmStage){.kind = LM_STAGE_MAP};
}

static bool has_statistics(const LmStage *s)
{
    return s->kind == LM_STAGE_CENTER || s->kind == LM_STAGE_STANDARDIZE;
}

static LmStatus check_zca(const LmStage *s, LmError *err)
{
    if (!(s->epsilon >= 0 && isfinite(s->epsilon))) {
        return lm_fail(err, LM_EARG,
                       "zca: epsilon is %g, wanted 0 or a small positive number, such as 1e-6",
                       s->epsilon);
    }
    if (s->components < 0 || s->budget_bytes < 0) {
        return lm_fail(err, LM_EARG, "zca: components and budget cannot be negative");
    }
    return LM_OK;
}

LmStatus lm_stage_check(const LmStage *s, LmError *err)
{
    if (s->kind == LM_STAGE_RESCALE && (!isfinite(s->factor) || s->factor == 0)) {
        return lm_fail(err, LM_EARG,
                       "rescale: factor is %g, wanted a finite number other than 0, such as 1/255",
                       s->factor);
    }
    /* Written so that a NaN bound fails too. */
    if (s->kind == LM_STAGE_CLIP && !(s->lo < s->hi)) {
        return lm_fail(err, LM_EARG, "clip: bounds are %g and %g, wanted the lower one first",
                       s->lo, s->hi);
    }
    if (s->kind == LM_STAGE_STANDARDIZE && !(s->epsilon >= 0 && isfinite(s->epsilon))) {
        return lm_fail(err, LM_EARG,
                       "standardize: epsilon is %g, wanted 0 or a small positive number, such as "
                       "1e-6",
                       s->epsilon);
    }
    if (s->kind == LM_STAGE_ZCA) {
        return check_zca(s, err);
    }
    if (has_statistics(s) && s->scope == LM_SCOPE_SAMPLE && s->axis == LM_AXIS_PIXEL) {
        return lm_fail(err, LM_EARG,
                       "%s: scope \"sample\" with axis \"pixel\" would turn every pixel into 0; "
                       "wanted axis \"all\" or \"channel\"",
                       kind_names[s->kind]);
    }
    return LM_OK;
}

bool lm_stage_needs_fit(const LmStage *s)
{
    return s->kind == LM_STAGE_ZCA || (has_statistics(s) && s->scope == LM_SCOPE_FEATURE);
}

bool lm_stage_is_affine(const LmStage *s)
{
    return s->kind == LM_STAGE_RESCALE || (has_statistics(s) && s->scope == LM_SCOPE_FEATURE);
}

bool lm_stage_is_fitted(const LmStage *s)
{
    return s->kind == LM_STAGE_MAP ? s->table.storage != NULL
                                   : !lm_stage_needs_fit(s) || s->width > 0;
}

int64_t lm_stage_width(LmAxis axis, const int64_t hwc[3])
{
    switch (axis) {
    case LM_AXIS_ALL:
        return 1;
    case LM_AXIS_CHANNEL:
        return hwc[2];
    case LM_AXIS_PIXEL:
        break;
    }
    return hwc[0] * hwc[1] * hwc[2];
}

/* "channel 2", "row 1, column 3, channel 1" or "every pixel": what number j is a statistic of. */
static const char *name_number(LmAxis axis, const int64_t hwc[3], int64_t j, char *buffer,
                               size_t size)
{
    LmStr s = lm_str(buffer, size);
    long long c = (long long)(j % hwc[2]) + 1;
    if (axis == LM_AXIS_ALL) {
        lm_str_add(&s, "the set of all pixels");
    } else if (axis == LM_AXIS_CHANNEL) {
        lm_str_add(&s, "channel %lld", c);
    } else {
        int64_t at = j / hwc[2];
        lm_str_add(&s, "the pixel at row %lld, column %lld, channel %lld",
                   (long long)(at / hwc[1]) + 1, (long long)(at % hwc[1]) + 1, c);
    }
    return buffer;
}

static LmStatus check_numbers(const LmStage *s, const int64_t hwc[3], const double *mean,
                              const double *std, LmError *err)
{
    int64_t width = lm_stage_width(s->axis, hwc);
    char name[96];
    for (int64_t j = 0; j < width; j++) {
        double d = std != NULL ? std[j] : 1;
        if (!isfinite(mean[j]) || !isfinite(d) || d < 0) {
            return lm_fail(err, LM_ENUMERIC,
                           "%s has mean %g and std %g, wanted finite numbers; do the images hold "
                           "NaN or infinite values?",
                           name_number(s->axis, hwc, j, name, sizeof name), mean[j], d);
        }
        if (d == 0 && s->epsilon == 0) {
            return lm_fail(err, LM_ENUMERIC,
                           "%s never varies (std 0) and epsilon is 0, which would divide by zero; "
                           "use epsilon=1e-6",
                           name_number(s->axis, hwc, j, name, sizeof name));
        }
    }
    return LM_OK;
}

LmStatus lm_stage_set_fit(LmStage *s, const int64_t hwc[3], const double *mean, const double *std,
                          LmError *err)
{
    LM_ASSERT(lm_stage_needs_fit(s) && s->kind != LM_STAGE_ZCA);
    int64_t width = lm_stage_width(s->axis, hwc);
    const double *stds = s->kind == LM_STAGE_STANDARDIZE ? std : NULL;
    double *new_mean = NULL;
    double *new_std = NULL;
    size_t n = (size_t)width;
    LmStatus st = LM_OK;
    if ((st = check_numbers(s, hwc, mean, stds, err)) != LM_OK ||
        (st = lm_mem_alloc(&new_mean, n, sizeof *new_mean, err)) != LM_OK ||
        (stds != NULL && (st = lm_mem_alloc(&new_std, n, sizeof *new_std, err)) != LM_OK)) {
        lm_mem_free(new_mean);
        return st;
    }
    memcpy(new_mean, mean, n * sizeof *mean);
    if (stds != NULL) {
        memcpy(new_std, stds, n * sizeof *stds);
    }
    lm_stage_fini(s);
    memcpy(s->shape, hwc, sizeof s->shape);
    s->width = width;
    s->mean = new_mean;
    s->std = new_std;
    return LM_OK;
}

int64_t lm_stage_features(const LmStage *s, const int64_t hwc[3])
{
    return s->axis == LM_AXIS_CHANNEL ? hwc[2] : hwc[0] * hwc[1] * hwc[2];
}

LmStatus lm_stage_set_whitening(LmStage *s, const int64_t hwc[3], const double *mean,
                                LmWhitening *whitening, LmError *err)
{
    LM_ASSERT(s->kind == LM_STAGE_ZCA && s->is_centered == (mean != NULL));
    int64_t d = lm_stage_features(s, hwc);
    double *new_mean = NULL;
    for (int64_t i = 0; mean != NULL && i < d; i++) {
        if (!isfinite(mean[i])) {
            return lm_fail(err, LM_ENUMERIC, "feature %lld has mean %g, wanted a finite number",
                           (long long)i + 1, mean[i]);
        }
    }
    if (mean != NULL) {
        LmStatus st = lm_mem_alloc(&new_mean, (size_t)d, sizeof *new_mean, err);
        if (st != LM_OK) {
            return st;
        }
        memcpy(new_mean, mean, (size_t)d * sizeof *mean);
    }
    LmWhitening taken = *whitening;
    *whitening = (LmWhitening){0};
    lm_stage_fini(s);
    memcpy(s->shape, hwc, sizeof s->shape);
    s->width = d;
    s->mean = new_mean;
    s->whitening = taken;
    return LM_OK;
}

LmStatus lm_stage_set_table(LmStage *s, const double table[256], LmError *err)
{
    LM_ASSERT(s->kind == LM_STAGE_MAP);
    const int64_t n = 256;
    LmTensor t;
    LmStatus st = lm_tensor_new(&t, LM_F32, 1, &n, err);
    if (st != LM_OK) {
        return st;
    }
    for (int i = 0; i < n; i++) {
        float x = (float)table[i];
        ((float *)t.data)[i] = x;
        if (!isfinite(x)) {
            lm_tensor_fini(&t);
            return lm_fail(err, LM_ENUMERIC,
                           "byte %d becomes %g, wanted a number that a 32-bit float can hold", i,
                           table[i]);
        }
    }
    lm_tensor_fini(&s->table);
    s->table = t;
    return LM_OK;
}

double lm_stage_divisor(const LmStage *s, int64_t j)
{
    bool is_constant_pixel = s->std[j] == 0 && s->axis == LM_AXIS_PIXEL;
    return is_constant_pixel ? 1 : s->std[j] + s->epsilon;
}

/* Whether images of another size have the statistics' places. */
static bool fits_shape(const LmStage *s, const int64_t hwc[3])
{
    bool is_by_place =
        s->axis == LM_AXIS_PIXEL || (s->kind == LM_STAGE_ZCA && s->axis != LM_AXIS_CHANNEL);
    return s->shape[2] == hwc[2] &&
           (!is_by_place || (s->shape[0] == hwc[0] && s->shape[1] == hwc[1]));
}

LmStatus lm_stage_check_ready(const LmStage *s, const int64_t hwc[3], LmError *err)
{
    if (s->kind == LM_STAGE_MAP && !lm_stage_is_fitted(s)) {
        return lm_fail(err, LM_ESTATE,
                       "map has no values yet: stages before it are not fitted; call "
                       "g:fit(dataset) first");
    }
    if (!lm_stage_is_fitted(s)) {
        return lm_fail(err, LM_ESTATE,
                       "%s has no statistics of the training images yet; call g:fit(dataset) first",
                       kind_names[s->kind]);
    }
    if (!lm_stage_needs_fit(s)) {
        return LM_OK;
    }
    if (!fits_shape(s, hwc)) {
        char fitted[64];
        char got[64];
        return lm_fail(err, LM_ESHAPE,
                       "%s was fitted on images %s, these are %s; fit a generator on such images",
                       kind_names[s->kind], lm_str_shape(fitted, sizeof fitted, 3, s->shape),
                       lm_str_shape(got, sizeof got, 3, hwc));
    }
    return LM_OK;
}

LmStatus lm_stage_copy(LmStage *out, const LmStage *s, LmError *err)
{
    LmStage copy = *s;
    copy.width = 0;
    copy.mean = NULL;
    copy.std = NULL;
    copy.whitening = (LmWhitening){0};
    copy.table = (LmTensor){0};
    if (s->kind == LM_STAGE_ZCA && s->width > 0) {
        LmWhitening shared = s->whitening;
        shared.matrix = lm_tensor_share(&s->whitening.matrix);
        LmStatus st = lm_stage_set_whitening(&copy, s->shape, s->mean, &shared, err);
        if (st != LM_OK) {
            lm_tensor_fini(&shared.matrix);
            return st;
        }
    } else if (s->kind == LM_STAGE_MAP && lm_stage_is_fitted(s)) {
        copy.table = lm_tensor_share(&s->table);
    } else if (s->width > 0) {
        LmStatus st = lm_stage_set_fit(&copy, s->shape, s->mean, s->std, err);
        if (st != LM_OK) {
            return st;
        }
    }
    *out = copy;
    return LM_OK;
}

void lm_stage_fini(LmStage *s)
{
    lm_mem_free(s->mean);
    lm_mem_free(s->std);
    lm_tensor_fini(&s->whitening.matrix);
    lm_tensor_fini(&s->table);
    s->mean = NULL;
    s->std = NULL;
    s->width = 0;
    s->whitening = (LmWhitening){0};
    s->table = (LmTensor){0};
}

LmStatus lm_stage_context(const LmStage *s, int i, LmError *err)
{
    const char *comma = s->where[0] != '\0' ? ", " : "";
    return lm_error_context(err, "stage %d (%s%s%s)", i + 1, kind_names[s->kind], comma, s->where);
}

/* "mean 33.318" or, for several numbers, "mean 31.2 .. 40.1 (3 numbers)" */
static void add_range(LmStr *text, const char *name, const double *v, int64_t width)
{
    double lo = v[0];
    double hi = v[0];
    for (int64_t j = 1; j < width; j++) {
        lo = LM_MIN(lo, v[j]);
        hi = LM_MAX(hi, v[j]);
    }
    if (width == 1) {
        lm_str_add(text, "%s %.5g", name, lo);
    } else {
        lm_str_add(text, "%s %.5g .. %.5g (", name, lo, hi);
        lm_str_add_count(text, width);
        lm_str_add(text, " numbers)");
    }
}

static void add_constant_pixels(LmStr *text, const LmStage *s)
{
    int64_t n = 0;
    for (int64_t j = 0; j < s->width; j++) {
        n += s->std[j] == 0;
    }
    if (n > 0 && s->axis == LM_AXIS_PIXEL) {
        lm_str_add(text, ", ");
        lm_str_add_count(text, n);
        lm_str_add(text, " constant, only centered");
    } else if (n > 0) {
        lm_str_add(text, ", %lld constant", (long long)n);
    }
}

static void add_whitening(LmStr *text, const LmStage *s)
{
    lm_str_add(text, ", axis %s, epsilon %g added to the %s%s", lm_axis_name(s->axis), s->epsilon,
               s->is_eigen ? "eigenvalues" : "singular values", s->is_centered ? ", centered" : "");
    if (s->width == 0) {
        lm_str_add(text, ": not fitted");
        return;
    }
    lm_str_add(text, ": ");
    lm_str_add_count(text, s->whitening.rank);
    lm_str_add(text, " of ");
    lm_str_add_count(text, s->width);
    lm_str_add(text, " directions kept");
    if (s->whitening.dropped > 0) {
        lm_str_add(text, ", ");
        lm_str_add_count(text, s->whitening.dropped);
        lm_str_add(text, " dropped that the images do not have");
    }
}

static void add_statistics(LmStr *text, const LmStage *s)
{
    if (!lm_stage_needs_fit(s)) {
        return;
    }
    if (!lm_stage_is_fitted(s)) {
        lm_str_add(text, ": not fitted");
        return;
    }
    lm_str_add(text, ": ");
    add_range(text, "mean", s->mean, s->width);
    if (s->std != NULL) {
        lm_str_add(text, ", ");
        add_range(text, "std", s->std, s->width);
        add_constant_pixels(text, s);
    }
}

const char *lm_stage_describe(const LmStage *s, char *buffer, size_t size)
{
    LmStr text = lm_str(buffer, size);
    lm_str_add(&text, "%s", kind_names[s->kind]);
    switch (s->kind) {
    case LM_STAGE_RESCALE:
        lm_str_add(&text, " by %.9g", s->factor);
        break;
    case LM_STAGE_CLIP:
        lm_str_add(&text, " to %.9g .. %.9g", s->lo, s->hi);
        break;
    case LM_STAGE_ZCA:
        add_whitening(&text, s);
        break;
    case LM_STAGE_MAP:
        lm_str_add(&text, lm_stage_is_fitted(s) ? " by a function, as a table of 256 numbers"
                                                : " by a function: no values yet");
        break;
    case LM_STAGE_CENTER:
    case LM_STAGE_STANDARDIZE:
    case LM_STAGE_KIND_COUNT:
        lm_str_add(&text, " %s, axis %s", lm_scope_name(s->scope), lm_axis_name(s->axis));
        add_statistics(&text, s);
        break;
    }
    return buffer;
}
