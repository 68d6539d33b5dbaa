#define _POSIX_C_SOURCE 200809L
#include "flow/save.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "augment/draw.h"
#include "io/png.h"

enum { PATH_SIZE = 4096 };

LmStatus lm_save_begin(const char *dir, LmError *err)
{
    struct stat info;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        return lm_fail(err, LM_EIO, "save_to: cannot make the directory '%s': %s", dir,
                       strerror(errno));
    }
    if (stat(dir, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return lm_fail(err, LM_EIO, "save_to: '%s' is no directory", dir);
    }
    return LM_OK;
}

static void keep(void *context, void *pixels)
{
    (void)context;
    (void)pixels;
}

LmStatus lm_save_sample(const char *dir, const char *prefix, int64_t epoch, int64_t sample,
                        const float *x, const int64_t hwc[3], LmError *err)
{
    char path[PATH_SIZE];
    LmTensor image;
    /* A tensor around borrowed numbers: they are only read, and given back untouched. */
    union {
        const float *in;
        void *out;
    } pixels = {.in = x};
    char again[32] = "";
    int64_t turn = lm_draw_turn(sample);
    if (turn > 0) {
        snprintf(again, sizeof again, "_turn%" PRId64, turn + 1);
    }
    int n = snprintf(path, sizeof path, "%s/%s_%05" PRId64 "_epoch%03" PRId64 "%s.png", dir, prefix,
                     lm_draw_item(sample) + 1, epoch, again);
    if (n < 0 || (size_t)n >= sizeof path) {
        return lm_fail(err, LM_EARG, "save_to: the path '%.200s...' is too long", dir);
    }
    LmStatus st = lm_tensor_wrap(&image, LM_F32, 3, hwc, pixels.out, keep, NULL, err);
    if (st == LM_OK) {
        st = lm_png_save(&image, path, err);
        lm_tensor_fini(&image);
    }
    return st == LM_OK ? st : lm_error_context(err, "save_to");
}
