/* Digests are 64 bits, eight bytes a step: a million images have one chance in ten million of two
 * that differ and share one. Who reports equal images compares them.
 */
#include "data/survey.h"

#include <string.h>

#include "base/mem.h"
#include "base/threads.h"

/* Images a task: enough to make handing it out cheap, few enough that a stop is soon. */
enum { IMAGES_PER_TASK = 256 };
/* The golden ratio's fraction in 64 bits: odd, and its bits follow no pattern. */
static const uint64_t mixer = 0x9e3779b97f4a7c15U;

typedef struct Look {
    const LmDataset *ds;
    LmSurvey *out;
    int64_t n;
    size_t item_bytes;
    uint8_t *scratch; /* an image a thread */
    LmError *errors;  /* one a task; code LM_OK where it went well */
} Look;

static uint64_t mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * mixer;
    return digest ^ digest >> 29;
}

static uint64_t digest_of(const uint8_t *bytes, size_t n)
{
    uint64_t digest = n;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        digest = mix(digest, word);
    }
    uint64_t rest = 0;
    memcpy(&rest, bytes + i, n - i);
    return mix(mix(digest, rest), 0);
}

/* Equal to itself moved by one number. */
static bool is_constant(const uint8_t *bytes, size_t n, size_t element)
{
    return memcmp(bytes, bytes + element, n - element) == 0;
}

static void look_at(void *context, int64_t task, int thread)
{
    Look *look = context;
    LmError *err = &look->errors[task];
    int64_t end = LM_MIN((task + 1) * IMAGES_PER_TASK, look->n);
    if (lm_threads_check_cancel(err) != LM_OK) {
        return;
    }
    for (int64_t i = task * IMAGES_PER_TASK; i < end; i++) {
        const void *pixels = lm_dataset_pixels(look->ds, i);
        if (pixels == NULL) {
            uint8_t *scratch = look->scratch + (size_t)thread * look->item_bytes;
            if (lm_dataset_read(look->ds, i, scratch, err) != LM_OK) {
                return;
            }
            pixels = scratch;
        }
        look->out[i].digest = digest_of(pixels, look->item_bytes);
        look->out[i].is_constant =
            is_constant(pixels, look->item_bytes, lm_dtype_size(look->ds->dtype));
    }
}

LmStatus lm_survey_look(LmSurvey *out, const LmDataset *ds, int64_t n, LmError *err)
{
    LM_ASSERT(n >= 0 && n <= ds->count);
    int64_t n_tasks = (n + IMAGES_PER_TASK - 1) / IMAGES_PER_TASK;
    Look look = {.ds = ds, .out = out, .n = n};
    look.item_bytes = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    LmStatus st = lm_mem_alloc(&look.scratch, (size_t)lm_threads(), look.item_bytes, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&look.errors, (size_t)n_tasks, sizeof *look.errors, err);
    }
    if (st != LM_OK) {
        goto done;
    }
    for (int64_t i = 0; i < n_tasks; i++) {
        look.errors[i].code = LM_OK;
    }
    lm_threads_for(n_tasks, look_at, &look);
    for (int64_t i = 0; i < n_tasks && st == LM_OK; i++) {
        if (look.errors[i].code != LM_OK) {
            *err = look.errors[i];
            st = err->code;
        }
    }
    if (st == LM_OK) {
        st = lm_threads_check_cancel(err);
    }
done:
    lm_mem_free(look.errors);
    lm_mem_free(look.scratch);
    return st;
}
