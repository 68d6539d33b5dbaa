/* Safetensors: there and back, the layout other readers need, and every refusal the header lists.
 */
#include "help_test.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "help_files.h"
#include "io/file.h"
#include "io/safetensors.h"

static LmTensor make(LmDtype dtype, int rank, const int64_t *shape, int start)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_new(&t, dtype, rank, shape, &err), err);
    for (int64_t i = 0; i < t.count; i++) {
        assert_ok(lm_tensor_set(&t, i, (double)(start + i), &err), err);
    }
    return t;
}

enum { N_ENTRIES = 6 };

typedef struct Sample {
    LmSafetensorsEntry entries[N_ENTRIES];
    LmSafetensors file;
} Sample;

/* A string literal as the char * that the struct's fields are. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))

static char *meta[] = {TEXT("format"), TEXT("luma"),
                       TEXT("model"),  TEXT("{\"a\": [1, \"\\u00e4\\n\"]}"),
                       TEXT("empty"),  TEXT("")};

static void make_sample(Sample *s)
{
    static const int64_t shape[] = {2, 3};
    static const int64_t none[] = {0, 4};
    s->entries[0] = (LmSafetensorsEntry){TEXT("bytes"), make(LM_U8, 1, (const int64_t[]){3}, 1)};
    s->entries[1] = (LmSafetensorsEntry){TEXT("conv1/kernel"), make(LM_F32, 2, shape, 10)};
    s->entries[2] = (LmSafetensorsEntry){TEXT("double"), make(LM_F64, 0, NULL, 7)};
    s->entries[3] = (LmSafetensorsEntry){TEXT("nothing"), make(LM_I32, 2, none, 0)};
    s->entries[4] =
        (LmSafetensorsEntry){TEXT("\xc3\xb6\xc3\x9f \"x\""), make(LM_I32, 2, shape, -3)};
    s->entries[5] = (LmSafetensorsEntry){TEXT("more bytes"), make(LM_U8, 2, shape, 40)};
    s->file = (LmSafetensors){N_ENTRIES, s->entries, LM_ARRAY_LEN(meta) / 2, meta};
}

static void drop_sample(Sample *s)
{
    for (int i = 0; i < N_ENTRIES; i++) {
        lm_tensor_fini(&s->entries[i].tensor);
    }
}

static void test_there_and_back(void **state)
{
    (void)state;
    LmError err;
    Sample s;
    LmSafetensors f;
    size_t before = lm_mem_in_use();
    const char *path = help_files_path("sample");
    make_sample(&s);
    assert_survives_oom(lm_safetensors_save(&s.file, path, &err), err);
    assert_survives_oom(lm_safetensors_load(&f, path, &err), err);
    assert_int_equal(f.n_entries, N_ENTRIES);
    for (int i = 0; i < N_ENTRIES; i++) {
        const LmTensor *t = lm_safetensors_find(&f, s.entries[i].name);
        assert_non_null(t);
        assert_true(lm_tensor_equal(t, &s.entries[i].tensor));
        assert_false(t->is_read_only);
    }
    /* Wide types first, else the order given. */
    static const int order[] = {2, 1, 3, 4, 0, 5};
    for (int i = 0; i < N_ENTRIES; i++) {
        assert_string_equal(f.entries[i].name, s.entries[order[i]].name);
    }
    assert_int_equal(f.n_meta, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(lm_safetensors_meta(&f, meta[2 * i]), meta[2 * i + 1]);
    }
    assert_null(lm_safetensors_meta(&f, "luma"));
    assert_null(lm_safetensors_find(&f, "conv1"));
    lm_safetensors_fini(&f);
    lm_safetensors_fini(&f);
    drop_sample(&s);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_layout(void **state)
{
    (void)state;
    LmError err;
    LmFile file;
    LmTensor t = make(LM_F32, 1, (const int64_t[]){2}, 5);
    LmSafetensorsEntry entry = {TEXT("w"), t};
    LmSafetensors f = {1, &entry, 0, NULL};
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    assert_ok(lm_safetensors_save(&f, help_files_path("layout"), &err), err);
    assert_ok(lm_file_open(&file, help_files_path("layout"), 0, &err), err);
    uint64_t size;
    memcpy(&size, file.bytes, 8);
    assert_int_equal(size % 8, 0);
    assert_true(size >= strlen(header) && size < strlen(header) + 8);
    assert_memory_equal(file.bytes + 8, header, strlen(header));
    for (size_t i = strlen(header); i < size; i++) {
        assert_int_equal(file.bytes[8 + i], ' ');
    }
    assert_int_equal(file.size, 8 + size + 8);
    assert_memory_equal(file.bytes + 8 + size, t.data, 8);
    lm_file_close(&file);
    lm_tensor_fini(&t);
}

