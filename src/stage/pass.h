/* One pass over the pixels of an image: the moments it needs, one multiply-add, a clip, a matrix.
 *
 * A pass holds a list of terms. Constant terms are affine maps known beforehand; sample terms take
 * the moments of the image the pass reads. Every constant term before a sample term is the same
 * over the numbers whose moments the sample term takes, so these follow from the moments of what is
 * read, in double; nothing has to be written in between. The terms together are again
 * one y = a*x + b, rounded once to float and applied with one fused multiply-add a number.
 */
#ifndef LM_PASS_H
#define LM_PASS_H

#include "base/error.h"
#include "kernel/kernel.h"
#include "stage/affine.h"
#include "stage/matrix.h"

typedef enum LmTermKind { LM_TERM_CONST, LM_TERM_CENTER, LM_TERM_STANDARDIZE } LmTermKind;

typedef struct LmTerm {
    LmTermKind kind;
    double epsilon;  /* LM_TERM_STANDARDIZE */
    LmAffine affine; /* LM_TERM_CONST */
} LmTerm;

typedef struct LmPass {
    int n_terms;
    LmTerm *terms;
    bool has_sample;
    LmAxis axis;   /* of the sample terms: all or channel */
    int64_t width; /* of the affine map the terms come to: 1, C or H*W*C */
    size_t period; /* of its pairs as the kernels want them */
    float *a;      /* the pairs, when there are terms and none is a sample term */
    float *b;
    bool has_clip;
    float lo, hi;
    bool has_matrix; /* what comes last */
    LmMatrix matrix;
    LmTensor table;  /* all there is to it, when it has a storage: y = table[byte] */
    int first_stage; /* of the stages it stands for */
    int n_stages;
} LmPass;

/* The image's shape and the tables, the same for all passes of a plan. */
typedef struct LmPassContext {
    const LmScaleKernels *scale;
    const LmStatsKernels *stats;
    const LmOuterKernels *outer;
    int64_t n; /* H*W*C */
    int64_t c;
} LmPassContext;

/* Adds stage `s`, ready for the shape, to the pass. `fits` is false, and the pass as it was, when
 * the stage must start the next pass. `max_terms` terms have room in p->terms. */
LmStatus lm_pass_add(LmPass *p, const LmPassContext *ctx, const LmStage *s, bool *fits,
                     LmError *err) LM_MUST_CHECK;
/* The first pass of a list that holds a map stage: shares its table. Nothing else fits. */
void lm_pass_set_table(LmPass *p, const LmStage *s, int n_stages);
/* After the last stage: rounds what is constant. */
LmStatus lm_pass_finish(LmPass *p, const LmPassContext *ctx, LmError *err) LM_MUST_CHECK;
void lm_pass_fini(LmPass *p);

size_t lm_pass_scratch_bytes(const LmPass *p, const LmPassContext *ctx);
/* n images (at most LM_MATRIX_ROWS), u8 or f32, from src[k] to dst[k], which may be the same.
 * `scratch`: lm_pass_scratch_bytes, aligned to 8. A pass with a table takes bytes alone. */
void lm_pass_run(const LmPass *p, const LmPassContext *ctx, int64_t n, const void *const *src,
                 LmDtype dtype, float *const *dst, void *scratch);

#endif
