/* GIF89a: blocks are walked from the header to the trailer, so a file that was cut is refused; only
 * the first picture is decoded, however many follow. */
#include "io/image_impl.h"

enum {
    HEADER_SIZE = 13,
    DESCRIPTOR_SIZE = 9,
    EXTENSION = 0x21,
    PICTURE = 0x2C,
    TRAILER = 0x3B,
    HAS_TABLE = 0x80,
    /* Of a colour; LZW codes begin a bit longer. */
    CODE_BITS_MAX = 8
};

typedef struct Walk {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    bool has_table; /* for all pictures */
    bool has_picture;
    const LmImageInfo *info;
} Walk;

static LmStatus need(const Walk *w, size_t n, const char *what, LmError *err)
{
    if (w->size - w->at >= n) {
        return LM_OK;
    }
    return lm_fail(err, LM_EFORMAT, "the GIF is cut off: %zu bytes end within %s", w->size, what);
}

static size_t table_size(int flags)
{
    return (flags & HAS_TABLE) != 0 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* A chain of blocks, each behind its length, up to one of length 0. */
static LmStatus skip_chain(Walk *w, LmError *err)
{
    for (;;) {
        LmStatus st = need(w, 1, "a block", err);
        if (st != LM_OK) {
            return st;
        }
        size_t n = w->bytes[w->at++];
        if (n == 0) {
            return LM_OK;
        }
        st = need(w, n, "a block", err);
        if (st != LM_OK) {
            return st;
        }
        w->at += n;
    }
}

static LmStatus read_picture(Walk *w, LmError *err)
{
    LmStatus st = need(w, DESCRIPTOR_SIZE, "a picture's header", err);
    if (st != LM_OK) {
        return st;
    }
    const uint8_t *d = w->bytes + w->at;
    int64_t right = (int64_t)lm_image_le16(d) + lm_image_le16(d + 4);
    int64_t bottom = (int64_t)lm_image_le16(d + 2) + lm_image_le16(d + 6);
    size_t colors = table_size(d[8]);
    w->at += DESCRIPTOR_SIZE;
    st = need(w, colors + 1, "a colour table", err);
    if (st != LM_OK) {
        return st;
    }
    w->at += colors;
    int code_bits = w->bytes[w->at++];
    bool is_empty = lm_image_le16(d + 4) == 0 || lm_image_le16(d + 6) == 0;
    if (right > w->info->w || bottom > w->info->h || is_empty || code_bits > CODE_BITS_MAX ||
        code_bits == 0 || (colors == 0 && !w->has_table)) {
        return lm_fail(err, LM_EFORMAT,
                       "the GIF is damaged: the picture before byte %zu does not lie in its frame, "
                       "or has no colours",
                       w->at);
    }
    w->has_picture = true;
    return skip_chain(w, err);
}

static LmStatus read_block(Walk *w, int kind, LmError *err)
{
    if (kind == PICTURE) {
        return read_picture(w, err);
    }
    if (kind == EXTENSION) {
        LmStatus st = need(w, 1, "an extension", err);
        w->at += st == LM_OK;
        return st == LM_OK ? skip_chain(w, err) : st;
    }
    return lm_fail(err, LM_EFORMAT, "the GIF is damaged: block %02X at byte %zu is unknown",
                   (unsigned)kind, w->at - 1);
}

LmStatus lm_gif_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err)
{
    Walk w = {.bytes = bytes, .size = size, .info = &out->info};
    LmStatus st = need(&w, HEADER_SIZE, "its header", err);
    if (st != LM_OK) {
        return st;
    }
    out->info = (LmImageInfo){.h = lm_image_le16(bytes + 8),
                              .w = lm_image_le16(bytes + 6),
                              .c = 4,
                              .depth = 8,
                              .orientation = 1};
    size_t colors = table_size(bytes[10]);
    w.at = HEADER_SIZE;
    w.has_table = colors > 0;
    st = need(&w, colors, "its colour table", err);
    w.at += st == LM_OK ? colors : 0;
    while (st == LM_OK && whole) {
        st = need(&w, 1, "its blocks (no end)", err);
        int kind = st == LM_OK ? w.bytes[w.at++] : TRAILER;
        if (kind == TRAILER) {
            break;
        }
        st = read_block(&w, kind, err);
    }
    if (st == LM_OK && whole && !w.has_picture) {
        return lm_fail(err, LM_EFORMAT, "the GIF holds no picture");
    }
    return st;
}
