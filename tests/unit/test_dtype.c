/* Names and sizes, both ways. */
#include "help_test.h"

#include "tensor/tensor.h"

static void test_names_and_sizes(void **state)
{
    (void)state;
    static const struct {
        LmDtype dtype;
        const char *name;
        size_t size;
    } cases[] = {{LM_U8, "u8", 1}, {LM_I32, "i32", 4}, {LM_F32, "f32", 4}, {LM_F64, "f64", 8}};
    assert_int_equal(LM_ARRAY_LEN(cases), LM_DTYPE_COUNT);
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        LmDtype found = LM_DTYPE_COUNT;
        assert_string_equal(lm_dtype_name(cases[i].dtype), cases[i].name);
        assert_int_equal(lm_dtype_size(cases[i].dtype), cases[i].size);
        assert_true(lm_dtype_from_name(cases[i].name, &found));
        assert_int_equal(found, cases[i].dtype);
    }
}

static void test_unknown_names(void **state)
{
    (void)state;
    static const char *const names[] = {"", "u", "f3", "f32 ", "F32", "float"};
    for (size_t i = 0; i < LM_ARRAY_LEN(names); i++) {
        LmDtype found = LM_I32;
        assert_false(lm_dtype_from_name(names[i], &found));
        assert_int_equal(found, LM_I32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_unknown_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
