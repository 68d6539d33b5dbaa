/* oneDNN's time for the layers luma's benchmark runs: onednn GROUP THREADS prints a JSON line a
 * row, named as luma names it. GROUP is training, evaluation, colour or layers; the number of
 * threads is set by OMP_NUM_THREADS, THREADS only goes into the names.
 *
 * A network's figure is the sum of its primitives, each timed alone, with every layout and
 * algorithm left to the library (the faster of direct and Winograd where it has both; with
 * ONEDNN_DIRECT in the environment direct alone, which is what its users get by default). Reorders
 * between primitives, scaling, loss, dropout and the optimizer are left out: all that favours
 * oneDNN. For the C interface of version 2 (2.6 is what Debian 12 has).
 */
#define _GNU_SOURCE
#include <dnnl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64, ARGS_MAX = 6, RUNS_MAX = 1000 };

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void require(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) {
        fprintf(stderr, "onednn: %s failed with status %d\n", what, (int)status);
        exit(1);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- a primitive with its memory --- */

typedef struct Timed {
    dnnl_primitive_desc_t pd;
    int n_args;
    dnnl_exec_arg_t args[ARGS_MAX];
    void *buffers[ARGS_MAX];
} Timed;

static const dnnl_memory_desc_t *query(const_dnnl_primitive_desc_t pd, dnnl_query_t what, int i)
{
    return dnnl_primitive_desc_query_md(pd, what, i);
}

static dnnl_memory_t add_memory(Timed *t, int arg, const dnnl_memory_desc_t *md)
{
    size_t size = (dnnl_memory_desc_get_size(md) + 127) / 64 * 64;
    float *data = aligned_alloc(64, size);
    dnnl_memory_t memory;
    if (data == NULL) {
        require(dnnl_out_of_memory, "memory");
    }
    for (size_t i = 0; i < size / sizeof *data; i++) {
        data[i] = (float)(rand() % 2001 - 1000) * 1e-4f;
    }
    require(dnnl_memory_create(&memory, md, engine, data), "dnnl_memory_create");
    t->buffers[t->n_args] = data;
    t->args[t->n_args++] = (dnnl_exec_arg_t){arg, memory};
    return memory;
}

static void timed_free(Timed *t)
{
    for (int i = 0; i < t->n_args; i++) {
        if (t->buffers[i] != NULL) {
            dnnl_memory_destroy(t->args[i].memory);
            free(t->buffers[i]);
        }
    }
    t->n_args = 0;
}

/* The fastest of runs that together take about 0.1 s, of one run where it is slower than that. The
 * library's threads spin: where another process has a core, a median is the scheduler's slice. */
static double timed_run(const Timed *t)
{
    dnnl_primitive_t primitive;
    double best = 0;
    require(dnnl_primitive_create(&primitive, t->pd), "dnnl_primitive_create");
    double start = now();
    for (int k = 0; k < 2 || (k < RUNS_MAX && now() - start < 0.1); k++) {
        double begin = now();
        require(dnnl_primitive_execute(primitive, stream, t->n_args, t->args), "execute");
        require(dnnl_stream_wait(stream), "wait");
        double seconds = now() - begin;
        best = k <= 1 || seconds < best ? seconds : best; /* the first run warms up */
    }
    dnnl_primitive_destroy(primitive);
    return best;
}

static dnnl_memory_desc_t any(int rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
    dnnl_dims_t dims = {a, b, c, d};
    dnnl_memory_desc_t md;
    require(dnnl_memory_desc_init_by_tag(&md, rank, dims, dnnl_f32, dnnl_format_tag_any), "layout");
    return md;
}

static dnnl_primitive_attr_t with_relu(void)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    require(dnnl_primitive_attr_create(&attr), "attributes");
    require(dnnl_post_ops_create(&ops), "post-ops");
    require(dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0), "relu");
    require(dnnl_primitive_attr_set_post_ops(attr, ops), "post-ops");
    dnnl_post_ops_destroy(ops);
    return attr;
}

/* --- layers --- */

typedef struct Conv {
    int64_t size, in, out, kernel, stride;
    bool is_same, has_relu, has_pool;
} Conv;

typedef struct Passes {
    double forward, data, weights; /* seconds a batch */
    double other;                  /* pooling and relu's gradient */
} Passes;

