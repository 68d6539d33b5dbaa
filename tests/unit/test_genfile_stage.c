/* Whitening and map stages in files: to the bit, beside a model too, and what is refused. */
#include "help_dataset.h"
#include "help_files.h"
#include "help_test.h"

#include <stdlib.h>

#include "flow/generator.h"
#include "io/file.h"
#include "nn/modelfile.h"

static LmGenerator *whitener(int64_t n, int64_t components)
{
    LmError err;
    LmGenerator *g = NULL;
    LmDataset *ds = help_dataset_new("set", n, 2, 3, 1, LM_U8, 0, 6);
    double table[256] = {0};
    LmStage list[] = {lm_stage_map(), lm_stage_zca(0.5, LM_AXIS_PIXEL), lm_stage_rescale(3),
                      lm_stage_zca(1e-3, LM_AXIS_CHANNEL)};
    list[1].is_centered = true;
    list[1].is_eigen = true;
    list[1].components = components;
    for (int i = 0; i < 256; i++) {
        table[i] = i / 7.0;
    }
    assert_ok(lm_stage_set_table(&list[0], table, &err), err);
    assert_ok(lm_generator_new(&g, list, LM_ARRAY_LEN(list), &err), err);
    lm_stage_fini(&list[0]);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    lm_dataset_unref(ds);
    return g;
}

