/* The runnable form of a model: a plan of operations over blocks of LM_BLOCK samples.
 *
 * A block's maps live in the arena of the thread that runs it, so the working set stays in that
 * core's cache; only what the update phase reads (inputs and output gradients of dense layers) is
 * kept for the whole batch. Maps carry a halo of zeros where a convolution reads past the edge:
 * nothing is copied to pad it, because nobody ever writes there. For nn/ only.
 */
#ifndef LM_NET_H
#define LM_NET_H

#include "flow/flow.h"
#include "kernel/gemm.h"
#include "kernel/nn_kernels.h"
#include "nn/model_impl.h"

/* Samples a block: few enough for a block's maps to stay in a core's cache, many enough that
 * weights read once serve several images. Changing it changes the order of sums, hence bits. */
enum { LM_BLOCK = 8 };
/* Weight gradients of blocks j, j + LM_CHAINS, ... are added up in chain j, one after the other;
 * chains are then added in order. Caps the memory for gradients whatever the batch, and is the most
 * threads a step can use. Part of the order of sums too. */
enum { LM_CHAINS = 16 };

typedef struct LmHalo {
    int64_t top, left, bottom, right;
} LmHalo;

/* A planned map: values of a layer's output, or the gradient of one. */
typedef struct LmPlanMap {
    bool is_used;
    int64_t h, w, c, cs;
    LmHalo halo;
    bool is_batch_wide; /* in the net's own memory for all samples, else in the thread's arena */
    int64_t row, img;   /* strides in floats; col is cs */
    int64_t offset;     /* floats from the start of the arena or of the batch-wide memory */
} LmPlanMap;

typedef struct LmNet LmNet;
typedef struct LmOp LmOp;

/* Where a block runs: thread's arena, first sample of the block in the batch, samples in it. */
typedef struct LmBlockRun {
    LmNet *net;
    int thread;
    int64_t first;
    int64_t n;
    int chain;
    bool is_first_of_chain;
    int64_t epoch; /* of training: of the samples filled in; LM_FLOW_PLAIN in evaluation */
    int64_t step;  /* of training, for dropout */
    bool is_training;
} LmBlockRun;

typedef struct LmOpKind {
    /* Says what halos it needs on its input's values and its output's gradient; makes tables. */
    LmStatus (*plan)(LmNet *net, LmOp *op, LmError *err);
    LmStatus (*tables)(LmNet *net, LmOp *op, LmError *err); /* strides are known now; optional */
    void (*forward)(const LmOp *op, const LmBlockRun *run);
    void (*backward)(const LmOp *op, const LmBlockRun *run);
} LmOpKind;

/* Offsets for the matrix kernel: one call's rows and segments. */
typedef struct LmGemmTable {
    int64_t n_rows, n_seg;
    int32_t *a_row;
    int32_t *c_row;
    int32_t *a_seg;
    int32_t *b_seg;
} LmGemmTable;

typedef struct LmConvPool LmConvPool;

/* What a convolution by Winograd's method reads and writes: see nn/winograd.h. */
typedef struct LmWinogradShape {
    int64_t tile; /* outputs a side */
    LmPlanMap *from;
    LmPlanMap *to;
    LmPad before;
    int64_t unit;
    int64_t group; /* images at once */
} LmWinogradShape;

/* The tiles of the images of a group: where their patches begin, where they go, what exists. */
typedef struct LmTiles {
    int64_t n_an_image;
    int32_t *patch;
    int32_t *out;
    int32_t *arg;
    uint8_t *edge;
} LmTiles;

/* One convolution by Winograd's method. */
typedef struct LmWinograd {
    bool is_used;
    LmWinogradShape shape;
    int64_t ic, oc; /* padded channels in and out */
    int64_t chunk;  /* tiles at once */
    int64_t arena;  /* transformed patches of a chunk, then their products */
    int64_t kernel; /* transformed kernel: floats from the start of net->transposed */
    int32_t *rows;  /* offsets of a chunk's patches, then of its products */
    LmTiles tiles;
} LmWinograd;

