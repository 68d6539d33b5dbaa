/* Image files and resizing in scripts: luma.image.
 *
 * 8-bit images are u8 tensors, 16-bit ones i32, so that no value changes on the way. An image's
 * pixels become a tensor without a copy where the types agree.
 */
#include <string.h>

#include "base/mem.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "io/image.h"
#include "io/resize.h"

/* In the order of LmColor and LmResize. */
static const char *const color_names[] = {"file", "gray", "rgb", "rgba", NULL};
static const char *const resize_names[] = {"nearest", "box",     "bilinear", "hamming",
                                           "bicubic", "lanczos", NULL};

/* --- between images and tensors --- */

static void release_pixels(void *context, void *bytes)
{
    (void)context;
    lm_mem_free(bytes);
}

/* Takes the pixels over, whatever comes of it. */
static LmStatus take_pixels(LmTensor *out, LmImage *image, int rank, LmError *err)
{
    const int64_t shape[3] = {image->h, image->w, image->c};
    if (image->depth == 8) {
        void *pixels = image->pixels;
        image->pixels = NULL;
        return lm_tensor_wrap(out, LM_U8, rank, shape, pixels, release_pixels, NULL, err);
    }
    LmStatus st = lm_tensor_new(out, LM_I32, rank, shape, err);
    for (int64_t i = 0; st == LM_OK && i < out->count; i++) {
        ((int32_t *)out->data)[i] = ((const uint16_t *)image->pixels)[i];
    }
    lm_image_fini(image);
    return st;
}

static LmStatus copy_values(LmImage *image, const LmTensor *t, LmError *err)
{
    LmStatus st = lm_mem_alloc(&image->pixels, (size_t)t->count, (size_t)image->depth / 8, err);
    if (st == LM_OK && t->dtype == LM_U8) {
        memcpy(image->pixels, t->data, (size_t)t->count);
    }
    for (int64_t i = 0; st == LM_OK && t->dtype == LM_I32 && i < t->count; i++) {
        int32_t value = ((const int32_t *)t->data)[i];
        if (value < 0 || value > UINT16_MAX) {
            lm_image_fini(image);
            return lm_fail(err, LM_EARG, "pixels of an i32 image are 0 to 65535, got %d", value);
        }
        ((uint16_t *)image->pixels)[i] = (uint16_t)value;
    }
    return st;
}

static LmStatus copy_tensor(LmImage *out, const LmTensor *t, LmError *err)
{
    char text[96];
    int64_t c = t->rank == 3 ? t->shape[2] : 1;
    bool is_image = (t->rank == 2 || t->rank == 3) && c >= 1 && c <= 4 && t->count > 0 &&
                    t->shape[0] <= LM_IMAGE_SIDE_MAX && t->shape[1] <= LM_IMAGE_SIDE_MAX;
    if (!is_image) {
        return lm_fail(err, LM_ESHAPE,
                       "a tensor of shape %s is no image: want height x width, or height x width x "
                       "1 to 4",
                       lm_str_shape(text, sizeof text, t->rank, t->shape));
    }
    if (t->dtype != LM_U8 && t->dtype != LM_I32) {
        return lm_fail(err, LM_EARG, "wants u8 pixels (or i32 ones, 0 to 65535), got %s",
                       lm_dtype_name(t->dtype));
    }
    *out =
        (LmImage){.h = t->shape[0], .w = t->shape[1], .c = c, .depth = t->dtype == LM_U8 ? 8 : 16};
    return copy_values(out, t, err);
}

/* --- luma.image.load --- */

typedef struct LoadArgs {
    int64_t size[2]; /* {0, 0}: as it is */
    int64_t depth;   /* 0: 8, and 16-bit files are refused */
    int color, resize;
    bool keep_aspect_ratio, exif;
} LoadArgs;

static const LbOption load_options[] = {
    LB_CHOICE(LoadArgs, color, "color", color_names, "\"rgb\"",
              "channels; \"file\": as they are stored, 1 to 4"),
    LB_PAIR(LoadArgs, size, "size", 1, LM_IMAGE_SIDE_MAX, "the file's", "rows and columns"),
    LB_CHOICE(LoadArgs, resize, "resize", resize_names, "\"bilinear\"",
              "filter where the size changes, as in PIL"),
    LB_BOOLEAN(LoadArgs, keep_aspect_ratio, "keep_aspect_ratio", "false",
               "resize the largest centred part of the right proportions"),
    LB_BOOLEAN(LoadArgs, exif, "exif", "true", "turn a JPEG as its EXIF orientation says"),
    LB_INTEGER(LoadArgs, depth, "depth", 8, 16, NULL,
               "of 16-bit files: 8 scales them to 0..255, 16 keeps their values, as i32"),
    LB_OPTIONS_END};

static LmStatus load(LmTensor *out, const char *path, const LoadArgs *a, LmError *err)
{
    LmImage image;
    const LmImageOptions o = {.color = (LmColor)a->color,
                              .ignore_exif = !a->exif,
                              .keep_16 = a->depth == 16,
                              .scale_16 = a->depth == 8};
    LmStatus st = lm_image_load(&image, path, &o, err);
    if (st != LM_OK) {
        return st;
    }
    if (a->size[0] > 0) {
        st = lm_resize_apply(&image, a->size[0], a->size[1], (LmResize)a->resize,
                             a->keep_aspect_ratio, err);
    }
    if (st != LM_OK) {
        lm_image_fini(&image);
        return lm_error_context(err, "%s", path);
    }
    return take_pixels(out, &image, 3, err);
}

