/* Model files: there and back to the same bits, every refusal, damage at every byte, and nothing
 * half-written. */
#include "help_test.h"

#include <math.h>
#include <unistd.h>

#include "help_files.h"
#include "help_nets.h"
#include "help_sets.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "nn/modelfile.h"
#include "nn/train.h"

enum { N_CLASSES = 5 };

static const char *const class_names[N_CLASSES] = {"zero", "one", "zw\xc3\xb6lf", "a \"b\"", ""};

/* Small, so that every byte of its file can be damaged in turn. */
static LmModel *small_model(uint64_t seed)
{
    HelpSpec spec = {
        4,
        5,
        1,
        4,
        {{.kind = LM_LAYER_CONV, .units = 2, .kh = 2, .kw = 3, .is_same = true, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_GLOBAL_AVGPOOL},
         {.kind = LM_LAYER_DROPOUT, .rate = 0.1},
         {.kind = LM_LAYER_DENSE, .units = N_CLASSES, .act = LM_ACT_SOFTMAX, .name = "last one"}}};
    return help_nets_model(&spec, seed);
}

static LmGenerator *generator(LmDataset *ds)
{
    LmError err;
    LmGenerator *g = NULL;
    LmStage stages[] = {lm_stage_rescale(1.0 / 255),
                        lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_PIXEL, 1e-6),
                        lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL), lm_stage_clip(-3, 3)};
    assert_ok(lm_generator_new(&g, stages, LM_ARRAY_LEN(stages), &err), err);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    return g;
}

static const char *save(const char *name, const LmModel *m, const LmGenerator *g)
{
    LmError err;
    const char *path = help_files_path(name);
    assert_ok(lm_modelfile_save(path, m, g, N_CLASSES, class_names, &err), err);
    return path;
}

static LmTensor predict(LmModel *m, LmGenerator *g, LmDataset *ds)
{
    LmError err;
    LmFlow *flow = NULL;
    LmTensor rows;
    LmFlowOptions o = {.batch = 8};
    assert_ok(lm_flow_new(&flow, g, ds, &o, &err), err);
    assert_ok(lm_predict(m, flow, &rows, &err), err);
    lm_flow_unref(flow);
    return rows;
}

static void assert_same_layers(const LmModel *a, const LmModel *b)
{
    assert_int_equal(lm_model_n_layers(a), lm_model_n_layers(b));
    assert_int_equal(lm_model_seed(a), lm_model_seed(b));
    for (int i = 0; i < lm_model_n_layers(a); i++) {
        const LmLayerSpec *x = lm_model_layer(a, i);
        const LmLayerSpec *y = lm_model_layer(b, i);
        assert_string_equal(x->name, y->name);
        assert_true(x->kind == y->kind && x->units == y->units && x->kh == y->kh &&
                    x->kw == y->kw && x->sh == y->sh && x->sw == y->sw &&
                    x->is_same == y->is_same && x->act == y->act && x->rate == y->rate);
    }
}

static void check_there_and_back(const HelpSpec *spec, uint64_t seed)
{
    LmError err;
    LmModelFile back;
    char digests[2][65];
    LmModel *m = help_nets_model(spec, seed);
    LmDataset *ds = help_sets_stripes(20, spec->h, spec->w, spec->c, N_CLASSES, seed);
    LmGenerator *g = generator(ds);
    assert_ok(lm_modelfile_load(&back, save("model", m, g), &err), err);
    assert_same_layers(m, back.model);
    lm_model_digest(m, digests[0]);
    lm_model_digest(back.model, digests[1]);
    assert_string_equal(digests[0], digests[1]);
    LmTensor wanted = predict(m, g, ds);
    LmTensor got = predict(back.model, back.generator, ds);
    assert_true(lm_tensor_equal(&wanted, &got));
    assert_int_equal(back.n_classes, N_CLASSES);
    for (int i = 0; i < N_CLASSES; i++) {
        assert_string_equal(back.classes[i], class_names[i]);
    }
    lm_tensor_fini(&wanted);
    lm_tensor_fini(&got);
    lm_modelfile_fini(&back);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_model_unref(m);
}

