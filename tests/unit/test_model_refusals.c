/* What a model may not be: every message of building one. */
#include "help_test.h"

#include "help_nets.h"

#define FLATTEN                                                                                    \
    {                                                                                              \
        .kind = LM_LAYER_FLATTEN                                                                   \
    }
#define DENSE(n)                                                                                   \
    {                                                                                              \
        .kind = LM_LAYER_DENSE, .units = (n)                                                       \
    }
#define CONV(n, k)                                                                                 \
    {                                                                                              \
        .kind = LM_LAYER_CONV, .units = (n), .kh = (k), .kw = (k)                                  \
    }

typedef struct Row {
    HelpSpec spec;
    LmStatus status;
    const char *part;
} Row;

static void refuse(const Row *r)
{
    LmError err;
    LmModel *m = (LmModel *)&err;
    size_t before = lm_mem_in_use();
    const HelpSpec *s = &r->spec;
    assert_fails(lm_model_new(&m, s->h, s->w, s->c, s->layers, s->n, 0, &err), r->status, err,
                 r->part);
    assert_true(m == (LmModel *)&err);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_inputs(void **state)
{
    (void)state;
    static const Row rows[] = {
        {{0, 28, 1, 1, {FLATTEN}}, LM_EARG, "input must be {rows, columns, channels}, each in 1.."},
        {{28, -1, 1, 1, {FLATTEN}}, LM_EARG, "got 28x-1x1"},
        {{28, 28, 0, 1, {FLATTEN}}, LM_EARG, "got 28x28x0"},
        {{65537, 1, 1, 1, {FLATTEN}}, LM_EARG, "each in 1..65536, got 65537x1x1"},
        {{1, INT64_MAX, 1, 1, {FLATTEN}}, LM_EARG, "got 1x9223372036854775807x1"},
        {{65536, 65536, 65536, 1, {FLATTEN}},
         LM_ESHAPE,
         "an input of 65536x65536x65536 is larger than a network here may hold"},
        {{65536, 2048, 16, 1, {FLATTEN}}, LM_ESHAPE, "an input of 65536x2048x16 is larger"},
        {{28, 28, 1, 0, {FLATTEN}}, LM_EARG, "a model needs 1..1000 layers, got 0"},
        {{28, 28, 1, -3, {FLATTEN}}, LM_EARG, "a model needs 1..1000 layers, got -3"},
        {{28, 28, 1, 1001, {FLATTEN}}, LM_EARG, "a model needs 1..1000 layers, got 1001"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        refuse(&rows[i]);
    }
}

static void test_layers(void **state)
{
    (void)state;
    static const Row rows[] = {
        {{28, 28, 1, 3, {FLATTEN, DENSE(5), CONV(3, 3)}},
         LM_ESHAPE,
         "layer 3 (conv): needs rows, columns and channels, but its input was flattened to 5"},
        {{28, 28, 1, 1, {DENSE(5)}},
         LM_ESHAPE,
         "layer 1 (dense): needs a flat input, got 28x28x1; put luma.nn.flatten{} before it"},
        {{4, 4, 1, 2, {CONV(3, 2), CONV(3, 4)}},
         LM_ESHAPE,
         "layer 2 (conv): a window of 4x4 does not fit into its input of 3x3"},
        {{4, 4, 1, 2, {FLATTEN, {.kind = LM_LAYER_DROPOUT, .rate = 1}}},
         LM_EARG,
         "layer 2 (dropout): rate must be in 0 <= rate < 1, got 1"},
        {{4, 4, 1, 3, {FLATTEN, {.kind = LM_LAYER_SOFTMAX}, DENSE(2)}},
         LM_EARG,
         "layer 2 (softmax): softmax belongs at the end of the model; use relu between layers"},
        {{4,
          4,
          1,
          2,
          {{.kind = LM_LAYER_CONV, .units = 2, .kh = 1, .kw = 1, .act = LM_ACT_SOFTMAX}, FLATTEN}},
         LM_EARG,
         "layer 1 (conv): softmax belongs at the end of the model"},
        {{4, 4, 1, 1, {{.kind = LM_LAYER_SOFTMAX}}},
         LM_ESHAPE,
         "layer 1 (softmax): softmax needs a flat input; put luma.nn.flatten{} before it"},
        {{4,
          4,
          1,
          1,
          {{.kind = LM_LAYER_CONV, .units = 2, .kh = 1, .kw = 1, .act = LM_ACT_SOFTMAX}}},
         LM_ESHAPE,
         "layer 1 (conv): softmax needs a flat input"},
        {{4,
          4,
          1,
          2,
          {{.kind = LM_LAYER_FLATTEN, .name = "x"},
           {.kind = LM_LAYER_DENSE, .units = 2, .name = "x"}}},
         LM_EARG,
         "layer 2 (dense): two layers are named 'x' (layers 1 and 2)"},
        {{4, 4, 1, 2, {FLATTEN, {.kind = LM_LAYER_DENSE, .units = 2, .name = "a/b"}}},
         LM_EARG,
         "layer 2 (dense): a layer's name may not hold '/': 'a/b'"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        refuse(&rows[i]);
    }
}

/* Sizes that are fine one by one and too much together: 32-bit offsets, and products that pass
 * 2^64. Nothing of that size is ever allocated. */
static void test_sizes(void **state)
{
    (void)state;
    enum { BIG = 1 << 20 };
    static const Row rows[] = {
        {{28, 28, 1, 1, {CONV(1 << 20, 3)}},
         LM_ESHAPE,
         "layer 1 (conv): its output of 26x26x1048576 is larger than a network here may hold"},
        {{1,
          1,
          65536,
          1,
          {{.kind = LM_LAYER_CONV, .units = BIG, .kh = BIG, .kw = BIG, .is_same = true}}},
         LM_ESHAPE,
         "layer 1 (conv): its weights, 1048576x1048576 for each of 65536 inputs and 1048"},
        {{1,
          1,
          16,
          1,
          {{.kind = LM_LAYER_CONV, .units = 1, .kh = 4096, .kw = 4096, .is_same = true}}},
         LM_ESHAPE,
         "layer 1 (conv): its weights, 4096x4096 for each of 16 inputs and 1 outputs, are"},
        {{4000,
          1,
          1,
          2,
          {{.kind = LM_LAYER_CONV, .units = 512, .kh = 1, .kw = 1},
           {.kind = LM_LAYER_CONV, .units = 16, .kh = 1, .kw = 100001, .is_same = true}}},
         LM_ESHAPE,
         "layer 2 (conv): its input with the zeros its kernel reaches of 4002x200003x512"},
        {{2048, 2048, 16, 2, {FLATTEN, DENSE(1000)}},
         LM_ESHAPE,
         "layer 2 (dense): its weights, 2048x2048 for each of 16 inputs and 1000 outputs, are "
         "more"},
        {{65536, 64, 1, 1, {{.kind = LM_LAYER_CONV, .units = 1024, .kh = 1, .kw = 64}}},
         LM_ESHAPE,
         "layer 1 (conv): its input with the zeros its kernel reaches"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        refuse(&rows[i]);
    }
}

static LmStatus make(const HelpSpec *s, LmError *err)
{
    LmModel *m = NULL;
    LmStatus st = lm_model_new(&m, s->h, s->w, s->c, s->layers, s->n, 0, err);
    if (st == LM_OK) {
        lm_model_unref(m);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    HelpSpec spec = help_nets_every_kind(15, 16, 1, 3);
    assert_survives_oom(make(&spec, &err), err);
}

static void test_references(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_walkthrough();
    size_t before = lm_mem_in_use();
    LmModel *m = help_nets_model(&spec, 0);
    assert_ptr_equal(lm_model_ref(m), m);
    lm_model_unref(m);
    assert_int_equal(lm_model_n_params(m), 121930);
    lm_model_unref(m);
    lm_model_unref(NULL);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_kind_and_activation_names(void **state)
{
    (void)state;
    for (int i = 0; i < LM_LAYER_KIND_COUNT; i++) {
        LmLayerKindId back = LM_LAYER_KIND_COUNT;
        assert_true(lm_layer_kind_from_name(lm_layer_kind_name((LmLayerKindId)i), &back));
        assert_int_equal(back, i);
    }
    for (int i = LM_ACT_NONE; i <= LM_ACT_SOFTMAX; i++) {
        LmAct back = LM_ACT_NONE;
        assert_true(lm_act_from_name(lm_act_name((LmAct)i), &back));
        assert_int_equal(back, i);
    }
    LmLayerKindId kind = LM_LAYER_DENSE;
    LmAct act = LM_ACT_TANH;
    assert_false(lm_layer_kind_from_name("Conv", &kind));
    assert_false(lm_act_from_name("", &act));
    assert_true(kind == LM_LAYER_DENSE && act == LM_ACT_TANH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs),     cmocka_unit_test(test_layers),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_references), cmocka_unit_test(test_kind_and_activation_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
