/* Formats by their first bytes, limits, and the way from a file to pixels.
 *
 * Order matters: header, limits, checks of the whole file, decoding. A header is believed about a
 * picture's size only as far as the file is long enough to hold it at the format's best
 * compression, which bounds time and memory by the length of the file.
 */
#include "io/image.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/guess.h"
#include "io/image_impl.h"

typedef LmStatus CheckFn(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                         LmError *err);
typedef LmStatus DecodeFn(LmImage *out, const LmImageFacts *facts, const uint8_t *bytes,
                          size_t size, LmError *err);

typedef struct Format {
    const char *name;
    const char *signature; /* NULL: told by name and header (TGA) */
    size_t signature_size;
    const char *extensions[4];
    CheckFn *check;
    DecodeFn *decode;
    /* Pixels a byte of file can hold at most. PNG: deflate's 1032 bytes a byte, 8 pixels each.
     * JPEG: a bit a block of 64. GIF: a 12-bit code stands for at most 4096 pixels. TGA: runs of
     * 128 in 2 bytes. BMP: a bit each. PNM: a byte. */
    int64_t pixels_a_byte;
} Format;

static const Format formats[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", 8, {".png"}, lm_png_check, lm_stb_decode, 8 * 1032},
    {"JPEG", "\xff\xd8\xff", 3, {".jpg", ".jpeg"}, lm_jpeg_check, lm_stb_decode, 512},
    {"BMP", "BM", 2, {".bmp"}, lm_bmp_check, lm_bmp_decode, 8},
    {"GIF", "GIF87a", 6, {".gif"}, lm_gif_check, lm_stb_decode, 4096},
    {"GIF", "GIF89a", 6, {".gif"}, lm_gif_check, lm_stb_decode, 4096},
    {"PNM", "P1", 2, {".pnm", ".pgm", ".ppm"}, lm_pnm_check, lm_pnm_decode, 1},
    {"PNM", "P2", 2, {NULL}, lm_pnm_check, lm_pnm_decode, 1},
    {"PNM", "P3", 2, {NULL}, lm_pnm_check, lm_pnm_decode, 1},
    {"PNM", "P4", 2, {NULL}, lm_pnm_check, lm_pnm_decode, 1},
    {"PNM", "P5", 2, {NULL}, lm_pnm_check, lm_pnm_decode, 1},
    {"PNM", "P6", 2, {NULL}, lm_pnm_check, lm_pnm_decode, 1},
    {"TGA", NULL, 0, {".tga"}, lm_tga_check, lm_stb_decode, 128},
};

static const char *const color_names[] = {"file", "gray", "rgb", "rgba"};
static const size_t default_limit = (size_t)1 << 30;
/* Decoders count bytes in an int. */
static const size_t hard_limit = INT32_MAX;

const char *lm_color_name(LmColor color)
{
    return color_names[color];
}

bool lm_color_from_name(const char *name, LmColor *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(color_names); i++) {
        if (strcmp(name, color_names[i]) == 0) {
            *out = (LmColor)i;
            return true;
        }
    }
    return false;
}

/* --- which format --- */

static bool has_extension(const Format *f, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < LM_ARRAY_LEN(f->extensions) && f->extensions[i] != NULL; i++) {
        size_t k = strlen(f->extensions[i]);
        if (n >= k && strcasecmp(name + n - k, f->extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool lm_image_is_name(const char *name)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(formats); i++) {
        if (has_extension(&formats[i], name)) {
            return true;
        }
    }
    return false;
}

static const Format *find_format(const uint8_t *bytes, size_t size, const char *name)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(formats); i++) {
        const Format *f = &formats[i];
        bool is_it =
            f->signature != NULL
                ? size >= f->signature_size && memcmp(bytes, f->signature, f->signature_size) == 0
                : has_extension(f, name) && lm_tga_is_plausible(bytes, size);
        if (is_it) {
            return f;
        }
    }
    return NULL;
}

