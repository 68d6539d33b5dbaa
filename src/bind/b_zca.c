/* Whitening in scripts: luma.zca and what its stages and their generators can be asked. */
#include <inttypes.h>

#include "bind/b_generator.h"
#include "bind/b_stage.h"
#include "bind/b_tensor.h"
#include "bind/open.h"

/* --- making --- */

/* Keras' default. */
static const double default_epsilon = 1e-6;

/* "pixel" is what other stages call statistics of every pixel and channel: the same features. */
static const char *const axis_names[] = {"all", "channel", "pixel", NULL};
static const char *const convention_names[] = {"singular", "eigen", NULL};

typedef struct ZcaArgs {
    double epsilon;
    int axis;
    int convention;
    bool center;
    int64_t components;
    double budget;
} ZcaArgs;

static const LbOption zca_options[] = {
    LB_NUMBER(ZcaArgs, epsilon, "epsilon", 0, LB_ANY, "1e-6", "what keeps weak directions weak"),
    LB_CHOICE(ZcaArgs, axis, "axis", axis_names, "\"all\"",
              "one matrix over all pixels and channels (\"pixel\" is the same), or one over the "
              "channels, used at every pixel"),
    LB_CHOICE(ZcaArgs, convention, "convention", convention_names, "\"singular\"",
              "epsilon is added to singular values, as Keras does, or to eigenvalues, as its "
              "release 1.1.2 did"),
    LB_BOOLEAN(ZcaArgs, center, "center", "false", "subtract the mean of each feature first"),
    LB_INTEGER(ZcaArgs, components, "components", 1, 1e9, "all",
               "strongest directions to keep at most; the others become 0"),
    LB_NUMBER(ZcaArgs, budget, "budget", 1, 1e9, "1000", "megabytes a fit may take"),
    LB_OPTIONS_END};

LB_FUNCTION(
    lb_luma_zca, "luma.zca", zca_options, "luma.zca{ epsilon=1e-6, axis=\"all\", ... } -> stage",
    "Whitens: multiplies each image, as one row of numbers, with the symmetric matrix that makes "
    "all directions of the training images equally strong and independent. With singular values s "
    "and directions u of n images the matrix is u diag(sqrt(n) / (s + epsilon)) u'. Directions the "
    "images do not have (constant pixels, fewer images than pixels) become 0; a warning counts "
    "them. Keras subtracts one mean a channel before, hence the list of the example.",
    "local train = luma.dataset.digits{ train=200, test=10 }\n"
    "local g = luma.generator{ luma.rescale(1/255), luma.center{ \"feature\", axis=\"channel\" },\n"
    "                          luma.zca{ epsilon=1e-3, components=50 } }\n"
    "g:fit(train)\n"
    "assert(#g[3] == 784 and g[3].rank == 50)\n"
    "assert(g.matrix.shape[1] == 784)")
{
    ZcaArgs a = {.epsilon = default_epsilon, .budget = 1000};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, zca_options, LB_NO_PARTS, &a);
    LmAxis axis = a.axis == 1 ? LM_AXIS_CHANNEL : LM_AXIS_ALL;
    LmStage stage = lm_stage_zca(a.epsilon, axis);
    stage.is_eigen = a.convention == 1;
    stage.is_centered = a.center;
    stage.components = a.components;
    stage.budget_bytes = (int64_t)(a.budget * 1e6);
    return lb_stage_push_new(L, stage);
}

/* --- fields --- */

static const LmStage *check_zca(lua_State *L, const LmStage *s, const char *fn)
{
    if (s->kind != LM_STAGE_ZCA) {
        lb_raise_text(L, LM_ESTATE, "%s: a %s stage has none; luma.zca has", fn,
                      lm_stage_kind_name(s->kind));
    }
    if (!lm_stage_is_fitted(s)) {
        lb_raise_text(L, LM_ESTATE, "%s: this zca stage is not fitted; call g:fit(dataset) first",
                      fn);
    }
    return s;
}