static void test_there_and_back(void **state)
{
    (void)state;
    HelpSpec every = help_nets_every_kind(15, 16, 3, N_CLASSES);
    HelpSpec walkthrough = help_nets_walkthrough();
    check_there_and_back(&every, 0);
    check_there_and_back(&every, UINT64_MAX);
    check_there_and_back(&walkthrough, 12345678901234567ull);
}

static void test_parts_alone(void **state)
{
    (void)state;
    LmError err;
    LmModelFile back;
    LmModel *m = small_model(1);
    LmDataset *ds = help_sets_stripes(20, 4, 5, 1, N_CLASSES, 0);
    LmGenerator *g = generator(ds);
    const char *path = help_files_path("part");
    assert_ok(lm_modelfile_save(path, m, NULL, 0, NULL, &err), err);
    assert_ok(lm_modelfile_load(&back, path, &err), err);
    assert_true(back.model != NULL && back.generator == NULL && back.n_classes == 0);
    lm_modelfile_fini(&back);
    assert_ok(lm_modelfile_save(path, NULL, g, 0, NULL, &err), err);
    assert_ok(lm_modelfile_load(&back, path, &err), err);
    assert_true(back.model == NULL && back.generator != NULL && back.classes == NULL);
    lm_modelfile_fini(&back);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_model_unref(m);
}

/* --- refusals --- */

/* The good file with metadata `key` replaced (removed when `value` is NULL). */
static const char *with_meta(const char *key, const char *value)
{
    LmError err;
    LmSafetensors f;
    LmModel *m = small_model(1);
    assert_ok(lm_safetensors_load(&f, save("good", m, NULL), &err), err);
    for (size_t i = 0; i < f.n_meta; i++) {
        if (strcmp(f.meta[2 * i], key) != 0) {
            continue;
        }
        lm_mem_free(f.meta[2 * i + 1]);
        if (value != NULL) {
            assert_ok(lm_mem_strdup(&f.meta[2 * i + 1], value, &err), err);
        } else {
            lm_mem_free(f.meta[2 * i]);
            f.n_meta--;
            f.meta[2 * i] = f.meta[2 * f.n_meta];
            f.meta[2 * i + 1] = f.meta[2 * f.n_meta + 1];
        }
        break;
    }
    const char *path = help_files_path("edited");
    assert_ok(lm_safetensors_save(&f, path, &err), err);
    lm_safetensors_fini(&f);
    lm_model_unref(m);
    return path;
}