/* Pictures of formats that are not read. */
static const char *guess_picture(const uint8_t *bytes, size_t size)
{
    static const struct {
        size_t at, size;
        const char *bytes, *text;
    } kinds[] = {
        {0, 4, "II*\0", "a TIFF image"},     {0, 4, "MM\0*", "a TIFF image"},
        {8, 4, "WEBP", "a WebP image"},      {4, 8, "ftypavif", "an AVIF image"},
        {4, 8, "ftypheic", "a HEIC image"},  {4, 8, "ftypmif1", "a HEIF image"},
        {4, 4, "jP  ", "a JPEG 2000 image"}, {0, 4, "8BPS", "a Photoshop document"},
        {0, 4, "\0\0\1\0", "an icon file"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(kinds); i++) {
        if (size >= kinds[i].at + kinds[i].size &&
            memcmp(bytes + kinds[i].at, kinds[i].bytes, kinds[i].size) == 0) {
            return kinds[i].text;
        }
    }
    return NULL;
}

static LmStatus fail_foreign(const uint8_t *bytes, size_t size, LmError *err)
{
    const char *picture = guess_picture(bytes, size);
    if (picture != NULL) {
        return lm_fail(err, LM_EFORMAT, "%s cannot be read: convert it to PNG or JPEG", picture);
    }
    const char *guess = lm_guess_format(bytes, size);
    return lm_fail(err, LM_EFORMAT, "not an image (PNG, JPEG, BMP, GIF, TGA or PNM)%s%s",
                   guess != NULL ? ": it is " : "", guess != NULL ? guess : "");
}

/* --- limits --- */

static LmStatus check_sizes(const LmImageInfo *info, const Format *f, size_t size, LmError *err)
{
    if (info->w == 0 || info->h == 0) {
        return lm_fail(err, LM_EFORMAT, "the %s has no pixels: %lld x %lld", info->format,
                       (long long)info->w, (long long)info->h);
    }
    if (info->w > LM_IMAGE_SIDE_MAX || info->h > LM_IMAGE_SIDE_MAX) {
        return lm_fail(err, LM_EFORMAT,
                       "the %s claims %lld x %lld pixels (width x height): no side may have more "
                       "than %d",
                       info->format, (long long)info->w, (long long)info->h, LM_IMAGE_SIDE_MAX);
    }
    if (info->w * info->h / f->pixels_a_byte > (int64_t)size) {
        return lm_fail(err, LM_EFORMAT,
                       "the %s claims %lld x %lld pixels, more than its %zu bytes can hold: it is "
                       "cut off or made up",
                       info->format, (long long)info->w, (long long)info->h, size);
    }
    return LM_OK;
}

static LmStatus check_limit(const LmImageInfo *info, const LmImageOptions *o, LmError *err)
{
    static const int64_t channels[] = {1, 1, 3, 4};
    int64_t c = LM_MAX(info->c, channels[o->color]);
    size_t wanted = (size_t)(info->w * info->h * c * info->depth / 8);
    size_t limit = LM_MIN(o->limit_bytes > 0 ? o->limit_bytes : default_limit, hard_limit);
    if (wanted <= limit) {
        return LM_OK;
    }
    char text[32];
    char limit_text[32];
    return lm_fail(err, LM_EMEM, "the %s of %lld x %lld pixels needs %s, more than the limit of %s",
                   info->format, (long long)info->w, (long long)info->h,
                   lm_str_bytes(text, sizeof text, wanted),
                   lm_str_bytes(limit_text, sizeof limit_text, limit));
}

/* --- reading --- */

static LmStatus read_header(LmImageFacts *out, const Format **format, const uint8_t *bytes,
                            size_t size, const char *name, LmError *err)
{
    *format = find_format(bytes, size, name);
    if (*format == NULL) {
        return fail_foreign(bytes, size, err);
    }
    LmImageFacts facts = {0};
    LmStatus st = (*format)->check(&facts, bytes, size, false, err);
    facts.info.format = (*format)->name;
    if (st == LM_OK) {
        st = check_sizes(&facts.info, *format, size, err);
    }
    if (st == LM_OK) {
        *out = facts;
    }
    return st;
}

static LmStatus check_depth(const LmImageInfo *info, const LmImageOptions *o, LmError *err)
{
    if (info->depth != 16 || o->keep_16 || o->scale_16) {
        return LM_OK;
    }
    return lm_fail(err, LM_EFORMAT,
                   "the %s has 16 bits a channel: say depth=8 to have them scaled to 0..255 "
                   "(luma.image.load also takes depth=16, which keeps their values)",
                   info->format);
}

static LmStatus finish(LmImage *image, const LmImageInfo *info, const LmImageOptions *o,
                       LmError *err)
{
    LmStatus st = o->keep_16 ? LM_OK : lm_pixels_scale_16(image, err);
    if (st == LM_OK) {
        st = lm_pixels_convert(image, o->color, err);
    }
    if (st == LM_OK && !o->ignore_exif) {
        st = lm_pixels_turn(image, info->orientation, err);
    }
    return st;
}

static LmStatus parse(LmImage *out, const uint8_t *bytes, size_t size, const char *name,
                      const LmImageOptions *o, LmError *err)
{
    LmImageFacts facts;
    const Format *format = NULL;
    LmImage image = {0};
    LmStatus st = read_header(&facts, &format, bytes, size, name, err);
    if (st == LM_OK) {
        st = check_limit(&facts.info, o, err);
    }
    if (st == LM_OK) {
        st = check_depth(&facts.info, o, err);
    }
    if (st != LM_OK) {
        return st;
    }
    facts = (LmImageFacts){0};
    st = format->check(&facts, bytes, size, true, err);
    facts.info.format = format->name;
    if (st == LM_OK) {
        st = format->decode(&image, &facts, bytes, size, err);
    }
    if (st == LM_OK) {
        st = finish(&image, &facts.info, o, err);
    }
    if (st != LM_OK) {
        lm_image_fini(&image);
        return st;
    }
    *out = image;
    return LM_OK;
}

LmStatus lm_image_parse(LmImage *out, const uint8_t *bytes, size_t size, const char *name,
                        const LmImageOptions *o, LmError *err)
{
    LmStatus st = parse(out, bytes, size, name, o, err);
    return st == LM_OK ? st : lm_error_context(err, "%s", name);
}

LmStatus lm_image_load(LmImage *out, const char *path, const LmImageOptions *o, LmError *err)
{
    LmFile file;
    LmStatus st =
        lm_file_open(&file, path, o->limit_bytes > 0 ? o->limit_bytes : default_limit, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_image_parse(out, file.bytes, file.size, path, o, err);
    lm_file_close(&file);
    return st;
}

LmStatus lm_image_info(LmImageInfo *out, const char *path, LmError *err)
{
    LmFile file;
    LmImageFacts facts;
    const Format *format = NULL;
    LmStatus st = lm_file_open(&file, path, default_limit, err);
    if (st != LM_OK) {
        return st;
    }
    st = read_header(&facts, &format, file.bytes, file.size, path, err);
    lm_file_close(&file);
    if (st != LM_OK) {
        return lm_error_context(err, "%s", path);
    }
    *out = facts.info;
    return LM_OK;
}

void lm_image_fini(LmImage *image)
{
    lm_mem_free(image->pixels);
    *image = (LmImage){0};
}
