/* Fuzzing of image files with AFL++ (`make fuzz`): one file a run, as any format that it claims to
 * be. Stops the program where memory leaks or was taken beyond what the picture's size explains.
 *
 *     fuzz_image FILE       reads the file; PNGs get their chunks' CRCs repaired first, else none
 *                           but whole files would come further than that check
 *     fuzz_image -s FOLDER  writes files to start from
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "help_images.h"
#include "io/be.h"
#include "io/image.h"
#include "io/resize.h"

enum { FILE_MAX = 1 << 20, LIMIT = 64 << 20 };

static uint8_t bytes[FILE_MAX];

static int write_seeds(const char *folder)
{
    static HelpBytes files[HELP_IMAGES_MAX];
    int n = help_images_all(files);
    for (int i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(files[i].bytes, 1, files[i].size, f) != files[i].size ||
            fclose(f) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}

static void repair_crcs(size_t size)
{
    size_t at = 8;
    while (size >= 12 && at <= size - 12) {
        size_t n = lm_be_get32(bytes + at);
        if (n > size - at - 12) {
            return;
        }
        lm_be_put32(bytes + at + 8 + n, (uint32_t)crc32(0, bytes + at + 4, (unsigned)n + 4));
        at += 12 + n;
    }
}

/* The decoders' own memory: a JPEG's coefficients, planes and result are the most, 3 + 6 + 3 + 4
 * bytes a pixel, of a picture rounded up to blocks of 32 x 32. */
static void check_memory(const LmImage *image)
{
    size_t pixels = (size_t)((image->h + 31) / 32 * 32 * ((image->w + 31) / 32 * 32));
    size_t most = (2 << 20) + 24 * pixels;
    if (lm_mem_peak() > most) {
        fprintf(stderr, "%zu bytes for %lld x %lld\n", lm_mem_peak(), (long long)image->w,
                (long long)image->h);
        abort();
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-s") == 0) {
        return write_seeds(argv[2]);
    }
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (f == NULL) {
        fprintf(stderr, "usage: fuzz_image FILE | -s FOLDER\n");
        return 2;
    }
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (size >= 8 && memcmp(bytes, "\x89PNG", 4) == 0) {
        repair_crcs(size);
    }
    LmError err;
    LmImage image;
    const LmImageOptions options = {.color = LM_COLOR_RGB, .keep_16 = true, .limit_bytes = LIMIT};
    /* A block of its own size, so that a byte beyond it is seen. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, bytes, size);
    if (lm_image_parse(&image, exact, size, "fuzz.tga", &options, &err) == LM_OK) {
        check_memory(&image);
        if (lm_resize_apply(&image, 5, 4, LM_RESIZE_BICUBIC, true, &err) != LM_OK) {
            abort();
        }
        lm_image_fini(&image);
    }
    free(exact);
    if (lm_mem_in_use() != 0) {
        abort();
    }
    return 0;
}