static int64_t out_size(const Conv *c)
{
    return c->is_same ? (c->size + c->stride - 1) / c->stride
                      : (c->size - c->kernel) / c->stride + 1;
}

typedef struct ConvDescs {
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_dims_t strides, before, behind;
} ConvDescs;

static ConvDescs describe(const Conv *c)
{
    int64_t out = out_size(c);
    int64_t pad = c->is_same ? (out - 1) * c->stride + c->kernel - c->size : 0;
    pad = pad > 0 ? pad : 0;
    return (ConvDescs){.src = any(4, BATCH, c->in, c->size, c->size),
                       .weights = any(4, c->out, c->in, c->kernel, c->kernel),
                       .bias = any(1, c->out, 0, 0, 0),
                       .dst = any(4, BATCH, c->out, out, out),
                       .strides = {c->stride, c->stride},
                       .before = {pad / 2, pad / 2},
                       .behind = {pad - pad / 2, pad - pad / 2}};
}

static const dnnl_alg_kind_t algorithms[] = {dnnl_convolution_direct, dnnl_convolution_winograd};
static size_t n_algorithms = sizeof algorithms / sizeof *algorithms;

static bool conv_forward_new(dnnl_primitive_desc_t *pd, const Conv *c, dnnl_alg_kind_t algorithm,
                             bool is_training)
{
    ConvDescs d = describe(c);
    dnnl_convolution_desc_t desc;
    dnnl_prop_kind_t prop = is_training ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_primitive_attr_t attr = c->has_relu ? with_relu() : NULL;
    require(dnnl_convolution_forward_desc_init(&desc, prop, algorithm, &d.src, &d.weights, &d.bias,
                                               &d.dst, d.strides, d.before, d.behind),
            "convolution");
    bool is_there = dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL) == dnnl_success;
    if (attr != NULL) {
        dnnl_primitive_attr_destroy(attr);
    }
    return is_there;
}

static double conv_forward(const Conv *c, bool is_training)
{
    double best = 0;
    for (size_t i = 0; i < n_algorithms; i++) {
        Timed t = {0};
        if (!conv_forward_new(&t.pd, c, algorithms[i], is_training)) {
            continue;
        }
        add_memory(&t, DNNL_ARG_SRC, query(t.pd, dnnl_query_src_md, 0));
        add_memory(&t, DNNL_ARG_WEIGHTS, query(t.pd, dnnl_query_weights_md, 0));
        add_memory(&t, DNNL_ARG_BIAS, query(t.pd, dnnl_query_weights_md, 1));
        add_memory(&t, DNNL_ARG_DST, query(t.pd, dnnl_query_dst_md, 0));
        double seconds = timed_run(&t);
        best = best == 0 || seconds < best ? seconds : best;
        timed_free(&t);
        dnnl_primitive_desc_destroy(t.pd);
    }
    return best;
}

static double conv_data_gradient(const Conv *c)
{
    double best = 0;
    for (size_t i = 0; i < n_algorithms; i++) {
        Timed t = {0};
        ConvDescs d = describe(c);
        dnnl_convolution_desc_t desc;
        dnnl_primitive_desc_t hint;
        if (!conv_forward_new(&hint, c, algorithms[i], true)) {
            continue;
        }
        require(dnnl_convolution_backward_data_desc_init(&desc, algorithms[i], &d.src, &d.weights,
                                                         &d.dst, d.strides, d.before, d.behind),
                "data gradient");
        if (dnnl_primitive_desc_create(&t.pd, &desc, NULL, engine, hint) == dnnl_success) {
            add_memory(&t, DNNL_ARG_DIFF_DST, query(t.pd, dnnl_query_diff_dst_md, 0));
            add_memory(&t, DNNL_ARG_WEIGHTS, query(t.pd, dnnl_query_weights_md, 0));
            add_memory(&t, DNNL_ARG_DIFF_SRC, query(t.pd, dnnl_query_diff_src_md, 0));
            double seconds = timed_run(&t);
            best = best == 0 || seconds < best ? seconds : best;
            timed_free(&t);
            dnnl_primitive_desc_destroy(t.pd);
        }
        dnnl_primitive_desc_destroy(hint);
    }
    return best;
}