/* A refused file leaves nothing behind in memory, and the message names it. */
static void refuse(const char *path, LmStatus status, const char *part)
{
    LmError err;
    LmModelFile f = {.n_classes = 77};
    size_t before = lm_mem_in_use();
    assert_fails(lm_modelfile_load(&f, path, &err), status, err, part);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(f.n_classes, 77);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_foreign_metadata(void **state)
{
    (void)state;
    refuse(with_meta("format", NULL), LM_EFORMAT,
           "is a safetensors file, but not one that model:save or generator:save wrote");
    refuse(with_meta("format", "pt"), LM_EFORMAT, "but not one that model:save");
    refuse(with_meta("format_version", "2"), LM_EFORMAT,
           "has format version 2; this luma reads version 1");
    refuse(with_meta("format_version", NULL), LM_EFORMAT, "has format version (none)");
    refuse(with_meta("model", NULL), LM_EFORMAT, "holds neither a model nor a generator");
    refuse(with_meta("classes", "{}"), LM_EFORMAT, "its list of classes is damaged");
    refuse(with_meta("classes", "["), LM_EFORMAT, "its list of classes is damaged");
    refuse(with_meta("classes", "[\"a\", 7]"), LM_EFORMAT, "class 2 is no text");
    refuse(with_meta("model", "{"), LM_EFORMAT, "the description of the model is no JSON");
    refuse(with_meta("model", "[]"), LM_EFORMAT, "the description of the model is damaged");
    refuse(with_meta("model", "{\"input\":[4,5,1],\"seed\":\"0\",\"layers\":7}"), LM_EFORMAT,
           "the description of the model is damaged: no list of layers");
    refuse(with_meta("model", "{\"input\":[4,5,1],\"seed\":\"0\",\"layers\":[]}"), LM_EFORMAT,
           "a model needs 1..1000 layers, got 0");
    refuse(with_meta("model", "{\"input\":[4,5],\"seed\":\"0\",\"layers\":[]}"), LM_EFORMAT,
           "the description of the model is damaged");
}

/* The good file's model with one layer in place of its own. */
static void refuse_layer(const char *layer, const char *part)
{
    char text[600];
    snprintf(text, sizeof text, "{\"input\":[4,5,1],\"seed\":\"0\",\"layers\":[%s]}", layer);
    refuse(with_meta("model", text), LM_EFORMAT, part);
}

#define LAYER(kind, name, units, act, padding, rest)                                               \
    "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"units\":" units ",\"window\":[2,2],"           \
    "\"stride\":[1,1],\"padding\":\"" padding "\",\"act\":\"" act "\"" rest "}"

static void test_foreign_layers(void **state)
{
    (void)state;
    refuse_layer("7", "layer 1: ");
    refuse_layer("{}", "layer 1: ");
    refuse_layer(LAYER("lstm", "a", "2", "relu", "same", ",\"rate\":0"),
                 "layer 1: no layer kind 'lstm' in this version");
    refuse_layer(LAYER("conv", "a", "2", "gelu", "same", ",\"rate\":0"),
                 "layer 1: no activation 'gelu' in this version");
    refuse_layer(LAYER("conv", "a", "2", "relu", "full", ",\"rate\":0"),
                 "layer 1: no padding 'full' in this version");
    refuse_layer(LAYER("conv", "a", "2", "relu", "same", ""), "layer 1: ");
    refuse_layer(LAYER("conv", "a", "\"2\"", "relu", "same", ",\"rate\":0"), "layer 1: ");
    refuse_layer(LAYER("conv", "a", "-2", "relu", "same", ",\"rate\":0"),
                 "layer 1 (conv): the number of filters must be in 1..1048576, got -2");
    refuse_layer(
        LAYER("conv", "a name that is one letter too long", "2", "relu", "same", ",\"rate\":0"),
        "a layer's name is too long: 'a name that is one letter too long...'");
    refuse_layer(LAYER("conv", "a/b", "2", "relu", "same", ",\"rate\":0"), "may not hold '/'");
    refuse_layer(LAYER("dense", "a", "2", "relu", "same", ",\"rate\":0"), "needs a flat input");
    refuse_layer(LAYER("conv", "other", "2", "relu", "same", ",\"rate\":0"),
                 "holds 4 tensors, its model has 2, its generator 0");
}

/* Descriptions of models far larger than the file are refused before memory of their size is taken:
 * 4 GB of weights, and 16,666 layers. */
static void test_large_claims(void **state)
{
    (void)state;
    char many[50000];
    size_t peak = lm_mem_peak();
    refuse_layer(LAYER("conv", "a", "16384", "relu", "same", ",\"rate\":0") "," LAYER(
                     "conv", "b", "16384", "relu", "same", ",\"rate\":0"),
                 "has no tensor 'a/kernel'");
    size_t n = (size_t)sprintf(many, "{\"input\":[1,1,1],\"seed\":\"1\",\"layers\":[{}");
    while (n + 6 < sizeof many) {
        n += (size_t)sprintf(many + n, ",{}");
    }
    memcpy(many + n, "]}", 3);
    refuse(with_meta("model", many), LM_EFORMAT, "a model has 1..1000 layers, this one 166");
    assert_true(lm_mem_peak() - peak < 1 << 20);
}

typedef void Edit(LmSafetensors *f);

static void drop_tensor(LmSafetensors *f)
{
    f->n_entries--;
    lm_mem_free(f->entries[f->n_entries].name);
    lm_tensor_fini(&f->entries[f->n_entries].tensor);
}

static void rename_tensor(LmSafetensors *f)
{
    f->entries[1].name[0] = 'X';
}

static void poison_tensor(LmSafetensors *f)
{
    ((float *)f->entries[0].tensor.data)[3] = NAN;
}

static void flatten_tensor(LmSafetensors *f)
{
    LmTensor *t = &f->entries[0].tensor;
    t->rank = 1;
    t->shape[0] = t->count;
}

static void refuse_edited(Edit *edit, const char *part)
{
    LmError err;
    LmSafetensors f;
    LmModel *m = small_model(1);
    assert_ok(lm_safetensors_load(&f, save("good", m, NULL), &err), err);
    edit(&f);
    const char *path = help_files_path("edited");
    assert_ok(lm_safetensors_save(&f, path, &err), err);
    lm_safetensors_fini(&f);
    lm_model_unref(m);
    refuse(path, LM_EFORMAT, part);
}

static void test_foreign_tensors(void **state)
{
    (void)state;
    refuse_edited(drop_tensor, "holds 3 tensors, its model has 4, its generator 0");
    refuse_edited(rename_tensor, "has no tensor '");
    refuse_edited(poison_tensor, "holds nan at position 4");
    refuse_edited(flatten_tensor, "weight 'conv1/kernel' is 2x3x1x2, got a tensor of 12");
}

static void test_no_model_file_at_all(void **state)
{
    (void)state;
    static const char html[] = "<!DOCTYPE html><html><body>404 not found</body></html>";
    refuse(help_files_path("nowhere"), LM_ENOTFOUND, "nowhere");
    refuse(help_files_make("empty", "", 0), LM_EFORMAT, "empty");
    refuse(help_files_make("html", html, sizeof html), LM_EFORMAT, "HTML");
    refuse(help_files_path("."), LM_EIO, "");
}

static void test_names_that_cannot_be_saved(void **state)
{
    (void)state;
    LmError err;
    const char *const classes[] = {"good", "caf\xe9"};
    LmModel *m = small_model(1);
    const char *path = help_files_path("unsaved");
    assert_fails(lm_modelfile_save(path, m, NULL, 2, classes, &err), LM_EARG, err,
                 "the name of class 1 cannot be saved: 'caf\xe9' is not text in UTF-8");
    assert_int_equal(access(path, F_OK), -1);
    lm_model_unref(m);
    HelpSpec spec = {
        2,
        2,
        1,
        2,
        {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 2, .name = "d\xe9nse"}}};
    m = help_nets_model(&spec, 0);
    assert_fails(lm_modelfile_save(path, m, NULL, 0, NULL, &err), LM_EARG, err,
                 "the name of layer 2 cannot be saved: 'd\xe9nse' is not text in UTF-8");
    assert_int_equal(access(path, F_OK), -1);
    lm_model_unref(m);
}

