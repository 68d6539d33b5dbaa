/* JPEG (ITU T.81): the structure around the compressed data, walked from SOI to EOI.
 *
 * stb_image 2.27 trusts tables it should not: more than 256 codes overrun its memory and tables
 * that were never sent are read as they lie there. So each scan must find its tables, and their
 * codes must be possible. The number of scans is bounded, because each visits every block of the
 * picture, however few bytes it has. Compressed data itself has no checksum in this format.
 */
#include <string.h>

#include "io/exif.h"
#include "io/image_impl.h"

enum {
    SOF_BASELINE = 0xC0,
    SOF_PROGRESSIVE = 0xC2,
    DHT = 0xC4,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    APP1 = 0xE1,
    TEM = 0x01,
    N_TABLES = 4,
    N_COMPONENTS_MAX = 4,
    /* libjpeg writes 10 for a progressive picture, the most elaborate encoders below 30. */
    N_SCANS_MAX = 100
};

typedef struct Walk {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    int n_components;
    uint8_t ids[N_COMPONENTS_MAX];
    uint8_t quant[N_COMPONENTS_MAX]; /* table of each component */
    bool is_progressive;
    bool has_quant[N_TABLES], has_dc[N_TABLES], has_ac[N_TABLES];
    int n_scans;
    bool has_exif;
    LmImageInfo *info;
} Walk;

static uint32_t get16(const uint8_t *b)
{
    return (uint32_t)b[0] << 8 | b[1];
}

static LmStatus fail_cut(const Walk *w, const char *what, LmError *err)
{
    return lm_fail(err, LM_EFORMAT, "the JPEG is cut off: %zu bytes end within %s", w->size, what);
}

static LmStatus fail_segment(const Walk *w, const char *name, LmError *err)
{
    return lm_fail(err, LM_EFORMAT, "the JPEG is damaged: %s before byte %zu makes no sense", name,
                   w->at);
}

static LmStatus read_sof(Walk *w, const uint8_t *data, size_t n, LmError *err)
{
    if (n < 6 || w->n_components != 0) {
        return fail_segment(w, "the frame header", err);
    }
    int n_components = data[5];
    if (data[0] != 8) {
        return lm_fail(err, LM_EFORMAT, "a JPEG of %d bits a channel, only 8 can be read", data[0]);
    }
    if ((n_components != 1 && n_components != 3 && n_components != 4) ||
        n != 6 + 3 * (size_t)n_components) {
        return fail_segment(w, "the frame header", err);
    }
    w->info->h = get16(data + 1);
    w->info->w = get16(data + 3);
    w->info->c = n_components == 1 ? 1 : 3;
    w->info->depth = 8;
    for (int i = 0; i < n_components; i++) {
        w->ids[i] = data[6 + 3 * i];
        w->quant[i] = data[8 + 3 * i];
        if (w->quant[i] >= N_TABLES) {
            return fail_segment(w, "the frame header", err);
        }
    }
    w->n_components = n_components;
    return LM_OK;
}

static LmStatus read_dqt(Walk *w, const uint8_t *data, size_t n, LmError *err)
{
    while (n > 0) {
        size_t table_size = data[0] >> 4 == 0 ? 65 : 129;
        int which = data[0] & 15;
        if (data[0] >> 4 > 1 || which >= N_TABLES || n < table_size) {
            return fail_segment(w, "a quantisation table", err);
        }
        w->has_quant[which] = true;
        data += table_size;
        n -= table_size;
    }
    return LM_OK;
}

/* The codes of each length must fit beside the shorter ones (Kraft), which also bounds their
 * number. */
static bool is_code_possible(const uint8_t counts[16], size_t *n_codes)
{
    int32_t room = 1;
    *n_codes = 0;
    for (int i = 0; i < 16; i++) {
        room = 2 * room - counts[i];
        *n_codes += counts[i];
        if (room < 0) {
            return false;
        }
    }
    return *n_codes <= 256;
}

static LmStatus read_dht(Walk *w, const uint8_t *data, size_t n, LmError *err)
{
    while (n > 0) {
        size_t n_codes = 0;
        if (n < 17 || data[0] >> 4 > 1 || (data[0] & 15) >= N_TABLES ||
            !is_code_possible(data + 1, &n_codes) || n < 17 + n_codes) {
            return fail_segment(w, "a Huffman table", err);
        }
        (data[0] >> 4 == 0 ? w->has_dc : w->has_ac)[data[0] & 15] = true;
        data += 17 + n_codes;
        n -= 17 + n_codes;
    }
    return LM_OK;
}

static int component_of(const Walk *w, int id)
{
    for (int i = 0; i < w->n_components; i++) {
        if (w->ids[i] == id) {
            return i;
        }
    }
    return -1;
}

/* Which tables a scan reads: in a progressive one the DC tables where its band begins at 0 (and not
 * for refinements, which send bare bits), else the AC tables. */
