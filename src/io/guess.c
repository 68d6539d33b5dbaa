/* First bytes of formats that are met in place of data sets.
 *
 * A guess only words a refusal better, it never decides one: readers check their own format first.
 * Where a format can be turned into the right one the text says how.
 */
#include "io/guess.h"

#include <ctype.h>
#include <string.h>

#define PATTERN(bytes, text)                                                                       \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, text                                                             \
    }

static const struct {
    const char *bytes;
    size_t size;
    const char *text;
} patterns[] = {
    PATTERN("\x89PNG", "a PNG image"),
    PATTERN("\xff\xd8\xff", "a JPEG image"),
    PATTERN("GIF8", "a GIF image"),
    PATTERN("%PDF", "a PDF document"),
    PATTERN("PK\x03\x04", "a zip archive (or .npz): unpack it first"),
    PATTERN("\x1f\x8b", "gzip data inside gzip data: it was compressed twice"),
    PATTERN("BZh", "bzip2 data: decompress it first"),
    PATTERN("\xfd"
            "7zXZ",
            "xz data: decompress it first"),
    PATTERN("\x28\xb5\x2f\xfd", "zstd data: decompress it first"),
    PATTERN("\x93NUMPY", "a NumPy .npy file"),
    PATTERN("\x89HDF", "an HDF5 file"),
    PATTERN("version https://git-lfs",
            "a Git LFS pointer: fetch the real file with 'git lfs pull'"),
    PATTERN("\x00\x00\x08", "an IDX file"),
};

static bool is_markup(const uint8_t *bytes, size_t size)
{
    static const char bom[] = "\xef\xbb\xbf";
    size_t i = size >= 3 && memcmp(bytes, bom, 3) == 0 ? 3 : 0;
    while (i < size && isspace(bytes[i])) {
        i++;
    }
    return i + 1 < size && bytes[i] == '<' && (bytes[i + 1] == '!' || isalpha(bytes[i + 1]));
}

const char *lm_guess_format(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return "an empty file";
    }
    if (is_markup(bytes, size)) {
        return "an HTML page (did a download fail?)";
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(patterns); i++) {
        if (size >= patterns[i].size && memcmp(bytes, patterns[i].bytes, patterns[i].size) == 0) {
            return patterns[i].text;
        }
    }
    return NULL;
}