static double conv_weight_gradient(const Conv *c)
{
    double best = 0;
    for (size_t i = 0; i < n_algorithms; i++) {
        Timed t = {0};
        ConvDescs d = describe(c);
        dnnl_convolution_desc_t desc;
        dnnl_primitive_desc_t hint;
        if (!conv_forward_new(&hint, c, algorithms[i], true)) {
            continue;
        }
        require(dnnl_convolution_backward_weights_desc_init(&desc, algorithms[i], &d.src,
                                                            &d.weights, &d.bias, &d.dst, d.strides,
                                                            d.before, d.behind),
                "weight gradient");
        if (dnnl_primitive_desc_create(&t.pd, &desc, NULL, engine, hint) == dnnl_success) {
            add_memory(&t, DNNL_ARG_SRC, query(t.pd, dnnl_query_src_md, 0));
            add_memory(&t, DNNL_ARG_DIFF_DST, query(t.pd, dnnl_query_diff_dst_md, 0));
            add_memory(&t, DNNL_ARG_DIFF_WEIGHTS, query(t.pd, dnnl_query_diff_weights_md, 0));
            add_memory(&t, DNNL_ARG_DIFF_BIAS, query(t.pd, dnnl_query_diff_weights_md, 1));
            double seconds = timed_run(&t);
            best = best == 0 || seconds < best ? seconds : best;
            timed_free(&t);
            dnnl_primitive_desc_destroy(t.pd);
        }
        dnnl_primitive_desc_destroy(hint);
    }
    return best;
}

/* The gradient of relu in the layout of `md`. */
static double relu_backward(const dnnl_memory_desc_t *md)
{
    Timed t = {0};
    dnnl_eltwise_desc_t forward;
    dnnl_eltwise_desc_t backward;
    dnnl_primitive_desc_t hint;
    const dnnl_alg_kind_t relu = dnnl_eltwise_relu_use_dst_for_bwd;
    require(dnnl_eltwise_forward_desc_init(&forward, dnnl_forward_training, relu, md, 0, 0),
            "relu");
    require(dnnl_primitive_desc_create(&hint, &forward, NULL, engine, NULL), "relu");
    require(dnnl_eltwise_backward_desc_init(&backward, relu, md, md, 0, 0), "relu's gradient");
    require(dnnl_primitive_desc_create(&t.pd, &backward, NULL, engine, hint), "relu's gradient");
    add_memory(&t, DNNL_ARG_DST, md);
    dnnl_memory_t gradient = add_memory(&t, DNNL_ARG_DIFF_DST, md);
    t.args[t.n_args++] = (dnnl_exec_arg_t){DNNL_ARG_DIFF_SRC, gradient}; /* in place */
    double seconds = timed_run(&t);
    timed_free(&t);
    dnnl_primitive_desc_destroy(t.pd);
    dnnl_primitive_desc_destroy(hint);
    return seconds;
}

/* Pooling 2x2 of maps in the layout of `md`; in training with its gradient. */
static double pool(const Conv *c, const dnnl_memory_desc_t *md, bool is_training)
{
    int64_t out = out_size(c) / 2;
    const dnnl_dims_t two = {2, 2};
    const dnnl_dims_t none = {0, 0};
    dnnl_memory_desc_t dst = any(4, BATCH, c->out, out, out);
    dnnl_pooling_desc_t desc;
    Timed f = {0};
    require(dnnl_pooling_forward_desc_init(
                &desc, is_training ? dnnl_forward_training : dnnl_forward_inference,
                dnnl_pooling_max, md, &dst, two, two, none, none),
            "pooling");
    require(dnnl_primitive_desc_create(&f.pd, &desc, NULL, engine, NULL), "pooling");
    add_memory(&f, DNNL_ARG_SRC, md);
    add_memory(&f, DNNL_ARG_DST, query(f.pd, dnnl_query_dst_md, 0));
    if (!is_training) {
        double seconds = timed_run(&f);
        timed_free(&f);
        dnnl_primitive_desc_destroy(f.pd);
        return seconds;
    }
    dnnl_memory_t workspace =
        add_memory(&f, DNNL_ARG_WORKSPACE, query(f.pd, dnnl_query_workspace_md, 0));
    double seconds = timed_run(&f);
    Timed b = {0};
    const dnnl_memory_desc_t *pooled = query(f.pd, dnnl_query_dst_md, 0);
    require(
        dnnl_pooling_backward_desc_init(&desc, dnnl_pooling_max, md, pooled, two, two, none, none),
        "pooling's gradient");
    require(dnnl_primitive_desc_create(&b.pd, &desc, NULL, engine, f.pd), "pooling's gradient");
    add_memory(&b, DNNL_ARG_DIFF_DST, pooled);
    add_memory(&b, DNNL_ARG_DIFF_SRC, md);
    b.args[b.n_args++] = (dnnl_exec_arg_t){DNNL_ARG_WORKSPACE, workspace};
    seconds += timed_run(&b);
    timed_free(&b);
    timed_free(&f);
    dnnl_primitive_desc_destroy(b.pd);
    dnnl_primitive_desc_destroy(f.pd);
    return seconds;
}