static LmStatus read_sos(Walk *w, const uint8_t *data, size_t n, LmError *err)
{
    int n_here = n > 0 ? data[0] : 0;
    if (w->n_components == 0 || n_here < 1 || n_here > w->n_components ||
        n != 4 + 2 * (size_t)n_here) {
        return fail_segment(w, "a scan header", err);
    }
    const uint8_t *band = data + 1 + 2 * n_here;
    bool wants_dc = !w->is_progressive || (band[0] == 0 && band[2] >> 4 == 0);
    bool wants_ac = !w->is_progressive || band[0] != 0;
    for (int i = 0; i < n_here; i++) {
        int which = component_of(w, data[1 + 2 * i]);
        int dc = data[2 + 2 * i] >> 4;
        int ac = data[2 + 2 * i] & 15;
        if (which < 0 || dc >= N_TABLES || ac >= N_TABLES) {
            return fail_segment(w, "a scan header", err);
        }
        if ((wants_dc && !w->has_dc[dc]) || (wants_ac && !w->has_ac[ac]) ||
            !w->has_quant[w->quant[which]]) {
            return lm_fail(err, LM_EFORMAT,
                           "the JPEG is damaged: the scan before byte %zu uses a table that was "
                           "never sent",
                           w->at);
        }
    }
    if (++w->n_scans > N_SCANS_MAX) {
        return lm_fail(err, LM_EFORMAT, "the JPEG has more than %d scans: made to take long?",
                       N_SCANS_MAX);
    }
    return LM_OK;
}

static void read_app1(Walk *w, const uint8_t *data, size_t n)
{
    if (!w->has_exif && n >= 6 && memcmp(data, "Exif\0\0", 6) == 0) {
        w->has_exif = true;
        w->info->orientation = lm_exif_orientation(data + 6, n - 6);
    }
}

/* Moves on to the next marker, over whatever is not one: compressed data. */
static LmStatus find_marker(Walk *w, int *marker, LmError *err)
{
    for (;;) {
        const uint8_t *ff = memchr(w->bytes + w->at, 0xFF, w->size - w->at);
        w->at = ff != NULL ? (size_t)(ff - w->bytes) + 1 : w->size;
        while (w->at < w->size && w->bytes[w->at] == 0xFF) {
            w->at++;
        }
        if (w->at >= w->size) {
            return fail_cut(w, w->n_scans > 0 ? "its pixels (no end marker)" : "its header", err);
        }
        *marker = w->bytes[w->at++];
        bool is_data = *marker == 0 || (*marker >= 0xD0 && *marker <= 0xD7);
        if (!is_data) {
            return LM_OK;
        }
    }
}

static LmStatus read_segment(Walk *w, int marker, LmError *err)
{
    size_t n = w->size - w->at >= 2 ? get16(w->bytes + w->at) : 0;
    if (n > w->size - w->at || w->size - w->at < 2) {
        return fail_cut(w, "a segment", err);
    }
    if (n < 2) {
        return fail_segment(w, "a segment's length", err);
    }
    const uint8_t *data = w->bytes + w->at + 2;
    w->at += n;
    n -= 2;
    bool is_frame = marker >= SOF_BASELINE && marker <= 0xCF && marker != DHT && marker != 0xC8 &&
                    marker != 0xCC;
    if (is_frame && marker > SOF_PROGRESSIVE) {
        return lm_fail(err, LM_EFORMAT,
                       "a lossless, hierarchical or arithmetic-coded JPEG (frame type %02X) cannot "
                       "be read: save it as baseline or progressive",
                       (unsigned)marker);
    }
    if (is_frame) {
        w->is_progressive = marker == SOF_PROGRESSIVE;
        return read_sof(w, data, n, err);
    }
    switch (marker) {
    case DHT:
        return read_dht(w, data, n, err);
    case DQT:
        return read_dqt(w, data, n, err);
    case SOS:
        return read_sos(w, data, n, err);
    case APP1:
        read_app1(w, data, n);
        return LM_OK;
    default:
        return LM_OK;
    }
}

LmStatus lm_jpeg_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                       LmError *err)
{
    Walk w = {.bytes = bytes, .size = size, .at = 2, .info = &out->info};
    out->info.orientation = 1;
    for (;;) {
        int marker = 0;
        LmStatus st = find_marker(&w, &marker, err);
        if (st != LM_OK) {
            return st;
        }
        if (marker == EOI) {
            return w.n_scans > 0 ? LM_OK : lm_fail(err, LM_EFORMAT, "the JPEG ends without pixels");
        }
        if (marker == SOI || marker == TEM) {
            return fail_segment(&w, "a marker", err);
        }
        st = read_segment(&w, marker, err);
        if (st != LM_OK || (!whole && w.n_scans > 0)) {
            return st;
        }
    }
}