/* The gradient of a convolution's weights by Winograd's method. */
typedef struct LmWinogradGrad {
    bool is_used;
    LmWinogradShape shape; /* `from` the values, `to` the outputs' gradient */
    int64_t n_c;           /* channels in */
    int64_t block;         /* of them at once, padded */
    int64_t chunk;         /* tiles at once */
    int64_t arena;         /* transformed patches and gradients of a chunk, then their products */
    int64_t n_an_image;    /* tiles */
    int32_t *rows;         /* offsets of a block's channels in a patch, and of their products */
    int32_t *patch;        /* of a tile: its patch, its gradients */
    int32_t *dy;
} LmWinogradGrad;

/* The data gradient of a convolution from few channels: see nn/fold.c. */
typedef struct LmFoldPlan {
    bool is_used;
    int64_t ld;     /* taps times channels, padded */
    int64_t before; /* columns of zeros left of an output row */
    int64_t cols;   /* of an output row with its zeros */
    int64_t arena;  /* an image's products */
    LmGemmTable table;
} LmFoldPlan;

struct LmOp {
    const LmOpKind *kind;
    const LmLayer *layer; /* the one with weights where two are fused */
    const LmLayer *last;  /* whose output it makes */
    int index;            /* its number; reads map `index`, writes map `index + 1` */
    int layer_i;          /* 0-based layer, for dropout's numbers and messages */
    LmWindow win;
    bool is_relu;              /* conv, dense: relu fused into the store */
    bool is_relu_done_by_pool; /* the pool behind applies relu's gradient */
    bool needs_dx;             /* something before it has weights */
    bool needs_dw;             /* conv: true; the benchmark clears it to time the data gradient */
    bool below_has_relu;       /* pools: the conv before left its relu gradient to them */
    int64_t group;             /* conv: images a gemm call covers (LM_BLOCK or 1) */
    LmGemmTable fwd;
    LmGemmTable wgrad;
    LmGemmTable *dgrad; /* conv: one a residue class of positions under the stride */
    int n_dgrad;
    LmConvPool *pool;       /* convpool: its tables */
    int64_t transposed;     /* floats from the start of net->transposed; -1: none */
    LmWinograd winograd;    /* forward */
    LmWinograd winograd_dx; /* conv: data gradient */
    LmWinogradGrad winograd_dw;
    LmFoldPlan fold;     /* conv: data gradient */
    int64_t chain_grads; /* floats from the start of a chain's gradients: kernel, then bias */
};

struct LmNet {
    LmModel *model; /* kept by reference */
    bool is_training;
    int64_t max_batch;
    int n_ops;
    LmOp *ops;
    LmPlanMap *values; /* n_ops + 1; values[0] is the scaled input */
    LmPlanMap *grads;  /* n_ops + 1 */
    int64_t arena_floats;
    int n_arenas;
    float *arenas[64]; /* one a thread */
    float *batch_wide;
    int64_t batch_floats;
    float *transposed; /* kernels transposed or transformed, rebuilt after every update */
    int64_t transposed_floats;
    int64_t weights_version; /* of the model when `transposed` was built */
    float *chains;           /* LM_CHAINS x chain_floats */
    int64_t chain_floats;
    double *times;          /* profiling only: a row a thread, lm_net_times */
    int32_t *out_offset;    /* n_outputs: where output k lies within an image of the last map */
    int32_t *grad_offset;   /* n_outputs: the same for its gradient */
    int64_t scratch_offset; /* floats: in each arena, staging and then the flow's scratch */
    int64_t staging_floats; /* a block of images, or a row of outputs */
};

/* The plan alone, without memory to run it: for describing it. */
LmStatus lm_net_plan(LmNet **out, LmModel *m, bool is_training, int64_t max_batch,
                     LmError *err) LM_MUST_CHECK;
LmStatus lm_net_new(LmNet **out, LmModel *m, bool is_training, int64_t max_batch,
                    size_t flow_scratch_bytes, LmError *err) LM_MUST_CHECK;
void lm_net_free(LmNet *net);
/* Makes arenas for as many threads as parallel loops use now. */
LmStatus lm_net_ensure_threads(LmNet *net, LmError *err) LM_MUST_CHECK;

/* Map i of the run's block. */
LmMap lm_net_values(const LmBlockRun *run, int i);
LmMap lm_net_grads(const LmBlockRun *run, int i);
/* The block's input buffer where pixels may be written directly (contiguous images of h*w*c), or
 * NULL when they must go through lm_net_put_input. */
