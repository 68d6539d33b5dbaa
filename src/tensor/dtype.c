/* Names and sizes of the element types, as rows of one table.
 *
 * Elements lie in memory as the processor has them and files are little endian, so bytes are
 * copied, never swapped; the assertion keeps other machines from writing wrong files.
 */
#include "tensor/tensor.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and digests are little endian");

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
#define LM_DTYPE_ROW(name, type, text) {text, sizeof(type)},
    LM_DTYPE_LIST(LM_DTYPE_ROW)
#undef LM_DTYPE_ROW
};
_Static_assert(LM_ARRAY_LEN(dtypes) == LM_DTYPE_COUNT, "one row a dtype");

const char *lm_dtype_name(LmDtype dtype)
{
    LM_ASSERT((unsigned)dtype < LM_DTYPE_COUNT);
    return dtypes[dtype].name;
}

size_t lm_dtype_size(LmDtype dtype)
{
    LM_ASSERT((unsigned)dtype < LM_DTYPE_COUNT);
    return dtypes[dtype].size;
}

bool lm_dtype_from_name(const char *name, LmDtype *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(dtypes); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *out = (LmDtype)i;
            return true;
        }
    }
    return false;
}
