/* Dataset: the makers luma.dataset.mnist, fashion_mnist, digits, idx, npy and tensor. */
#include <limits.h>
#include <string.h>

#include "bind/b_dataset.h"
#include "base/profile.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "data/sources.h"
#include "io/npy.h"

static size_t pixel_bytes(const LmDataset *ds)
{
    return (size_t)(ds->count * lm_dataset_item_count(ds)) * lm_dtype_size(ds->dtype);
}

/* --- sets that come as training and test part --- */

static int open_mnist(lua_State *L, const char *set, const char *fn)
{
    char buffer[1024];
    const char *dir = lua_isnoneornil(L, 1) ? NULL : lb_arg_string(L, 1, fn, "dir");
    const char *script_dir = lb_open_script_dir(L, buffer, sizeof buffer);
    lb_arg_end(L, 1, fn);
    LbHandle *train_handle = lb_handle_push(L, &lb_dataset_type);
    LbHandle *test_handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *train;
    LmDataset *test;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_mnist_open(&train, &test, set, dir, script_dir, &err));
    lm_profile_stop(LM_PROFILE_LOAD, set, start);
    lb_raise_if(L, st, fn, &err);
    /* The pixels are usually a mapped file, which the system can drop: not memory to pay for. */
    lb_dataset_fill(L, train_handle, train, 0);
    lb_dataset_fill(L, test_handle, test, 0);
    return 2;
}

LB_FUNCTION(
    lb_luma_dataset_mnist, "luma.dataset.mnist", NULL, "luma.dataset.mnist([dir]) -> train, test",
    "The 70,000 handwritten digits of MNIST, 28 x 28 x 1. Without `dir` its four files are "
    "looked for in $LUMA_DATA, in `datasets` beside the script, the working directory and the "
    "program, and in the XDG data directory. `make mnist` fetches them.",
    "local ok, train, test = pcall(luma.dataset.mnist)\n"
    "if ok then assert(#train == 60000 and #test == 10000) end")
{
    return open_mnist(L, "mnist", fn);
}

LB_FUNCTION(lb_luma_dataset_fashion_mnist, "luma.dataset.fashion_mnist", NULL,
            "luma.dataset.fashion_mnist([dir]) -> train, test",
            "Fashion-MNIST: 70,000 pictures of clothes in the form of MNIST, in ten named classes; "
            "looked for in the same places.",
            "local ok, train = pcall(luma.dataset.fashion_mnist)\n"
            "if ok then assert(#train == 60000) end")
{
    return open_mnist(L, "fashion_mnist", fn);
}

/* The engine's bound, restated for the message. */
enum { DIGITS_MAX = 10000000 };

typedef struct DigitsArgs {
    int64_t train;
    int64_t test;
    int64_t seed;
    bool color;
} DigitsArgs;

static const LbOption digits_options[] = {
    LB_INTEGER(DigitsArgs, train, "train", 1, DIGITS_MAX, "60000", "training images"),
    LB_INTEGER(DigitsArgs, test, "test", 1, DIGITS_MAX, "10000", "test images"),
    LB_SEED(DigitsArgs, seed),
    LB_BOOLEAN(DigitsArgs, color, "color", "false", "32 x 32 x 3 on coloured textured grounds"),
    LB_OPTIONS_END};

LB_FUNCTION(lb_luma_dataset_digits, "luma.dataset.digits", digits_options,
            "luma.dataset.digits{ train=60000, test=10000, seed=, color=false } -> train, test",
            "Digits drawn by the program itself, 28 x 28 x 1: always there, no download. The same "
            "arguments give the same bits.",
            "local train, test = luma.dataset.digits{ train=100, test=10, seed=1 }\n"
            "assert(#train == 100 and train.shape[1] == 28)")
{
    DigitsArgs a = {.train = 60000, .test = 10000, .seed = (int64_t)lb_open_seed(L)};
    lb_options_parse(L, 1, fn, digits_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 1, fn);
    LmDigitsOptions o = {
        .n_train = a.train, .n_test = a.test, .seed = (uint64_t)a.seed, .is_color = a.color};
    LbHandle *train_handle = lb_handle_push(L, &lb_dataset_type);
    LbHandle *test_handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *train;
    LmDataset *test;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_digits_new(&train, &test, &o, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "digits", start);
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, train_handle, train, pixel_bytes(train));
    lb_dataset_fill(L, test_handle, test, pixel_bytes(test));
    return 2;
}

/* --- one set from the user's own data --- */

void lb_dataset_name_classes(lua_State *L, LmDataset *ds, const char *fn)
{
    LmError err;
    LmStatus st;
    if (lua_getfield(L, 1, "classes") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    int list = lua_gettop(L);
    int n =
        lb_options_parse(L, list, fn, NULL, (LbParts){"a list of class names", 1, INT_MAX}, NULL);
    const char **names = lua_newuserdatauv(L, (size_t)n * sizeof *names, 0);
    LbOption name = {.kind = LB_KIND_STRING};
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, list, i + 1);
        lb_options_store(L, lua_gettop(L), fn, "a class name", &name, &names[i]);
        lua_pop(L, 1);
    }
    LB_CALL(L, st, lm_dataset_set_classes(ds, n, names, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, list - 1);
}

typedef struct FileArgs {
    const char *images;
    const char *labels;
    const char *name;
} FileArgs;