float *lm_net_input_direct(const LmBlockRun *run, int64_t sample);
/* Copies one image of h*w*c floats into place. */
void lm_net_put_input(const LmBlockRun *run, int64_t sample, const float *pixels);
/* The sample's h*w*c numbers as they were put in; until the block's backward pass. */
void lm_net_get_input(const LmBlockRun *run, int64_t sample, float *pixels);
/* The thread's scratch for the flow, and `staging`: floats for a block of images, or for a
 * row of outputs and one of targets. */
void *lm_net_scratch(const LmBlockRun *run, float **staging);

/* Seconds of the run's thread: forward of every operation, backward of every one, update of every
 * one, then scaling and losses; NULL when not profiling. */
double *lm_net_times(const LmNet *net, int thread);
enum { LM_NET_SCALE, LM_NET_LOSS, LM_NET_TIMES }; /* behind the operations' */

void lm_net_forward(const LmBlockRun *run);
void lm_net_backward(const LmBlockRun *run);
/* Outputs of sample `s` of the block (0-based in the block), as the network leaves them. */
void lm_net_outputs(const LmBlockRun *run, int64_t s, float *out);

/* Writes the gradient of sample `s`'s outputs. */
void lm_net_put_output_grad(const LmBlockRun *run, int64_t s, const float *grad);

/* Rebuilds rows [row0, row1) of an op's transposed kernel from the weights. */
void lm_net_transpose_rows(LmNet *net, const LmOp *op, int64_t row0, int64_t row1);
/* Rebuilds what is derived from weights and is not made row by row (Winograd's kernels). */
void lm_net_transform(LmNet *net);
/* Rebuilds everything derived from weights if somebody set them since. */
void lm_net_refresh(LmNet *net);

/* --- kinds --- */
extern const LmOpKind lm_op_conv;
extern const LmOpKind lm_op_convpool;
extern const LmOpKind lm_op_dense;
extern const LmOpKind lm_op_maxpool;
extern const LmOpKind lm_op_avgpool;
extern const LmOpKind lm_op_relu;
extern const LmOpKind lm_op_tanh;
extern const LmOpKind lm_op_sigmoid;
extern const LmOpKind lm_op_dropout;

/* dense: weight gradient of kernel rows [row0, row1) over the whole batch into g ((row1-row0) x
 * ld); and the bias gradient into g (ld). */
void lm_dense_kernel_grad(const LmNet *net, const LmOp *op, int64_t n, int64_t row0, int64_t row1,
                          float *g);
void lm_dense_bias_grad(const LmNet *net, const LmOp *op, int64_t n, float *g);
/* dense: rows [row0, row1) of the kernel to where the data gradient reads them. */
void lm_dense_transpose_rows(LmNet *net, const LmOp *op, int64_t row0, int64_t row1);

/* convpool: whether two layers make one operation; the sum of chains as rows of the kernel. */
bool lm_convpool_fits(const LmLayer *conv, const LmLayer *pool);
/* Cuts from its input what no window reaches: the last row and column of an odd map. Whoever makes
 * that input then need not make them. */
void lm_convpool_trim(const LmNet *net, const LmOp *op);
void lm_convpool_kernel_grad(const LmNet *net, const LmOp *op, int n_chains, int64_t row0,
                             int64_t row1, float *g);
void lm_convpool_fini(LmOp *op);
int64_t lm_convpool_bias_offset(const LmNet *net, const LmOp *op);

/* conv: the data gradient by products of output positions, where that is cheaper. */
bool lm_fold_fits(const LmOp *op);
void lm_fold_plan(LmNet *net, LmOp *op);
LmStatus lm_fold_tables(LmNet *net, LmOp *op, LmError *err) LM_MUST_CHECK;
void lm_fold_run(const LmOp *op, const LmBlockRun *run, const LmMap *dy, const LmMap *dx);

/* Helpers of the plan. Reserves floats in every arena and gives their place. */
int64_t lm_net_reserve(LmNet *net, int64_t floats);
LmStatus lm_gemm_table_new(LmGemmTable *t, int64_t n_rows, int64_t n_seg,
                           LmError *err) LM_MUST_CHECK;
void lm_gemm_table_fini(LmGemmTable *t);
void lm_net_want_halo(LmPlanMap *map, LmHalo halo);

#endif
