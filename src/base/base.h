/* Types and macros every other file relies on.
 *
 * Fixed letters in numeric code: N batch, H W C image rows, columns, channels, K classes, OC IC
 * output and input channels, KH KW kernel rows and columns; gradients carry the prefix `d`.
 * Activations are N x H x W x C, row-major, unless a comment says otherwise.
 */
#ifndef LM_BASE_H
#define LM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define LM_VERSION "0.1.0"

#define LM_MUST_CHECK __attribute__((warn_unused_result))
#define LM_PRINTF(fmt_index, arg_index) __attribute__((format(printf, fmt_index, arg_index)))
/* Kernels are never inlined, cloned or analysed across the call: gcc 12 at -O3 was seen to drop
 * calls to a hand-written kernel after cloning it. */
#if defined(__clang__)
#define LM_KERNEL __attribute__((noinline))
#else
#define LM_KERNEL __attribute__((noipa))
#endif

#define LM_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define LM_MIN(a, b) ((a) < (b) ? (a) : (b))
#define LM_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Checks an invariant of our own; never a way to reject input. */
#define LM_ASSERT(cond) ((cond) ? (void)0 : lm_base_assert_failed(#cond, __FILE__, __LINE__))

_Noreturn void lm_base_assert_failed(const char *cond, const char *file, int line);

/* Product and sum that report overflow: true when the result fits and was stored. */
static inline bool lm_base_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool lm_base_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* The smallest multiple of `unit` that is not below `n`. */
static inline size_t lm_base_round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

#endif