LB_FUNCTION(
    lb_luma_image_load, "luma.image.load", load_options,
    "luma.image.load(path, { color=\"rgb\", size={h,w}, resize=\"bilinear\", "
    "keep_aspect_ratio=false, exif=true, depth= }) -> tensor",
    "Reads a PNG, JPEG, BMP, GIF (its first picture), TGA or binary PNM file as a u8 tensor "
    "h x w x c. Damaged files are refused: checksums and structure are verified. Alpha is dropped "
    "or added as 255, never blended. 16-bit files need `depth`.",
    "local path = os.tmpname() .. \".png\"\n"
    "luma.tensor({ {0, 255}, {255, 0} }, \"u8\"):save(path)\n"
    "local t = luma.image.load(path, { color=\"gray\", size={4, 6}, resize=\"nearest\" })\n"
    "assert(t.shape[1] == 4 and t.shape[2] == 6 and t.shape[3] == 1 and t.dtype == \"u8\")\n"
    "os.remove(path)")
{
    LoadArgs a = {.color = LM_COLOR_RGB, .resize = LM_RESIZE_BILINEAR, .exif = true};
    const char *path = lb_arg_string(L, 1, fn, "path");
    lb_options_parse(L, 2, fn, load_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 2, fn);
    if (a.depth != 0 && a.depth != 8 && a.depth != 16) {
        lb_raise_text(L, LM_EARG, "%s: option 'depth' wants 8 or 16, got %d", fn, (int)a.depth);
    }
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, load(&t->tensor, path, &a, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return 1;
}

/* --- luma.image.info --- */

static void set_count(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

LB_FUNCTION(lb_luma_image_info, "luma.image.info", NULL, "luma.image.info(path) -> table",
            "What an image file's header says, without decoding it: format (\"PNG\", \"JPEG\", "
            "...), height, width, channels, depth (8 or 16 bits a channel) and orientation (EXIF, "
            "1 is upright; height and width are as stored, before any turn).",
            "local path = os.tmpname() .. \".png\"\n"
            "luma.zeros({4, 6, 3}, \"u8\"):save(path)\n"
            "local info = luma.image.info(path)\n"
            "assert(info.format == \"PNG\" and info.height == 4 and info.width == 6)\n"
            "assert(info.channels == 3 and info.depth == 8 and info.orientation == 1)\n"
            "os.remove(path)")
{
    const char *path = lb_arg_string(L, 1, fn, "path");
    lb_arg_end(L, 1, fn);
    LmImageInfo info;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_image_info(&info, path, &err));
    lb_raise_if(L, st, fn, &err);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, info.format);
    lua_setfield(L, -2, "format");
    set_count(L, "height", info.h);
    set_count(L, "width", info.w);
    set_count(L, "channels", info.c);
    set_count(L, "depth", info.depth);
    set_count(L, "orientation", info.orientation);
    return 1;
}

/* --- luma.image.resize --- */

typedef struct ResizeArgs {
    int64_t size[2];
    int resize;
    bool keep_aspect_ratio;
} ResizeArgs;

static const LbOption resize_size =
    LB_PAIR(ResizeArgs, size, "size", 1, LM_IMAGE_SIDE_MAX, NULL, "");
static const LbOption resize_options[] = {
    LB_CHOICE(ResizeArgs, resize, "resize", resize_names, "\"bilinear\"", "filter, as in PIL"),
    LB_BOOLEAN(ResizeArgs, keep_aspect_ratio, "keep_aspect_ratio", "false",
               "resize the largest centred part of the right proportions"),
    LB_OPTIONS_END};

static LmStatus resize(LmTensor *out, const LmTensor *t, const ResizeArgs *a, LmError *err)
{
    LmImage image;
    LmStatus st = copy_tensor(&image, t, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_resize_apply(&image, a->size[0], a->size[1], (LmResize)a->resize, a->keep_aspect_ratio,
                         err);
    if (st != LM_OK) {
        lm_image_fini(&image);
        return st;
    }
    return take_pixels(out, &image, t->rank, err);
}

LB_FUNCTION(
    lb_luma_image_resize, "luma.image.resize", resize_options,
    "luma.image.resize(t, {h,w}, { resize=\"bilinear\", keep_aspect_ratio=false }) -> tensor",
    "An image (h x w, or h x w x 1 to 4; u8, or i32 of 0 to 65535) in another size. Every filter "
    "gives PIL's pixels to the bit; colours with alpha (2 or 4 channels) are weighted by it.",
    "local t = luma.tensor({ {0, 100}, {100, 200} }, \"u8\")\n"
    "assert(luma.image.resize(t, {1, 1}, { resize=\"box\" }):max() == 100)\n"
    "assert(luma.image.resize(t, {8, 8}).shape[1] == 8)")
{
    ResizeArgs a = {.resize = LM_RESIZE_BILINEAR};
    const LmTensor *from = lb_tensor_check(L, 1, fn);
    lb_options_store(L, 2, fn, "argument 2 (size)", &resize_size, &a);
    lb_options_parse(L, 3, fn, resize_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 3, fn);
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, resize(&t->tensor, from, &a, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return 1;
}

void lb_image_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_image_load_doc, &lb_luma_image_info_doc,
                                        &lb_luma_image_resize_doc, NULL};
    lb_doc_register(L, docs);
}
