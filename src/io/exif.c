/* TIFF 6.0, sections 2 and 8: a header names the byte order and the place of directory 0, whose
 * entries have 12 bytes: tag, type, count, value. Everything is read through bounds. */
#include "io/exif.h"

#include <string.h>

enum {
    HEADER_SIZE = 8,
    ENTRY_SIZE = 12,
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    UPRIGHT = 1,
    ORIENTATION_MAX = 8
};

static uint32_t get16(const uint8_t *b, bool is_big)
{
    return is_big ? (uint32_t)b[0] << 8 | b[1] : (uint32_t)b[1] << 8 | b[0];
}

static uint32_t get32(const uint8_t *b, bool is_big)
{
    return is_big ? get16(b, true) << 16 | get16(b + 2, true)
                  : get16(b + 2, false) << 16 | get16(b, false);
}

int lm_exif_orientation(const uint8_t *tiff, size_t size)
{
    if (size < HEADER_SIZE + 2 ||
        (memcmp(tiff, "II\x2a\0", 4) != 0 && memcmp(tiff, "MM\0\x2a", 4) != 0)) {
        return UPRIGHT;
    }
    bool is_big = tiff[0] == 'M';
    size_t at = get32(tiff + 4, is_big);
    if (at > size - 2) {
        return UPRIGHT;
    }
    size_t n = get16(tiff + at, is_big);
    at += 2;
    for (size_t i = 0; i < n && size - at >= ENTRY_SIZE; i++, at += ENTRY_SIZE) {
        const uint8_t *entry = tiff + at;
        if (get16(entry, is_big) == TAG_ORIENTATION && get16(entry + 2, is_big) == TYPE_SHORT &&
            get32(entry + 4, is_big) == 1) {
            uint32_t value = get16(entry + 8, is_big);
            return value >= 1 && value <= ORIENTATION_MAX ? (int)value : UPRIGHT;
        }
    }
    return UPRIGHT;
}