/* --- damage --- */

/* Whatever was loaded in spite of damage is whole: its weights are finite and it runs. */
static void check_usable(LmModelFile *f)
{
    LmError err;
    for (int i = 0; f->model != NULL && i < lm_model_n_weights(f->model); i++) {
        LmTensor t;
        assert_ok(lm_model_get_weight(f->model, i, &t, &err), err);
        for (int64_t j = 0; j < t.count; j++) {
            assert_true(isfinite(lm_tensor_get(&t, j)));
        }
        lm_tensor_fini(&t);
    }
    if (f->model != NULL) {
        int64_t shape[4] = {1};
        LmTensor x;
        LmTensor y;
        lm_model_input(f->model, shape + 1);
        assert_ok(lm_tensor_zeros(&x, LM_F32, 4, shape, &err), err);
        assert_ok(lm_model_forward(f->model, &x, &y, &err), err);
        lm_tensor_fini(&y);
        lm_tensor_fini(&x);
    }
}

static void load_damaged(const void *bytes, size_t size)
{
    LmError err;
    LmModelFile f;
    size_t before = lm_mem_in_use();
    const char *path = help_files_make("damaged", bytes, size);
    LmStatus st = lm_modelfile_load(&f, path, &err);
    if (st == LM_OK) {
        check_usable(&f);
        lm_modelfile_fini(&f);
    } else if (st != LM_EFORMAT || strstr(err.msg, "damaged") == NULL) {
        fail_msg("got %s: %s", lm_status_name(st), err.msg);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static LmFile small_file(void)
{
    LmError err;
    LmFile file;
    LmModel *m = small_model(1);
    LmDataset *ds = help_sets_stripes(20, 4, 5, 1, N_CLASSES, 0);
    LmGenerator *g = generator(ds);
    assert_ok(lm_file_open(&file, save("whole", m, g), 0, &err), err);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_model_unref(m);
    return file;
}

static void test_every_byte_damaged(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x10, 0x80, 0xff};
    LmFile file = small_file();
    uint8_t *copy = malloc(file.size);
    assert_non_null(copy);
    memcpy(copy, file.bytes, file.size);
    for (size_t i = 0; i < file.size; i++) {
        for (size_t j = 0; j < LM_ARRAY_LEN(masks); j++) {
            copy[i] ^= masks[j];
            load_damaged(copy, file.size);
            copy[i] ^= masks[j];
        }
    }
    free(copy);
    lm_file_close(&file);
}

static void test_every_length(void **state)
{
    (void)state;
    LmFile file = small_file();
    for (size_t n = 0; n < file.size; n++) {
        LmError err;
        LmModelFile f;
        const char *path = help_files_make("damaged", file.bytes, n);
        assert_int_equal(lm_modelfile_load(&f, path, &err), LM_EFORMAT);
    }
    lm_file_close(&file);
}

/* --- nothing half-written --- */

static void test_failed_save_keeps_the_old_file(void **state)
{
    (void)state;
    LmError err;
    LmModelFile back;
    char digests[2][65];
    LmModel *old = small_model(1);
    LmModel *new = small_model(2);
    LmDataset *ds = help_sets_stripes(20, 4, 5, 1, N_CLASSES, 0);
    LmGenerator *g = generator(ds);
    const char *path = save("kept", old, NULL);
    int n_files = help_files_count();
    lm_model_digest(old, digests[0]);
    for (int64_t nth = 1;; nth++) {
        lm_mem_fail_nth(nth);
        LmStatus st = lm_modelfile_save(path, new, g, N_CLASSES, class_names, &err);
        lm_mem_fail_nth(0);
        assert_int_equal(help_files_count(), n_files);
        if (st == LM_OK) {
            break;
        }
        assert_int_equal(st, LM_EMEM);
        assert_ok(lm_modelfile_load(&back, path, &err), err);
        lm_model_digest(back.model, digests[1]);
        assert_string_equal(digests[0], digests[1]);
        lm_modelfile_fini(&back);
    }
    assert_survives_oom(lm_modelfile_load(&back, path, &err), err);
    lm_modelfile_fini(&back);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_model_unref(old);
    lm_model_unref(new);
}

static void test_save_where_there_is_no_folder(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = small_model(1);
    int n_files = help_files_count();
    assert_fails(lm_modelfile_save(help_files_path("no/such/folder"), m, NULL, 0, NULL, &err),
                 LM_ENOTFOUND, err, "no/such/folder");
    assert_int_equal(help_files_count(), n_files);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_parts_alone),
        cmocka_unit_test(test_foreign_metadata),
        cmocka_unit_test(test_foreign_layers),
        cmocka_unit_test(test_foreign_tensors),
        cmocka_unit_test(test_large_claims),
        cmocka_unit_test(test_no_model_file_at_all),
        cmocka_unit_test(test_names_that_cannot_be_saved),
        cmocka_unit_test(test_every_byte_damaged),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_failed_save_keeps_the_old_file),
        cmocka_unit_test(test_save_where_there_is_no_folder),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
