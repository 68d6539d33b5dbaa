/* luma.model: a network built from luma.nn's layers, its facts, its weights, its file.
 *
 * A model knows the class names of the set it was last trained on, so that they go into its file.
 */
#include "bind/b_model.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bind/b_generator.h"
#include "bind/b_layer.h"
#include "bind/b_optim.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "bind/options.h"
#include "bind/shell.h"
#include "nn/modelfile.h"

enum { LAYERS_MAX = 1000, EXTENT_MAX = 1 << 16 };

LmModel *lb_model_check(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_model_type, fn);
}

static size_t model_size_bytes(const LmModel *m)
{
    return (size_t)lm_model_n_params(m) * sizeof(float);
}

/* --- making one --- */

typedef struct ModelArgs {
    int64_t seed;
    int64_t hwc[3];
} ModelArgs;

static const LbOption model_options[] = {{.name = "input",
                                          .kind = LB_KIND_TABLE,
                                          .offset = LB_NOWHERE,
                                          .initial = "required",
                                          .text = "{ rows, columns, channels } of an image"},
                                         LB_SEED(ModelArgs, seed),
                                         LB_OPTIONS_END};

static void read_input(lua_State *L, const char *fn, int64_t hwc[3])
{
    lua_getfield(L, 1, "input");
    int input = lua_gettop(L);
    bool is_good = lua_istable(L, input) && lua_rawlen(L, input) == 3;
    for (int i = 0; i < 3 && is_good; i++) {
        int is_integer = 0;
        lua_rawgeti(L, input, i + 1);
        hwc[i] = lua_tointegerx(L, -1, &is_integer);
        is_good = is_integer && hwc[i] >= 1 && hwc[i] <= EXTENT_MAX;
    }
    if (!is_good) {
        lb_raise_text(L, LM_EARG,
                      "%s: option 'input' wants { rows, columns, channels }, three integers from 1 "
                      "to %d, as { 28, 28, 1 }",
                      fn, EXTENT_MAX);
    }
    lua_settop(L, input - 1);
}

/* Pushes scratch memory with the specs of the n parts of the table at 1. */
static LmLayerSpec *read_layers(lua_State *L, const char *fn, int n)
{
    LmLayerSpec *specs = lua_newuserdatauv(L, (size_t)n * sizeof *specs, 0);
    for (int i = 0; i < n; i++) {
        char label[32];
        lua_rawgeti(L, 1, i + 1);
        const LbHandle *h = lb_handle_test(L, -1, &lb_layer_type);
        if (h == NULL || h->object == NULL) {
            snprintf(label, sizeof label, "layer %d", i + 1);
            lb_arg_fail(L, -1, fn, label, "a layer, as luma.nn.dense{ 10 }");
        }
        specs[i] = ((const LbLayer *)h->object)->spec;
        lua_pop(L, 1);
    }
    return specs;
}

/* "layer 3 (conv): ..." is raised at the line where layer 3 was written. */
static _Noreturn void raise_layer(lua_State *L, const char *fn, const LmError *err)
{
    int number = 0;
    if (sscanf(err->msg, "layer %d", &number) == 1 && lua_rawgeti(L, 1, number) != LUA_TNIL) {
        const LbHandle *h = lb_handle_test(L, -1, &lb_layer_type);
        if (h != NULL && h->object != NULL && ((const LbLayer *)h->object)->where[0] != '\0') {
            lb_raise_at(L, ((const LbLayer *)h->object)->where, fn, err);
        }
    }
    lb_raise(L, fn, err);
}

