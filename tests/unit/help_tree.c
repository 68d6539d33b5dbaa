#define _XOPEN_SOURCE 700
#include "help_tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "help_files.h"
#include "help_test.h"
#include "io/png.h"

void help_tree_folder(const char *name)
{
    char part[512];
    for (const char *slash = strchr(name, '/');; slash = strchr(slash + 1, '/')) {
        size_t n = slash != NULL ? (size_t)(slash - name) : strlen(name);
        memcpy(part, name, n);
        part[n] = '\0';
        assert_true(mkdir(help_files_path(part), 0777) == 0 || errno == EEXIST);
        if (slash == NULL) {
            return;
        }
    }
}

static void make_parent(const char *name)
{
    char folder[512];
    const char *slash = strrchr(name, '/');
    if (slash != NULL) {
        memcpy(folder, name, (size_t)(slash - name));
        folder[slash - name] = '\0';
        help_tree_folder(folder);
    }
}

uint8_t help_tree_pixel(unsigned seed, int64_t k)
{
    return (uint8_t)(seed * 37u + (unsigned)k * 11u + (unsigned)(k / 7) * seed);
}

void help_tree_image(const char *name, int64_t h, int64_t w, int64_t c, unsigned seed)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_new(&t, LM_U8, 3, (const int64_t[]){h, w, c}, &err), err);
    for (int64_t k = 0; k < t.count; k++) {
        ((uint8_t *)t.data)[k] = help_tree_pixel(seed, k);
    }
    make_parent(name);
    assert_ok(lm_png_save(&t, help_files_path(name), &err), err);
    lm_tensor_fini(&t);
}

void help_tree_file(const char *name, const void *bytes, size_t size)
{
    make_parent(name);
    (void)help_files_make(name, bytes, size);
}

void help_tree_link(const char *name, const char *target)
{
    make_parent(name);
    assert_int_equal(symlink(target, help_files_path(name)), 0);
}

void help_tree_classes(const char *root, int n, int64_t h, int64_t w)
{
    static const char *const classes[] = {"cat", "dog", "emu"};
    char name[128];
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < n; i++) {
            snprintf(name, sizeof name, "%s/%s/%03d.png", root, classes[k], i);
            help_tree_image(name, h, w, 3, (unsigned)(k * n + i));
        }
    }
}

LmFolderOptions help_tree_options(void)
{
    return (LmFolderOptions){.images = {.color = LM_COLOR_RGB, .resize = LM_RESIZE_BILINEAR}};
}

void help_tree_assert_image(const LmDataset *ds, int64_t i, unsigned seed)
{
    LmError err;
    uint8_t pixels[1024];
    assert_true(lm_dataset_item_count(ds) <= (int64_t)sizeof pixels);
    assert_ok(lm_dataset_read(ds, i, pixels, &err), err);
    for (int64_t k = 0; k < lm_dataset_item_count(ds); k++) {
        assert_int_equal(pixels[k], help_tree_pixel(seed, k));
    }
}