static const LmStage *fitted_zca(lua_State *L, const char *fn)
{
    return check_zca(L, lb_handle_check(L, 1, &lb_stage_type, fn), fn);
}

static int push_matrix(lua_State *L, const LmStage *s, const char *fn)
{
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_whitening_expand(&s->whitening.matrix, &t->tensor, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return 1;
}

LB_FUNCTION(lb_stage_matrix, "stage.matrix", NULL, "stage.matrix -> tensor",
            "The matrix a fitted zca stage multiplies with: f32, one row and one column a feature "
            "(image rows first, channels last), symmetric.",
            "local train = luma.dataset.digits{ train=50, test=10 }\n"
            "local g = luma.generator{ luma.zca{ axis=\"channel\" } }:fit(train)\n"
            "assert(g[1].matrix:get(1, 1) > 0)")
{
    return push_matrix(L, fitted_zca(L, fn), fn);
}

LB_FUNCTION(lb_stage_rank, "stage.rank", NULL, "stage.rank -> integer",
            "How many directions a fitted zca stage keeps.",
            "local train = luma.dataset.digits{ train=50, test=10 }\n"
            "local g = luma.generator{ luma.zca{ components=10 } }:fit(train)\n"
            "assert(g[1].rank == 10)")
{
    lua_pushinteger(L, fitted_zca(L, fn)->whitening.rank);
    return 1;
}

LB_FUNCTION(lb_stage_dropped, "stage.dropped", NULL, "stage.dropped -> integer",
            "How many directions the images a zca stage was fitted on do not have: what comes in "
            "along them becomes 0.",
            "local train = luma.dataset.digits{ train=50, test=10 }\n"
            "local g = luma.generator{ luma.zca{} }:fit(train)\n"
            "assert(g[1].dropped == 784 - g[1].rank)")
{
    lua_pushinteger(L, fitted_zca(L, fn)->whitening.dropped);
    return 1;
}

LB_FUNCTION(lb_generator_matrix, "generator.matrix", NULL, "generator.matrix -> tensor",
            "The matrix of its zca stage. Where several have one, read g[i].matrix.",
            "local train = luma.dataset.digits{ train=50, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255), luma.zca{ axis=\"channel\" } }\n"
            "assert(g:fit(train).matrix:equal(g[2].matrix))")
{
    const LmGenerator *g = lb_generator_check(L, 1, fn);
    const LmStage *found = NULL;
    int n = 0;
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        const LmStage *s = lm_generator_stage(g, i);
        if (s->kind == LM_STAGE_ZCA) {
            found = s;
            n++;
        }
    }
    if (n != 1) {
        lb_raise_text(L, LM_ESTATE,
                      n == 0 ? "%s: none of its stages is a luma.zca"
                             : "%s: several of its stages are luma.zca; read it from one: "
                               "g[i].matrix",
                      fn);
    }
    return push_matrix(L, check_zca(L, found, fn), fn);
}

void lb_zca_warn(const LmGenerator *g)
{
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        const LmStage *s = lm_generator_stage(g, i);
        if (s->kind == LM_STAGE_ZCA && s->whitening.dropped > 0) {
            char dropped[32];
            char all[32];
            lb_raise_warn(s->where,
                          "zca: %s of %s directions do not vary in the training images (constant "
                          "or equal pixels, or fewer images than directions); they become 0",
                          lm_str_count(dropped, sizeof dropped, s->whitening.dropped),
                          lm_str_count(all, sizeof all, s->width));
        }
    }
}

void lb_zca_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_zca_doc, NULL};
    static const LbDoc *const of_stages[] = {&lb_stage_matrix_doc, &lb_stage_rank_doc,
                                             &lb_stage_dropped_doc, NULL};
    static const LbDoc *const of_generators[] = {&lb_generator_matrix_doc, NULL};
    lb_doc_register(L, docs);
    lb_handle_extend(L, &lb_stage_type, of_stages, NULL);
    lb_handle_extend(L, &lb_generator_type, of_generators, NULL);
}
