#include "help_float.h"

#include <math.h>
#include <string.h>

float help_float_random(LmRng *rng)
{
    return 2 * lm_rng_float(rng) - 1;
}

void help_float_fill(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = help_float_random(rng);
    }
}

void help_float_fill_nasty(float *x, size_t n, LmRng *rng)
{
    static const float nasty[] = {0.0f,    -0.0f,     0x1p-149f, -0x1p-140f, 0x1p-126f,
                                  0x1p63f, -0x1p100f, INFINITY,  -INFINITY,  NAN};
    for (size_t i = 0; i < n; i++) {
        uint32_t pick = lm_rng_below(rng, 40);
        x[i] = pick < LM_ARRAY_LEN(nasty) ? nasty[pick] : help_float_random(rng);
    }
}

int64_t help_float_int(LmRng *rng, int64_t lo, int64_t hi)
{
    return lo + (int64_t)lm_rng_below(rng, (uint32_t)(hi - lo + 1));
}

bool help_float_is_same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

size_t help_float_differs(const float *a, const float *b, size_t n)
{
    size_t i = 0;
    while (i < n && help_float_is_same(a[i], b[i])) {
        i++;
    }
    return i;
}

double help_float_gamma(double n)
{
    return n * HELP_FLOAT_U / (1 - n * HELP_FLOAT_U);
}
