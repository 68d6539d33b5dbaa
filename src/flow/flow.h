/* A flow: scaled batches of a data set in the order of an epoch, finite, ready when asked for.
 *
 * The order of epoch e is a function of (seed, e) alone. Batches are made on demand by the caller,
 * or ahead of it by `workers` threads (flow/prefetch.c); either way batch k of epoch e holds the
 * same bits. Epochs count from 1, as scripts do. A flow scales with the numbers its generator held
 * when the flow was made. One thread at a time may use it, lm_flow_fill and lm_flow_hint excepted.
 */
#ifndef LM_FLOW_H
#define LM_FLOW_H

#include "base/error.h"
#include "data/dataset.h"
#include "flow/generator.h"
#include "flow/targets.h"

typedef struct LmFlow LmFlow;

enum { LM_FLOW_WORKERS_MAX = 16 };
/* Samples filled at once: enough to use a whitening matrix more than once when it is at hand. */
enum { LM_FLOW_BLOCK = 8 };
/* The epoch whose samples are not changed at random. */
enum { LM_FLOW_PLAIN = 0 };

typedef struct LmFlowOptions {
    int64_t batch; /* at least 1 */
    bool is_shuffled;
    uint64_t seed;
    int workers; /* 0: on demand; else threads working ahead */
    bool drop_last;
    LmLabels labels;
    LmWeights weights;
    const char *save_to;     /* a directory: every sample given is written there too; or NULL */
    const char *save_prefix; /* NULL: "image" */
    bool is_balanced;        /* every class comes equally often, whatever its share of the set */
} LmFlowOptions;

typedef struct LmBatch {
    LmTensor x; /* f32 n x h x w x c */
    LmTensor y; /* as options.labels say; zeroed (storage NULL) for LM_LABELS_NONE */
    LmTensor w; /* f32 n, how much each sample counts; zeroed where all count the same */
} LmBatch;

/* What the outputs for a sample are held against: a class number, or a row of lm_flow_n_targets
 * numbers. Both: the row counts, and the class is the one with the largest share of it. Neither
 * (label -1, row NULL): the scaled pixels themselves, or nothing at all, as options.labels say. */
typedef struct LmTarget {
    int32_t label;
    const float *row;
} LmTarget;

/* Keeps references to both. `g` may be NULL: pixels as floats. Checks that all stages are fitted
 * and fit the set's shape. LM_EARG: a batch below 1, an empty set, drop_last with a batch larger
 * than the set, labels or weights the set cannot give, workers outside 0..LM_FLOW_WORKERS_MAX. */
LmStatus lm_flow_new(LmFlow **out, LmGenerator *g, LmDataset *ds, const LmFlowOptions *o,
                     LmError *err) LM_MUST_CHECK;
LmFlow *lm_flow_ref(LmFlow *f);
void lm_flow_unref(LmFlow *f); /* ends its threads at once when it was the last */

/* As given, with labels resolved (flow/targets.h) and texts of the flow's own. */
const LmFlowOptions *lm_flow_options(const LmFlow *f);
/* How much the sample with data-set index i counts; 1 where nothing was said. */
float lm_flow_weight(const LmFlow *f, int64_t i);
bool lm_flow_has_weights(const LmFlow *f);
LmDataset *lm_flow_dataset(const LmFlow *f);     /* borrowed */
LmGenerator *lm_flow_generator(const LmFlow *f); /* borrowed, may be NULL */
int64_t lm_flow_n_batches(const LmFlow *f);      /* of one epoch */
int64_t lm_flow_n_samples(const LmFlow *f); /* of one epoch: less than the set's with drop_last */
/* The epoch the next batch belongs to (1 at first), and that batch's 0-based number in it. */
int64_t lm_flow_epoch(const LmFlow *f);
int64_t lm_flow_position(const LmFlow *f);

/* Goes to batch 0 of `epoch`. */
LmStatus lm_flow_seek(LmFlow *f, int64_t epoch, LmError *err) LM_MUST_CHECK;
/* The next batch; after an epoch's last one the next call gives batch 0 of the next epoch. The
 * caller owns the tensors (lm_batch_fini); keeping them is always safe, also longer than the flow.
 * On failure (the message names the first sample that failed) the flow stays at this batch and the
 * next call tries again. Polls cancel. */
LmStatus lm_flow_next(LmFlow *f, LmBatch *out, LmError *err) LM_MUST_CHECK;
/* Batch `k` (from 0) of the epoch the flow is in, without moving it. */
LmStatus lm_flow_get(LmFlow *f, int64_t k, LmBatch *out, LmError *err) LM_MUST_CHECK;
void lm_batch_fini(LmBatch *b);
/* For those who only look: scales sample k (from 0) of that epoch as lm_flow_get does into the
 * h*w*c floats x (NULL: does not), and says what it is held against (lm_flow_target, which `buffer`
 * is for). Neither moves the flow nor saves the sample. */
LmStatus lm_flow_peek(LmFlow *f, int64_t k, float *x, LmTarget *target, float *buffer,
                      LmError *err) LM_MUST_CHECK;

/* --- for the trainer: scaled pixels straight into its own buffers, from any thread --- */
/* The epoch's lm_flow_n_samples samples in order, as augment/draw.h has them: data-set indices,
 * which in the bits above 32 say how often the image came before in a balanced epoch. The functions
 * below take such samples, and plain indices are samples (borrowed until the next prepare). Does
 * not move what lm_flow_next walks. */
LmStatus lm_flow_prepare(LmFlow *f, int64_t epoch, const int64_t **order,
                         LmError *err) LM_MUST_CHECK;
/* Scales n samples (1..LM_FLOW_BLOCK) with the data-set indices given, as epoch `epoch` has them,
 * into x[0..n) (h*w*c floats each). LM_FLOW_PLAIN as epoch: as evaluation wants them, without
 * random changes. `scratch` is lm_flow_scratch_bytes of the calling thread's own memory, aligned to
 * 8. Any number of threads at once; no allocation, no lock. A sample's numbers do not depend on its
 * company. Errors name the first sample that failed by its 1-based number in the set. */
size_t lm_flow_scratch_bytes(const LmFlow *f);
LmStatus lm_flow_fill(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                      float *const *x, void *scratch, LmError *err) LM_MUST_CHECK;

/* Whether the sample with data-set index i is blended with another one in this epoch (mixup): with
 * which, and its own share of the pixels and of the target, 0.5 to 1. Never with LM_FLOW_PLAIN. */
bool lm_flow_mix(const LmFlow *f, int64_t epoch, int64_t i, int64_t *partner, double *share);

/* `buffer` (lm_flow_n_targets floats of the calling thread's own) is used where the row is made for
 * this epoch. */
LmTarget lm_flow_target(const LmFlow *f, int64_t epoch, int64_t i, float *buffer);
int64_t lm_flow_n_targets(const LmFlow *f);

/* Tells the processor that sample i will be asked for soon; costs next to nothing. */
void lm_flow_hint(const LmFlow *f, int64_t i);

/* "flow of mnist train: 938 batches of 64, shuffled" */
const char *lm_flow_describe(const LmFlow *f, char *buffer, size_t size);

#endif