static const LbOption file_options[] = {
    {.name = "images",
     .kind = LB_KIND_STRING,
     .is_required = true,
     .offset = offsetof(FileArgs, images),
     .text = "path of the images"},
    LB_STRING(FileArgs, labels, "labels", "none", "path of the labels"),
    LB_STRING(FileArgs, name, "name", "the images' path", "what messages call the set"),
    LB_TABLE("classes", "\"0\", \"1\", ...", "names of the classes, in order"),
    LB_OPTIONS_END};

static FileArgs parse_files(lua_State *L, const char *fn)
{
    FileArgs a = {NULL, NULL, NULL};
    lb_options_parse(L, 1, fn, file_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 1, fn);
    a.name = a.name != NULL ? a.name : a.images;
    return a;
}

LB_FUNCTION(
    lb_luma_dataset_idx, "luma.dataset.idx", file_options,
    "luma.dataset.idx{ images=path, labels=path } -> dataset",
    "A pair of IDX files, the format of MNIST, plain or gzip: N x H x W or N x H x W x C of "
    "bytes, and N labels.",
    "local ok, err = pcall(luma.dataset.idx, { images=\"no-such-file\" })\n"
    "assert(not ok and err.code == \"ENOTFOUND\")")
{
    FileArgs a = parse_files(L, fn);
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_idxset_open(&ds, a.name, a.images, a.labels, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "idx", start);
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handle, ds, 0);
    lb_dataset_name_classes(L, ds, fn);
    return 1;
}

/* Pushes a tensor read from a .npy file. */
static LmTensor *push_npy(lua_State *L, const char *path, const char *fn)
{
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_npy_load(&t->tensor, path, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return &t->tensor;
}

typedef LmStatus MakeFn(LmDataset **out, const char *name, const LmTensor *images,
                        const LmTensor *labels, LmError *err);

static int push_memory(lua_State *L, MakeFn *make, const char *name, const LmTensor *images,
                       const LmTensor *labels, size_t own_bytes, const char *fn)
{
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, make(&ds, name, images, labels, &err));
    if (st != LM_OK && make == lm_memory_adopt) {
        (void)lm_error_context(&err, "%s", name); /* called after its file */
    }
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handle, ds, own_bytes);
    lb_dataset_name_classes(L, ds, fn);
    return 1;
}

int lb_dataset_push_memory(lua_State *L, const char *name, const LmTensor *images,
                           const LmTensor *labels, const char *fn)
{
    size_t size = (size_t)images->count * (images->dtype == LM_U8 ? 1 : sizeof(float));
    return push_memory(L, lm_memory_adopt, name, images, labels, size, fn);
}

LB_FUNCTION(lb_luma_dataset_npy, "luma.dataset.npy", file_options,
            "luma.dataset.npy{ images=path, labels=path } -> dataset",
            "A pair of NumPy files: images N x H x W or N x H x W x C, and N integer labels. "
            "Integers from 0 to 255 become bytes, other numbers f32.",
            "local path = os.tmpname() .. \".npy\"\n"
            "luma.zeros({5, 8, 8}, \"u8\"):save(path)\n"
            "assert(#luma.dataset.npy{ images=path } == 5)\n"
            "os.remove(path)")
{
    FileArgs a = parse_files(L, fn);
    const LmTensor *images = push_npy(L, a.images, fn);
    const LmTensor *labels = a.labels != NULL ? push_npy(L, a.labels, fn) : NULL;
    return lb_dataset_push_memory(L, a.name, images, labels, fn);
}

typedef struct TensorSetArgs {
    const LmTensor *images;
    const LmTensor *labels;
    const char *name;
} TensorSetArgs;

static const LbOption tensor_options[] = {
    LB_OBJECT(TensorSetArgs, images, "images", &lb_tensor_type, true, "N x H x W or N x H x W x C"),
    LB_OBJECT(TensorSetArgs, labels, "labels", &lb_tensor_type, false,
              "N class numbers, u8 or i32"),
    LB_STRING(TensorSetArgs, name, "name", "\"tensor\"", "what messages call the set"),
    LB_TABLE("classes", "\"0\", \"1\", ...", "names of the classes, in order"), LB_OPTIONS_END};

LB_FUNCTION(lb_luma_dataset_tensor, "luma.dataset.tensor", tensor_options,
            "luma.dataset.tensor{ images=tensor, labels=tensor } -> dataset",
            "A data set around tensors (u8, or f32 already scaled), which it shares: no copy.",
            "local ds = luma.dataset.tensor{ images = luma.zeros({2, 4, 4}, \"u8\"),\n"
            "                                labels = luma.tensor({0, 1}, \"u8\"),\n"
            "                                classes = {\"cat\", \"dog\"} }\n"
            "assert(ds.classes[ds:label(2) + 1] == \"dog\")")
{
    TensorSetArgs a = {.name = "tensor"};
    lb_options_parse(L, 1, fn, tensor_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 1, fn);
    return push_memory(L, lm_memory_new, a.name, a.images, a.labels, 0, fn);
}

void lb_dataset_make_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_dataset_mnist_doc,
                                        &lb_luma_dataset_fashion_mnist_doc,
                                        &lb_luma_dataset_digits_doc,
                                        &lb_luma_dataset_idx_doc,
                                        &lb_luma_dataset_npy_doc,
                                        &lb_luma_dataset_tensor_doc,
                                        NULL};
    lb_doc_register(L, docs);
}
