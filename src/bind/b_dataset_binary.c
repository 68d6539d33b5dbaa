/* Dataset: the makers luma.dataset.npz, cifar, cifar10 and emnist, whose files hold many images
 * each; and luma.npz.load. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/profile.h"
#include "bind/b_dataset.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "bind/shell.h"
#include "data/sources.h"
#include "io/npz.h"

/* --- npz --- */

typedef struct NpzArgs {
    const char *images;
    const char *labels;
    const char *name;
} NpzArgs;

static const LbOption npz_options[] = {
    LB_STRING(NpzArgs, images, "images", "\"x_train\"", "array of the images"),
    LB_STRING(NpzArgs, labels, "labels", "images' name with y for x, where there is one",
              "array of the labels"),
    LB_NAMES("classes", "\"0\", \"1\", ...", "names of the classes, in order"),
    LB_STRING(NpzArgs, name, "name", "the path and the images' name", "what messages call the set"),
    LB_OPTIONS_END};

static void close_npz(void *z)
{
    lm_npz_close(z);
}

/* Pushes a shell that holds the opened archive. */
static LmNpz *push_npz(lua_State *L, const char *path, const char *fn)
{
    LbShell *shell = lb_shell_push(L, close_npz);
    LmNpz *z;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_npz_open(&z, path, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = z;
    return z;
}

static _Noreturn void fail_array(lua_State *L, const LmNpz *z, const char *path, const char *array,
                                 const char *fn)
{
    char names[256];
    LmStr s = lm_str(names, sizeof names);
    for (int64_t k = 0; k < lm_npz_count(z) && s.used < sizeof names - 1; k++) {
        lm_str_add(&s, k > 0 ? ", %s" : "%s", lm_npz_name(z, k));
    }
    lb_raise_text(L, LM_EARG, "%s: %s has no array '%s'; it has %s", fn, path, array, names);
}

/* Pushes array i as a tensor. */
static LbTensor *push_array(lua_State *L, LmNpz *z, int64_t i, const char *fn)
{
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_npz_read(&t->tensor, z, i, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return t;
}

/* "x_train" has labels "y_train" where the archive has them; others none: -1. Pushes a string. */
static int64_t default_labels(lua_State *L, const LmNpz *z, const char *images)
{
    const char *name = lua_pushfstring(L, "y%s", images + 1);
    return images[0] == 'x' ? lm_npz_find(z, name) : -1;
}

LB_FUNCTION(
    lb_luma_dataset_npz, "luma.dataset.npz", npz_options,
    "luma.dataset.npz{ path, images=\"x_train\", labels=\"y_train\" } -> dataset",
    "Arrays of a NumPy archive (np.savez, np.savez_compressed; Keras' mnist.npz): images N x H x W "
    "or "
    "N x H x W x C, and labels N or N x 1. Integers from 0 to 255 become bytes, other numbers f32.",
    "local ok, err = pcall(luma.dataset.npz, { \"no-such-file.npz\" })\n"
    "assert(not ok and err.code == \"ENOTFOUND\")")
{
    NpzArgs a = {.images = "x_train"};
    LbParts parts = {"the path of a .npz file", 1, 1};
    lb_options_parse(L, 1, fn, npz_options, parts, &a);
    lb_arg_end(L, 1, fn);
    const char *path = lb_dataset_path_part(L, fn);
    const char *name = a.name != NULL ? a.name : lua_pushfstring(L, "%s %s", path, a.images);
    LmNpz *z = push_npz(L, path, fn);
    LbShell *shell = lua_touserdata(L, -1);
    int64_t images = lm_npz_find(z, a.images);
    int64_t labels = a.labels != NULL ? lm_npz_find(z, a.labels) : default_labels(L, z, a.images);
    if (images < 0 || (labels < 0 && a.labels != NULL)) {
        fail_array(L, z, path, images < 0 ? a.images : a.labels, fn);
    }
    double start = lm_profile_start();
    const LmTensor *x = &push_array(L, z, images, fn)->tensor;
    const LmTensor *y = labels >= 0 ? &push_array(L, z, labels, fn)->tensor : NULL;
    lm_profile_stop(LM_PROFILE_LOAD, "npz", start);
    lb_shell_release(shell);
    return lb_dataset_push_memory(L, name, x, y, fn);
}

LB_FUNCTION(lb_luma_npz_load, "luma.npz.load", NULL, "luma.npz.load(path) -> table of tensors",
            "All arrays of a NumPy archive, by name.",
            "local ok, err = pcall(luma.npz.load, \"no-such-file.npz\")\n"
            "assert(not ok and err.code == \"ENOTFOUND\")")
{
    const char *path = lb_arg_string(L, 1, fn, "path");
    lb_arg_end(L, 1, fn);
    LmNpz *z = push_npz(L, path, fn);
    LbShell *shell = lua_touserdata(L, -1);
    lua_newtable(L);
    for (int64_t i = 0; i < lm_npz_count(z); i++) {
        push_array(L, z, i, fn);
        lua_setfield(L, -2, lm_npz_name(z, i));
    }
    lb_shell_release(shell);
    return 1;
}

/* --- CIFAR and EMNIST --- */

static const char *const cifar_labels[] = {"fine", "coarse", NULL};

typedef struct CifarArgs {
    int labels;
    const char *name;
} CifarArgs;

static const LbOption cifar_options[] = {
    LB_CHOICE(CifarArgs, labels, "labels", cifar_labels, "\"fine\" of CIFAR-100",
              "which labels of CIFAR-100: 100 classes or 20"),
    LB_STRING(CifarArgs, name, "name", "the first path", "what messages call the set"),
    LB_OPTIONS_END};

LB_FUNCTION(
    lb_luma_dataset_cifar, "luma.dataset.cifar", cifar_options,
    "luma.dataset.cifar{ path, ..., labels=\"fine\" } -> dataset",
    "Binary files of CIFAR-10 or CIFAR-100, one after the other, as 32 x 32 x 3 bytes with the "
    "names of their classes. Which of the two they are is told by their size.",
    "local ok, err = pcall(luma.dataset.cifar, { \"no-such-file.bin\" })\n"
    "assert(not ok and err.code == \"ENOTFOUND\")")
{
    CifarArgs a = {.labels = -1};
    int n = lb_options_parse(L, 1, fn, cifar_options,
                             (LbParts){"paths of CIFAR's binary files", 1, INT_MAX}, &a);
    lb_arg_end(L, 1, fn);
    LbOption path = {.kind = LB_KIND_STRING};
    const char **paths = lua_newuserdatauv(L, (size_t)n * sizeof *paths, 0);
    for (int i = 0; i < n; i++) {
        char label[32];
        snprintf(label, sizeof label, "path %d", i + 1);
        lua_rawgeti(L, 1, i + 1);
        lb_options_store(L, lua_gettop(L), fn, label, &path, &paths[i]);
        lua_pop(L, 1);
    }
    LmCifarLabels labels = a.labels < 0    ? LM_CIFAR_AUTO
                           : a.labels == 0 ? LM_CIFAR_FINE
                                           : LM_CIFAR_COARSE;
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st,
            lm_cifarset_open(&ds, a.name != NULL ? a.name : paths[0], paths, n, labels, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "cifar", start);
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handle, ds, (size_t)(ds->count * lm_dataset_item_count(ds)));
    return 1;
}

LB_FUNCTION(lb_luma_dataset_cifar10, "luma.dataset.cifar10", NULL,
            "luma.dataset.cifar10([dir]) -> train, test",
            "The 60,000 colour pictures of CIFAR-10, 32 x 32 x 3, in ten named classes, from the "
            "files of its "
            "binary version; looked for where luma.dataset.mnist looks.",
            "local ok, train = pcall(luma.dataset.cifar10)\n"
            "if ok then assert(train.shape[3] == 3) end")
{
    char buffer[1024];
    const char *dir = lua_isnoneornil(L, 1) ? NULL : lb_arg_string(L, 1, fn, "dir");
    const char *script_dir = lb_open_script_dir(L, buffer, sizeof buffer);
    lb_arg_end(L, 1, fn);
    LbHandle *handles[2] = {lb_handle_push(L, &lb_dataset_type),
                            lb_handle_push(L, &lb_dataset_type)};
    LmDataset *sets[2];
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_cifarset_open_ten(&sets[0], &sets[1], dir, script_dir, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "cifar10", start);
    lb_raise_if(L, st, fn, &err);
    for (int k = 0; k < 2; k++) {
        lb_dataset_fill(L, handles[k], sets[k],
                        (size_t)(sets[k]->count * lm_dataset_item_count(sets[k])));
    }
    return 2;
}

typedef struct EmnistArgs {
    const char *dir;
    int split;
} EmnistArgs;

/* lm_emnist_splits, which a constant cannot be made of. */
static const char *const emnist_splits[] = {"byclass", "bymerge", "balanced", "letters",
                                            "digits",  "mnist",   NULL};

static const LbOption emnist_options[] = {
    LB_STRING(EmnistArgs, dir, "dir", "as for mnist, folders called emnist", "where its files are"),
    LB_CHOICE(EmnistArgs, split, "split", emnist_splits, "\"letters\"", "which of its six sets"),
    LB_OPTIONS_END};

LB_FUNCTION(lb_luma_dataset_emnist, "luma.dataset.emnist", emnist_options,
            "luma.dataset.emnist{ split=\"letters\", dir= } -> train, test",
            "Handwritten letters and digits in the form of MNIST, 28 x 28 x 1. The files hold them "
            "transposed; "
            "here they stand upright, labels count from 0 and classes are named.",
            "local ok, train = pcall(luma.dataset.emnist, { split=\"letters\" })\n"
            "if ok then assert(train.classes[1] == \"A\") end")
{
    EmnistArgs a = {.split = 3};
    char buffer[1024];
    lb_options_parse(L, 1, fn, emnist_options, LB_NO_PARTS, &a);
    const char *script_dir = lb_open_script_dir(L, buffer, sizeof buffer);
    lb_arg_end(L, 1, fn);
    LbHandle *handles[2] = {lb_handle_push(L, &lb_dataset_type),
                            lb_handle_push(L, &lb_dataset_type)};
    LmDataset *sets[2];
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st,
            lm_emnist_open(&sets[0], &sets[1], emnist_splits[a.split], a.dir, script_dir, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "emnist", start);
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handles[0], sets[0], 0);
    lb_dataset_fill(L, handles[1], sets[1], 0);
    return 2;
}

void lb_dataset_binary_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_dataset_npz_doc,     &lb_luma_dataset_cifar_doc,
                                        &lb_luma_dataset_cifar10_doc, &lb_luma_dataset_emnist_doc,
                                        &lb_luma_npz_load_doc,        NULL};
    lb_doc_register(L, docs);
}