static Passes conv_passes(const Conv *c, bool is_training, bool has_front)
{
    Passes p = {.forward = conv_forward(c, is_training)};
    dnnl_primitive_desc_t pd;
    if (is_training) {
        p.weights = conv_weight_gradient(c);
        p.data = has_front ? conv_data_gradient(c) : 0;
    }
    if (!conv_forward_new(&pd, c, dnnl_convolution_direct, is_training)) {
        require(dnnl_unimplemented, "convolution");
    }
    const dnnl_memory_desc_t *dst = query(pd, dnnl_query_dst_md, 0);
    p.other += c->has_pool ? pool(c, dst, is_training) : 0;
    p.other += c->has_relu && is_training ? relu_backward(dst) : 0;
    dnnl_primitive_desc_destroy(pd);
    return p;
}

static double dense(int64_t in, int64_t out, bool has_relu, bool is_training)
{
    dnnl_memory_desc_t src = any(2, BATCH, in, 0, 0);
    dnnl_memory_desc_t weights = any(2, out, in, 0, 0);
    dnnl_memory_desc_t bias = any(1, out, 0, 0, 0);
    dnnl_memory_desc_t dst = any(2, BATCH, out, 0, 0);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_attr_t attr = has_relu ? with_relu() : NULL;
    Timed t[3] = {0};
    double sum = 0;
    require(dnnl_inner_product_forward_desc_init(
                &desc, is_training ? dnnl_forward_training : dnnl_forward_inference, &src, &weights,
                &bias, &dst),
            "dense");
    require(dnnl_primitive_desc_create(&t[0].pd, &desc, attr, engine, NULL), "dense");
    add_memory(&t[0], DNNL_ARG_SRC, query(t[0].pd, dnnl_query_src_md, 0));
    add_memory(&t[0], DNNL_ARG_WEIGHTS, query(t[0].pd, dnnl_query_weights_md, 0));
    add_memory(&t[0], DNNL_ARG_BIAS, query(t[0].pd, dnnl_query_weights_md, 1));
    add_memory(&t[0], DNNL_ARG_DST, query(t[0].pd, dnnl_query_dst_md, 0));
    if (is_training) {
        require(dnnl_inner_product_backward_weights_desc_init(&desc, &src, &weights, &bias, &dst),
                "dense");
        require(dnnl_primitive_desc_create(&t[1].pd, &desc, NULL, engine, t[0].pd), "dense");
        add_memory(&t[1], DNNL_ARG_SRC, query(t[1].pd, dnnl_query_src_md, 0));
        add_memory(&t[1], DNNL_ARG_DIFF_DST, query(t[1].pd, dnnl_query_diff_dst_md, 0));
        add_memory(&t[1], DNNL_ARG_DIFF_WEIGHTS, query(t[1].pd, dnnl_query_diff_weights_md, 0));
        add_memory(&t[1], DNNL_ARG_DIFF_BIAS, query(t[1].pd, dnnl_query_diff_weights_md, 1));
        require(dnnl_inner_product_backward_data_desc_init(&desc, &src, &weights, &dst), "dense");
        require(dnnl_primitive_desc_create(&t[2].pd, &desc, NULL, engine, t[0].pd), "dense");
        add_memory(&t[2], DNNL_ARG_DIFF_DST, query(t[2].pd, dnnl_query_diff_dst_md, 0));
        add_memory(&t[2], DNNL_ARG_WEIGHTS, query(t[2].pd, dnnl_query_weights_md, 0));
        add_memory(&t[2], DNNL_ARG_DIFF_SRC, query(t[2].pd, dnnl_query_diff_src_md, 0));
        sum += has_relu ? relu_backward(query(t[0].pd, dnnl_query_dst_md, 0)) : 0;
    }
    for (int i = 0; i < (is_training ? 3 : 1); i++) {
        sum += timed_run(&t[i]);
        timed_free(&t[i]);
        dnnl_primitive_desc_destroy(t[i].pd);
    }
    if (attr != NULL) {
        dnnl_primitive_attr_destroy(attr);
    }
    return sum;
}