static void test_empty(void **state)
{
    (void)state;
    LmError err;
    LmSafetensors none = {0};
    LmSafetensors f;
    assert_ok(lm_safetensors_save(&none, help_files_path("empty"), &err), err);
    assert_ok(lm_safetensors_load(&f, help_files_path("empty"), &err), err);
    assert_int_equal(f.n_entries, 0);
    assert_int_equal(f.n_meta, 0);
    lm_safetensors_fini(&f);
}

static void test_save_refuses(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make(LM_U8, 0, NULL, 1);
    LmSafetensorsEntry twice[] = {{TEXT("w"), t}, {TEXT("v"), t}, {TEXT("w"), t}};
    LmSafetensorsEntry reserved = {TEXT("__metadata__"), t};
    LmSafetensorsEntry latin = {TEXT("gr\xf6\xdf"), t};
    char *same_keys[] = {TEXT("a"), TEXT("1"), TEXT("a"), TEXT("2")};
    char *latin_key[] = {TEXT("\xe4"), TEXT("1")};
    char *latin_value[] = {TEXT("a"), TEXT("\xe4")};
    const char *path = help_files_path("never");
    LmSafetensors f = {3, twice, 0, NULL};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err, "two tensors are named 'w'");
    f = (LmSafetensors){1, &reserved, 0, NULL};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err,
                 "cannot be named '__metadata__'");
    f = (LmSafetensors){1, &latin, 0, NULL};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err, "tensor is not valid UTF-8");
    f = (LmSafetensors){0, NULL, 2, same_keys};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err,
                 "two metadata strings are named 'a'");
    f = (LmSafetensors){0, NULL, 1, latin_key};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err, "string is not valid UTF-8");
    f = (LmSafetensors){0, NULL, 1, latin_value};
    assert_fails(lm_safetensors_save(&f, path, &err), LM_EARG, err, "'a' is not valid UTF-8");
    f = (LmSafetensors){0};
    assert_fails(lm_safetensors_save(&f, help_files_path("no/folder"), &err), LM_ENOTFOUND, err,
                 "folder");
    assert_int_equal(access(path, F_OK), -1);
    lm_tensor_fini(&t);
}

static const char *make_file(const char *header, size_t data_size)
{
    static uint8_t bytes[1 << 16];
    uint64_t n = strlen(header);
    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, header, n);
    memset(bytes + 8 + n, 1, data_size);
    return help_files_make("wrong", bytes, 8 + n + data_size);
}

static void refuse_file(const char *path, const char *part)
{
    LmError err;
    LmSafetensors f = {.n_entries = 44};
    size_t before = lm_mem_in_use();
    assert_fails(lm_safetensors_load(&f, path, &err), LM_EFORMAT, err, part);
    assert_memory_equal(err.msg, path, strlen(path));
    assert_int_equal(f.n_entries, 44);
    assert_int_equal(lm_mem_in_use(), before);
}

static void refuse(const char *header, size_t data_size, const char *part)
{
    refuse_file(make_file(header, data_size), part);
}

static void test_bad_sizes(void **state)
{
    (void)state;
    refuse_file(help_files_make("wrong", "", 0), "only 0 bytes long");
    refuse_file(help_files_make("wrong", "\2\0\0\0\0\0\0", 7), "only 7 bytes long");
    refuse_file(help_files_make("wrong", "\0\0\0\0\0\0\0\0", 8), "does not begin with {");
    refuse_file(help_files_make("wrong", "\3\0\0\0\0\0\0\0{}", 10),
                "header of 3 bytes, but only 2 follow");
    refuse_file(help_files_make("wrong", "\1\xe1\xf5\5\0\0\0\0{}", 10),
                "a header of 100000001 bytes, at most 100000000 are allowed");
    refuse_file(help_files_make("wrong", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10),
                "a header of 18446744073709551615 bytes");
    refuse_file(help_files_make("wrong", "<!DOCTYPE html>", 15), "but an HTML page");
    refuse_file(help_files_make("wrong", "PK\3\4\0\0\0\0\0\0\0\0", 12), "zip archive");
    LmError err;
    LmSafetensors f;
    assert_fails(lm_safetensors_load(&f, help_files_path("missing"), &err), LM_ENOTFOUND, err,
                 "missing");
    assert_fails(lm_safetensors_load(&f, help_files_path("."), &err), LM_EIO, err, "directory");
}

