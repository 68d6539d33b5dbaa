/* What every unit test includes: cmocka with the headers it wants, and checks of status and text.
 */
#ifndef HELP_TEST_H
#define HELP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"

/* The call succeeds, else its message is printed. `err` is the LmError it was given. */
#define assert_ok(call, err)                                                                       \
    do {                                                                                           \
        if ((call) != LM_OK) {                                                                     \
            fail_msg("%s: %s", #call, (err).msg);                                                  \
        }                                                                                          \
    } while (0)

/* The call fails with `status` and a message that contains `part`. */
#define assert_fails(call, status, err, part)                                                      \
    do {                                                                                           \
        memset(&(err), 0, sizeof(err));                                                            \
        LmStatus got_ = (call);                                                                    \
        if (got_ != (status) || (err).code != (status) || strstr((err).msg, (part)) == NULL) {     \
            fail_msg("%s: got %s \"%s\", want %s with \"%s\"", #call, lm_status_name(got_),        \
                     (err).msg, lm_status_name(status), (part));                                   \
        }                                                                                          \
    } while (0)

/* Runs `call` with its 1st, 2nd, ... allocation failing until it succeeds. Each failure is LM_EMEM
 * and frees all it took. `call` may run many times; its success is left for the caller to free. */
#define assert_survives_oom(call, err)                                                             \
    do {                                                                                           \
        size_t before_ = lm_mem_in_use();                                                          \
        for (int64_t nth_ = 1;; nth_++) {                                                          \
            lm_mem_fail_nth(nth_);                                                                 \
            LmStatus got_ = (call);                                                                \
            lm_mem_fail_nth(0);                                                                    \
            if (got_ == LM_OK) {                                                                   \
                assert_true(nth_ > 1);                                                             \
                break;                                                                             \
            }                                                                                      \
            if (got_ != LM_EMEM) {                                                                 \
                fail_msg("%s, allocation %d: %s", #call, (int)nth_, (err).msg);                    \
            }                                                                                      \
            assert_int_equal(lm_mem_in_use(), before_);                                            \
        }                                                                                          \
    } while (0)

#endif
