/* Three bytes are four digits of 6 bits each; what is missing of the last three counts as zeros,
 * and digits of nothing but those are '='.
 */
#include "base/base64.h"

void lm_base64_write(char *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t n_left = n - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (n_left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (n_left > 2 ? (uint32_t)in[i + 2] : 0);
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = n_left > 1 ? digits[bits >> 6 & 63] : '=';
        *out++ = n_left > 2 ? digits[bits & 63] : '=';
    }
}