/* --- rows --- */

static void print_row(const char *name, const char *unit, double best)
{
    printf("{\"name\": \"%s\", \"unit\": \"%s\", \"best\": %.6g}\n", name, unit, best);
    fflush(stdout);
}

static double sum_of(const Conv *convs, size_t n, bool is_training)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        Passes p = conv_passes(&convs[i], is_training, i > 0);
        sum += p.forward + p.data + p.weights + p.other;
    }
    return sum;
}

static double walkthrough(bool is_training)
{
    static const Conv convs[] = {{28, 1, 32, 3, 1, false, true, true},
                                 {13, 32, 64, 3, 1, false, true, true}};
    return sum_of(convs, 2, is_training) + dense(1600, 64, true, is_training) +
           dense(64, 10, false, is_training);
}

static double colour(void)
{
    static const Conv convs[] = {{32, 3, 32, 3, 1, true, true, false},
                                 {32, 32, 32, 3, 1, true, true, true},
                                 {16, 32, 64, 3, 1, true, true, false},
                                 {16, 64, 64, 3, 1, true, true, true}};
    return sum_of(convs, 4, true) + dense(4096, 128, true, true) + dense(128, 10, false, true);
}

static void layers(void)
{
    static const Conv convs[] = {
        {32, 16, 16, 3, 1, true, false, false}, {16, 64, 64, 3, 1, true, false, false},
        {28, 1, 6, 5, 1, false, false, false},  {14, 6, 16, 5, 1, false, false, false},
        {8, 64, 128, 1, 1, true, false, false}, {16, 32, 64, 3, 2, true, false, false}};
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++) {
        const Conv *c = &convs[i];
        Passes p = conv_passes(c, true, true);
        const char *names[] = {"forward", "data gradient", "weight gradient"};
        double ms[] = {p.forward * 1e3, p.data * 1e3, p.weights * 1e3};
        for (int k = 0; k < 3; k++) {
            char name[96];
            snprintf(name, sizeof name, "conv %dx%d %s %d->%d at %dx%d, %s", (int)c->kernel,
                     (int)c->kernel,
                     c->stride > 1 ? "stride 2"
                     : c->is_same  ? "same"
                                   : "valid",
                     (int)c->in, (int)c->out, (int)c->size, (int)c->size, names[k]);
            print_row(name, "ms", ms[k]);
        }
    }
}

int main(int argc, char **argv)
{
    char name[96];
    const char *group = argc == 3 ? argv[1] : "";
    int threads = argc == 3 ? atoi(argv[2]) : 1;
    if (getenv("ONEDNN_DIRECT") != NULL) {
        n_algorithms = 1;
    }
    const char *plural = threads == 1 ? "" : "s";
    require(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create");
    require(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "dnnl_stream_create");
    if (strcmp(group, "training") == 0) {
        snprintf(name, sizeof name, "training, 60,000 images, %d thread%s", threads, plural);
        print_row(name, "s", walkthrough(true) * 60000 / BATCH);
    } else if (strcmp(group, "evaluation") == 0) {
        snprintf(name, sizeof name, "evaluation, 10,000 images, %d thread%s", threads, plural);
        print_row(name, "s", walkthrough(false) * 10000 / BATCH);
    } else if (strcmp(group, "colour") == 0) {
        snprintf(name, sizeof name, "training in colour, 2,000 images, %d thread%s", threads,
                 plural);
        print_row(name, "s", colour() * 2000 / BATCH);
    } else if (strcmp(group, "layers") == 0) {
        layers();
    } else {
        fprintf(stderr, "usage: onednn training|evaluation|colour|layers THREADS\n");
        return 2;
    }
    return 0;
}