LB_FUNCTION(lb_model, "luma.model", model_options,
            "luma.model{ input={rows, columns, channels}, seed=luma.seed, layer, ... } -> model",
            "A network: the layers of luma.nn in the order written. Weights start from\n"
            "glorot_uniform, biases from zero, all from `seed` alone. The fields are\n"
            "model.params, model.input, model.outputs, model.seed and model.classes.",
            "local nn = luma.nn\n"
            "local model = luma.model{ input={28, 28, 1}, nn.flatten{}, nn.dense{10, "
            "act=\"softmax\"} }\n"
            "assert(model.params == 7850)")
{
    ModelArgs a = {.seed = (int64_t)lb_open_seed(L)};
    LmError err;
    LmStatus st;
    LmModel *m;
    lb_arg_end(L, 1, fn);
    int n = lb_options_parse(L, 1, fn, model_options, (LbParts){"its layers", 1, LAYERS_MAX}, &a);
    read_input(L, fn, a.hwc);
    const LmLayerSpec *specs = read_layers(L, fn, n);
    LbHandle *h = lb_handle_push(L, &lb_model_type);
    LB_CALL(L, st,
            lm_model_new(&m, a.hwc[0], a.hwc[1], a.hwc[2], specs, n, (uint64_t)a.seed, &err));
    if (st != LM_OK) {
        raise_layer(L, fn, &err);
    }
    lb_handle_fill(L, h, m, model_size_bytes(m));
    return 1;
}

/* --- fields --- */

LB_FUNCTION(lb_model_params, "model.params", NULL, "model.params -> integer",
            "How many numbers training may change: all weights and biases.",
            LB_MODEL_EXAMPLE "assert(model.params == 7850)")
{
    lua_pushinteger(L, lm_model_n_params(lb_model_check(L, 1, fn)));
    return 1;
}

LB_FUNCTION(lb_model_input_field, "model.input", NULL, "model.input -> { rows, columns, channels }",
            "The shape of the images the network takes.",
            LB_MODEL_EXAMPLE "assert(model.input[1] == 28)")
{
    int64_t hwc[3];
    lm_model_input(lb_model_check(L, 1, fn), hwc);
    lb_tensor_push_shape(L, 3, hwc);
    return 1;
}

LB_FUNCTION(lb_model_outputs, "model.outputs", NULL, "model.outputs -> integer",
            "How many numbers come out for one image.",
            LB_MODEL_EXAMPLE "assert(model.outputs == 10)")
{
    lua_pushinteger(L, lm_model_n_outputs(lb_model_check(L, 1, fn)));
    return 1;
}

LB_FUNCTION(lb_model_seed_field, "model.seed", NULL, "model.seed -> integer",
            "The seed its first weights were drawn with.",
            LB_MODEL_EXAMPLE "assert(model.seed == 0)")
{
    lua_pushinteger(L, (lua_Integer)lm_model_seed(lb_model_check(L, 1, fn)));
    return 1;
}