static void assert_same(const LmGenerator *a, const LmGenerator *b)
{
    char *x = NULL;
    char *y = NULL;
    LmError err;
    assert_ok(lm_generator_to_json(a, &x, &err), err);
    assert_ok(lm_generator_to_json(b, &y, &err), err);
    assert_string_equal(x, y);
    lm_mem_free(x);
    lm_mem_free(y);
    assert_int_equal(lm_generator_n_tensors(a), lm_generator_n_tensors(b));
    for (int k = 0; k < lm_generator_n_tensors(a); k++) {
        char name[LM_GENERATOR_NAME_MAX];
        LmTensor s;
        LmTensor t;
        lm_generator_get_tensor(a, k, name, &s);
        assert_string_equal(name, k == 0 ? "generator.stage2.matrix" : "generator.stage4.matrix");
        lm_generator_get_tensor(b, k, name, &t);
        assert_true(lm_tensor_equal(&s, &t));
        lm_tensor_fini(&s);
        lm_tensor_fini(&t);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (int64_t components = 0; components < 5; components += 2) {
        LmGenerator *g = whitener(30, components);
        LmModelFile f;
        const char *path = help_files_path("whitener");
        assert_ok(lm_modelfile_save(path, NULL, g, 0, NULL, &err), err);
        assert_ok(lm_modelfile_load(&f, path, &err), err);
        assert_same(g, f.generator);
        assert_true(lm_generator_is_fitted(f.generator));
        lm_modelfile_fini(&f);
        lm_generator_unref(g);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_unfitted(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    LmGenerator *again = NULL;
    char *text = NULL;
    LmStage list[] = {lm_stage_zca(1e-6, LM_AXIS_ALL), lm_stage_map()};
    list[0].budget_bytes = 12345;
    assert_ok(lm_generator_new(&g, list, 2, &err), err);
    assert_ok(lm_generator_to_json(g, &text, &err), err);
    assert_string_equal(text, "{\"stages\":[{\"kind\":\"zca\",\"axis\":\"all\",\"epsilon\":"
                              "9.9999999999999995e-7,\"convention\":\"singular\",\"center\":false,"
                              "\"components\":0,\"budget\":12345},{\"kind\":\"map\"}]}");
    assert_ok(lm_generator_from_json(&again, text, NULL, "f", &err), err);
    assert_same(g, again);
    lm_mem_free(text);
    lm_generator_unref(g);
    lm_generator_unref(again);
}

#define ZCA(rest)                                                                                  \
    "{\"stages\":[{\"kind\":\"zca\",\"axis\":\"all\",\"epsilon\":1,\"convention\":\"singular\","   \
    "\"center\":false,\"components\":0,\"budget\":1" rest "}]}"

/* `m`: the matrix of the first stage. */
static void refuse(const char *text, LmTensor *m, const char *part)
{
    LmError err;
    LmGenerator *g = NULL;
    LmSafetensorsEntry entry = {.name = (char[]){"generator.stage1.matrix"}};
    LmSafetensors tensors = {.n_entries = 1, .entries = &entry};
    if (m != NULL) {
        entry.tensor = *m;
    }
    assert_fails(lm_generator_from_json(&g, text, m != NULL ? &tensors : NULL, "f", &err),
                 LM_EFORMAT, err, part);
    assert_null(g);
}

static void test_refuses(void **state)
{
    (void)state;
    LmError err;
    LmTensor m;
    const int64_t shape[2] = {2, 2};
    assert_ok(lm_tensor_zeros(&m, LM_F32, 2, shape, &err), err);
    const char *whole = ZCA(",\"shape\":[1,2,1],\"rank\":2,\"dropped\":0");
    refuse("{\"stages\":[{\"kind\":\"zca\"}]}", NULL, "axis, convention or center is unknown");
    refuse(ZCA(",\"rank\":1"), NULL, "its shape is damaged");
    refuse(whole, NULL, "its matrix, tensor 'generator.stage1.matrix', is missing");
    refuse(ZCA(",\"shape\":[1,3,1],\"rank\":2,\"dropped\":0"), &m, "is not one over 3 features");
    refuse(ZCA(",\"shape\":[1,2,1],\"rank\":3,\"dropped\":0"), &m, "is not one over 2 features");
    refuse(ZCA(",\"shape\":[1,2,1],\"rank\":0,\"dropped\":0"), &m, "is not one over 2 features");
    refuse(ZCA(",\"shape\":[1,2,1],\"rank\":2,\"dropped\":1"), &m, "is not one over 2 features");
    refuse(ZCA(",\"shape\":[1,2,1],\"rank\":2,\"dropped\":0,\"noise\":1"), &m, "unknown entry");
    ((float *)m.data)[3] = 1.0f / 0.0f;
    refuse(whole, &m, "holds a number that is not finite");
    m.dtype = LM_I32;
    refuse(whole, &m, "is not one over 2 features");
    m.dtype = LM_F32;
    lm_tensor_fini(&m);
    refuse("{\"stages\":[{\"kind\":\"map\",\"table\":[1,2]}]}", NULL, "has 2 statistics");
}

/* Any byte of a file changed, and any end cut off: an error, or a generator that is whole. */
static void test_damage(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x20, 0xff};
    LmError err;
    LmGenerator *g = whitener(30, 2);
    const char *path = help_files_path("good");
    LmFile file;
    assert_ok(lm_modelfile_save(path, NULL, g, 0, NULL, &err), err);
    assert_ok(lm_file_open(&file, path, 1 << 20, &err), err);
    uint8_t *copy = malloc(file.size);
    size_t before = lm_mem_in_use();
    for (size_t i = 0; i < file.size * LM_ARRAY_LEN(masks); i++) {
        LmModelFile f;
        memcpy(copy, file.bytes, file.size);
        copy[i / LM_ARRAY_LEN(masks)] ^= masks[i % LM_ARRAY_LEN(masks)];
        const char *bad =
            help_files_make("bad", copy, i % 7 == 0 ? i / LM_ARRAY_LEN(masks) : file.size);
        if (lm_modelfile_load(&f, bad, &err) == LM_OK) {
            lm_modelfile_fini(&f);
        }
        assert_int_equal(lm_mem_in_use(), before);
    }
    free(copy);
    lm_file_close(&file);
    lm_generator_unref(g);
}

static LmStatus save_and_load(const LmGenerator *g, LmError *err)
{
    LmModelFile f;
    const char *path = help_files_path("memory");
    LmStatus st = lm_modelfile_save(path, NULL, g, 0, NULL, err);
    st = st == LM_OK ? lm_modelfile_load(&f, path, err) : st;
    if (st == LM_OK) {
        lm_modelfile_fini(&f);
    }
    return st;
}

static void test_memory(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = whitener(30, 2);
    assert_survives_oom(save_and_load(g, &err), err);
    lm_generator_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_unfitted),
        cmocka_unit_test(test_refuses),    cmocka_unit_test(test_damage),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