static void test_bad_json(void **state)
{
    (void)state;
    refuse(" {}", 0, "does not begin with {");
    refuse("[]", 0, "does not begin with {");
    refuse("null", 0, "does not begin with {");
    refuse("{", 0, "is no JSON object");
    refuse("{} x", 0, "is no JSON object");
    refuse("{\"a\":}", 0, "is no JSON object");
    refuse("{\"a\\u0000b\": 1}", 0, "is no JSON object");
    refuse("{\"\xff\": 1}", 0, "is no JSON object");
    refuse("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
           "\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
           1, "names something twice");
    refuse("{\"w\": 5}", 0, "tensor 'w': its entry is no JSON object");
    static char deep[20000];
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"a\":", 5);
    refuse(deep, 0, "is no JSON object");
}

static void test_bad_metadata(void **state)
{
    (void)state;
    refuse("{\"__metadata__\": 1}", 0, "__metadata__ is no JSON object");
    refuse("{\"__metadata__\": {\"a\": \"x\", \"b\": 1}}", 0, "metadata 'b' is no string");
    refuse("{\"__metadata__\": {\"a\": {\"b\": \"x\"}}}", 0, "metadata 'a' is no string");
    refuse("{\"__metadata__\": {\"a\": \"x\", \"a\": \"y\"}}", 0, "names something twice");
}

static void refuse_entry(const char *entry, size_t data_size, const char *part)
{
    char header[1000];
    snprintf(header, sizeof header, "{\"w\":{%s}}", entry);
    refuse(header, data_size, part);
}

static void test_bad_types_and_shapes(void **state)
{
    (void)state;
    refuse_entry("", 0, "tensor 'w': no dtype");
    refuse_entry("\"dtype\":1", 0, "no dtype");
    refuse_entry("\"dtype\":\"F16\"", 0, "dtype 'F16' is not read (known: U8, I32, F32, F64)");
    refuse_entry("\"dtype\":\"f32\"", 0, "dtype 'f32' is not read");
    refuse_entry("\"dtype\":\"\\u001b[31m\"", 0, "dtype '?[31m'");
    refuse_entry("\"dtype\":\"U8\"", 0, "no shape");
    refuse_entry("\"dtype\":\"U8\",\"shape\":3", 0, "no shape");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[-1]", 0, "whole numbers from 0 on");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[1.0]", 0, "whole numbers from 0 on");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[\"1\"]", 0, "whole numbers from 0 on");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1]", 0, "9 dimensions, at most 8");
    refuse_entry("\"dtype\":\"F64\",\"shape\":[2147483648,2147483648,2147483648]", 0,
                 "more than can be addressed");
    refuse_entry("\"dtype\":\"F64\",\"shape\":[2305843009213693952]", 0,
                 "more than can be addressed");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[0,9223372036854775807,9]", 0, "more than can be");
    refuse_entry("\"dtype\":\"U8\",\"shape\":[99999999999999999999]", 0, "is no JSON object");
}

static void test_bad_offsets(void **state)
{
    (void)state;
#define F32x2 "\"dtype\":\"F32\",\"shape\":[2],"
    refuse_entry(F32x2 "\"x\":0", 8, "data_offsets are not two whole numbers");
    refuse_entry(F32x2 "\"data_offsets\":[0]", 8, "not two whole");
    refuse_entry(F32x2 "\"data_offsets\":[0,8,8]", 8, "not two whole");
    refuse_entry(F32x2 "\"data_offsets\":[0,8.0]", 8, "not two whole");
    refuse_entry(F32x2 "\"data_offsets\":[-8,0]", 8, "not two whole");
    refuse_entry(F32x2 "\"data_offsets\":[8,0]", 8, "offsets 8 to 0 hold -8");
    refuse_entry(F32x2 "\"data_offsets\":[0,4]", 4,
                 "f32 of shape 2 needs 8 bytes, its offsets 0 to 4 "
                 "hold 4");
    refuse_entry(F32x2 "\"data_offsets\":[0,8]", 7,
                 "ends at byte 8 of the data, but there are only 7");
    refuse_entry(F32x2 "\"data_offsets\":[0,8]", 0, "but there are only 0: the file is cut off");
    refuse_entry(F32x2 "\"data_offsets\":[0,8]", 9, "1 surplus bytes follow the tensors");
    refuse_entry(F32x2 "\"data_offsets\":[1,9]", 9, "'w': 1 bytes before its data belong to none");
    refuse_entry(F32x2 "\"data_offsets\":[9223372036854775799,9223372036854775807]", 8,
                 "ends at byte 9223372036854775807");
#undef F32x2
    refuse("{}", 1, "1 surplus bytes");
#define ENTRY(name, from, to)                                                                      \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from "," #to "]}"
    refuse("{" ENTRY("a", 0, 4) "," ENTRY("b", 3, 7) "}", 7, "'b': its data overlaps");
    refuse("{" ENTRY("a", 0, 4) "," ENTRY("b", 0, 4) "}", 4, "its data overlaps another");
    refuse("{" ENTRY("b", 4, 8) "," ENTRY("a", 9, 13) "}", 13, "'b': 4 bytes before its data");
    refuse("{" ENTRY("a", 0, 4) "," ENTRY("b", 5, 9) "}", 9, "'b': 1 bytes before its data");
#undef ENTRY
}

