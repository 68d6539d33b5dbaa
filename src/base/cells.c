/* Widths follow Unicode's East Asian Width (UAX 11), by blocks: what is W or F there is two cells.
 */
#include "base/cells.h"

#include <inttypes.h>
#include <string.h>

typedef struct Range {
    uint32_t first, last;
} Range;

static const Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                             {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                             {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                             {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
static const Range empty[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                              {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};

/* Ends of lines and changes of the direction of writing. */
static const Range unprinted[] = {{0x2028, 0x202E}, {0x2066, 0x2069}};

static bool is_in(uint32_t code, const Range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

typedef struct Letter {
    size_t size; /* bytes of the text; 0 at its end */
    int cells;
    bool is_printed; /* else a '?' stands for it */
} Letter;

/* The letter `text` begins with. */
static Letter read_letter(const char *text)
{
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80) {
        return (Letter){lead != 0, lead != 0, lead >= 0x20 && lead != 0x7F};
    }
    size_t size = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
    char one[5] = {0};
    strncpy(one, text, size);
    if (strlen(one) != size || !lm_str_is_utf8(one)) {
        return (Letter){1, 1, false};
    }
    uint32_t code = lead & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3FU);
    }
    if (code < 0xA0 || is_in(code, unprinted, LM_ARRAY_LEN(unprinted))) {
        return (Letter){size, 1, false};
    }
    int cells = is_in(code, wide, LM_ARRAY_LEN(wide)) ? 2 : 1;
    return (Letter){size, is_in(code, empty, LM_ARRAY_LEN(empty)) ? 0 : cells, true};
}

int64_t lm_cells_count(const char *text)
{
    int64_t n = 0;
    for (Letter l = read_letter(text); l.size > 0; l = read_letter(text)) {
        n += l.cells;
        text += l.size;
    }
    return n;
}

int64_t lm_cells_add(LmStr *s, const char *text, int64_t most)
{
    bool is_cut = lm_cells_count(text) > most;
    int64_t end = is_cut ? most - 1 : most;
    int64_t n = 0;
    for (Letter l = read_letter(text); l.size > 0 && n + l.cells <= end; l = read_letter(text)) {
        lm_str_add(s, "%.*s", l.is_printed ? (int)l.size : 1, l.is_printed ? text : "?");
        n += l.cells;
        text += l.size;
    }
    if (is_cut && most > 0) {
        lm_str_add(s, "~");
        n++;
    }
    return n;
}

void lm_cells_pad(LmStr *s, int64_t n)
{
    for (; n > 0; n--) {
        lm_str_add(s, " ");
    }
}