LB_FUNCTION(lb_model_classes, "model.classes", NULL, "model.classes -> list of strings or nil",
            "The class names of the data set it was trained on: model.classes[label + 1].",
            LB_MODEL_EXAMPLE "assert(model.classes == nil)")
{
    lb_model_check(L, 1, fn);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

void lb_model_set_classes(lua_State *L, int index, int n_classes, char *const *classes)
{
    index = lua_absindex(L, index);
    lua_createtable(L, n_classes, 0);
    for (int i = 0; i < n_classes; i++) {
        lua_pushstring(L, classes[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setiuservalue(L, index, 1);
}

LB_FUNCTION(
    lb_model_summary, "model:summary", NULL, "model:summary() -> string",
    "A table of the layers: name, kind, output shape, parameters, multiply-adds, what runs it.",
    LB_MODEL_EXAMPLE "print(model:summary())")
{
    LmModel *m = lb_model_check(L, 1, fn);
    char *text;
    LmError err;
    LmStatus st;
    lb_arg_end(L, 1, fn);
    LbShell *shell = lb_shell_push(L, lm_mem_free);
    LB_CALL(L, st, lm_model_summary(m, &text, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = text;
    size_t n = strlen(text);
    lua_pushlstring(L, text, n > 0 && text[n - 1] == '\n' ? n - 1 : n);
    lb_shell_release(shell);
    return 1;
}

/* --- files --- */

typedef struct SaveArgs {
    LmGenerator *generator;
} SaveArgs;

static const LbOption save_options[] = {LB_OBJECT(SaveArgs, generator, "generator",
                                                  &lb_generator_type, false,
                                                  "the fitted stages its images went through"),
                                        LB_OPTIONS_END};

/* Pushes the model's class names and an array of them, which lives as long as both stay pushed. */
static const char *const *push_classes(lua_State *L, int *n)
{
    *n = 0;
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        return NULL;
    }
    *n = (int)lua_rawlen(L, -1);
    const char **names = lua_newuserdatauv(L, (size_t)*n * sizeof *names, 0);
    for (int i = 0; i < *n; i++) {
        lua_rawgeti(L, -2, i + 1);
        names[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return names;
}

LB_FUNCTION(
    lb_model_save, "model:save", save_options, "model:save(path, { generator=nil }) -> model",
    "Writes the network, its class names and the generator's fitted numbers to one safetensors\n"
    "file. luma.load gives back a model and a generator that predict the same bits.",
    LB_MODEL_EXAMPLE "local path = os.tmpname()\n"
                     "model:save(path, { generator=luma.generator{ luma.rescale(1/255) } })\n"
                     "os.remove(path)")
{
    SaveArgs a = {NULL};
    LmError err;
    LmStatus st;
    int n_classes;
    LmModel *m = lb_model_check(L, 1, fn);
    const char *path = lb_arg_string(L, 2, fn, "path");
    lb_arg_end(L, 3, fn);
    lb_options_parse(L, 3, fn, save_options, LB_NO_PARTS, &a);
    const char *const *classes = push_classes(L, &n_classes);
    LB_CALL(L, st, lm_modelfile_save(path, m, a.generator, n_classes, classes, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

static void release_file(void *object)
{
    lm_modelfile_fini(object);
    lm_mem_free(object);
}

/* Pushes a shell with an empty file struct in it. */
static LmModelFile *push_file(lua_State *L, const char *fn)
{
    LmModelFile *file;
    LmError err;
    LmStatus st;
    LbShell *shell = lb_shell_push(L, release_file);
    LB_CALL(L, st, lm_mem_zeros(&file, 1, sizeof *file, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = file;
    return file;
}

LB_FUNCTION(
    lb_load, "luma.load", NULL, "luma.load(path) -> model, generator",
    "Reads what model:save or generator:save wrote: the model and the generator it was saved\n"
    "with (or nil), or the generator alone.",
    "local path = os.tmpname()\n"
    "luma.generator{ luma.rescale(1/255) }:save(path)\n"
    "local generator = luma.load(path)\n"
    "os.remove(path)")
{
    LmError err;
    LmStatus st;
    const char *path = lb_arg_string(L, 1, fn, "path");
    lb_arg_end(L, 1, fn);
    LmModelFile *file = push_file(L, fn);
    LbHandle *model = lb_handle_push(L, &lb_model_type);
    LbHandle *generator = lb_handle_push(L, &lb_generator_type);
    LB_CALL(L, st, lm_modelfile_load(file, path, &err));
    lb_raise_if(L, st, fn, &err);
    if (file->generator != NULL) {
        lb_generator_fill(L, generator, lm_generator_ref(file->generator));
    }
    if (file->model == NULL) {
        return 1;
    }
    lb_handle_fill(L, model, lm_model_ref(file->model), model_size_bytes(file->model));
    if (file->classes != NULL) {
        lb_model_set_classes(L, -2, file->n_classes, file->classes);
    }
    if (file->generator == NULL) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return 2;
}

/* --- the type --- */

static void describe(const void *object, LmStr *out)
{
    char text[256];
    lm_str_add(out, "%s", lm_model_describe(object, text, sizeof text));
}

static void release(void *object)
{
    lm_model_unref(object);
}

static lua_Integer count_layers(const void *object)
{
    return lm_model_n_layers(object);
}

static const LbDoc *const members[] = {&lb_model_params_doc,  &lb_model_input_field_doc,
                                       &lb_model_outputs_doc, &lb_model_seed_field_doc,
                                       &lb_model_classes_doc, &lb_model_summary_doc,
                                       &lb_model_save_doc,    NULL};

const LbType lb_model_type = {
    .name = "model",
    .text = "A network: its layers and their weights. #model is the number of layers.",
    .example = LB_MODEL_EXAMPLE "print(model)",
    .n_user_values = 1,
    .release = release,
    .describe = describe,
    .length = count_layers,
    .members = members,
};

void lb_model_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_model_doc, &lb_load_doc, NULL};
    lb_layer_open(L);
    lb_optim_open(L);
    lb_handle_define(L, &lb_model_type);
    lb_doc_register(L, docs);
    lb_weights_open(L);
    lb_evaluate_open(L);
    lb_train_open(L);
}