static void test_any_order_of_entries(void **state)
{
    (void)state;
    LmError err;
    LmSafetensors f;
    const char *path =
        make_file("{\"b\":{\"data_offsets\":[2,3],\"shape\":[1],\"dtype\":\"U8\"},"
                  "\"none\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[2,2]},"
                  "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}   ",
                  3);
    assert_ok(lm_safetensors_load(&f, path, &err), err);
    assert_string_equal(f.entries[0].name, "a");
    assert_string_equal(f.entries[1].name, "none");
    assert_string_equal(f.entries[2].name, "b");
    lm_safetensors_fini(&f);
}

/* jansson has an allocator of its own: all its allocations fail in turn, too. Its reader words some
 * of these failures as faults of the text. */
static int64_t json_countdown;

static void *json_take(size_t size)
{
    return --json_countdown == 0 ? NULL : malloc(size);
}

static void test_out_of_memory_inside_json(void **state)
{
    (void)state;
    LmError err;
    Sample s;
    LmSafetensors f;
    make_sample(&s);
    size_t before = lm_mem_in_use();
    const char *path = help_files_path("json");
    json_set_alloc_funcs(json_take, free);
    LmStatus st = LM_EMEM;
    for (int64_t n = 1; st != LM_OK; n++) {
        json_countdown = n;
        st = lm_safetensors_save(&s.file, path, &err);
        assert_true(st == LM_OK || st == LM_EMEM);
        assert_int_equal(lm_mem_in_use(), before);
    }
    st = LM_EMEM;
    for (int64_t n = 1; st != LM_OK; n++) {
        json_countdown = n;
        st = lm_safetensors_load(&f, path, &err);
        assert_true(st == LM_OK || st == LM_EMEM || st == LM_EFORMAT);
        assert_true(st == LM_OK || lm_mem_in_use() == before);
    }
    json_set_alloc_funcs(malloc, free);
    lm_safetensors_fini(&f);
    drop_sample(&s);
}

static void test_random_damage(void **state)
{
    (void)state;
    LmError err;
    LmFile file;
    Sample s;
    uint8_t bytes[2048];
    LmRng rng = lm_rng(23, LM_RNG_USER, 0, 0);
    make_sample(&s);
    assert_ok(lm_safetensors_save(&s.file, help_files_path("good"), &err), err);
    drop_sample(&s);
    assert_ok(lm_file_open(&file, help_files_path("good"), 0, &err), err);
    assert_true(file.size <= sizeof bytes);
    size_t before = lm_mem_in_use();
    for (int i = 0; i < 5000; i++) {
        memcpy(bytes, file.bytes, file.size);
        for (uint32_t n = lm_rng_below(&rng, 3) + 1; n > 0; n--) {
            static const char likely[] = "0123456789{}[],:\"UF36 \\-.e";
            uint32_t place = lm_rng_below(&rng, (uint32_t)file.size);
            bytes[place] = (uint8_t)likely[lm_rng_below(&rng, sizeof likely)];
        }
        size_t size = i % 4 == 0 ? lm_rng_below(&rng, (uint32_t)file.size) : file.size;
        LmSafetensors f;
        LmStatus st = lm_safetensors_load(&f, help_files_make("bad", bytes, size), &err);
        assert_true(st == LM_OK || st == LM_EFORMAT);
        if (st == LM_OK) {
            lm_safetensors_fini(&f);
        }
    }
    assert_int_equal(lm_mem_in_use(), before);
    lm_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_save_refuses),
        cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_bad_metadata),
        cmocka_unit_test(test_bad_types_and_shapes),
        cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_any_order_of_entries),
        cmocka_unit_test(test_out_of_memory_inside_json),
        cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
