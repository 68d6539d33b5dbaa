/* Procedural digits: a data set that is always there, drawn from (seed, index) alone.
 *
 * Image i depends on nothing but seed, index and kind, so sets of different sizes share their
 * beginning and the number of threads cannot matter. Test images take indices from 2^32, where no
 * training image can be. Gray and coloured pictures of one index show the same digit.
 */
#include "data/sources.h"

#include <inttypes.h>

#include "base/str.h"
#include "base/threads.h"
#include "data/digit_parts.h"

enum { N_DIGITS = 10, N_MAX = 10000000, IMAGES_A_TASK = 64 };

/* Named one by one: a small set may lack the higher digits. */
static const char *const class_names[N_DIGITS] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

static const uint64_t first_test_index = (uint64_t)1 << 32;

/* Random numbers of one image: its label and shape come from b = 0, the paint from b = 1. */
enum { RNG_SHAPE, RNG_PAINT };

int lm_digits_draw(uint64_t seed, uint64_t index, bool is_color, uint8_t *pixels)
{
    LmRng shape = lm_rng(seed, LM_RNG_DIGITS, index, RNG_SHAPE);
    LmRng paint = lm_rng(seed, LM_RNG_DIGITS, index, RNG_PAINT);
    int side = is_color ? 32 : 28;
    float box = is_color ? 23.0f : 20.0f;
    int digit = (int)lm_rng_below(&shape, N_DIGITS);
    LmDigitPath path;
    LmDigitCover cover;
    lm_digit_path_write(&path, digit, side, box, &shape);
    lm_digit_cover_draw(&cover, &path, side);
    if (is_color) {
        lm_digit_paint_color(pixels, &cover, side, &paint);
    } else {
        lm_digit_paint_gray(pixels, &cover, side, &paint);
    }
    return digit;
}

typedef struct Job {
    const LmDigitsOptions *options;
    uint64_t first_index;
    int64_t n;
    size_t image_size;
    uint8_t *pixels;
    uint8_t *labels;
} Job;

static void draw_task(void *ctx, int64_t task, int thread)
{
    const Job *job = ctx;
    (void)thread;
    if (lm_threads_is_cancelled()) {
        return;
    }
    int64_t end = LM_MIN((task + 1) * IMAGES_A_TASK, job->n);
    for (int64_t i = task * IMAGES_A_TASK; i < end; i++) {
        uint8_t *pixels = job->pixels + (size_t)i * job->image_size;
        job->labels[i] = (uint8_t)lm_digits_draw(job->options->seed, job->first_index + (uint64_t)i,
                                                 job->options->is_color, pixels);
    }
}

static LmStatus draw_set(LmDataset **out, const LmDigitsOptions *o, const char *name,
                         uint64_t first_index, int64_t n, LmError *err)
{
    int64_t side = o->is_color ? 32 : 28;
    int64_t channels = o->is_color ? 3 : 1;
    LmTensor images = {0};
    LmTensor labels = {0};
    LmDataset *drawn = NULL;
    LmStatus status = lm_tensor_new(&images, LM_U8, 4, (int64_t[]){n, side, side, channels}, err);
    if (status != LM_OK) {
        goto done;
    }
    status = lm_tensor_new(&labels, LM_U8, 1, &n, err);
    if (status != LM_OK) {
        goto done;
    }
    Job job = {.options = o,
               .first_index = first_index,
               .n = n,
               .image_size = (size_t)(side * side * channels),
               .pixels = images.data,
               .labels = labels.data};
    lm_threads_for((n + IMAGES_A_TASK - 1) / IMAGES_A_TASK, draw_task, &job);
    status = lm_threads_check_cancel(err);
    if (status != LM_OK) {
        goto done;
    }
    status = lm_memory_new(&drawn, name, &images, &labels, err);
    if (status != LM_OK) {
        goto done;
    }
    status = lm_dataset_set_classes(drawn, N_DIGITS, class_names, err);
    if (status != LM_OK) {
        goto done;
    }
    *out = drawn;
    drawn = NULL;
done:
    lm_dataset_unref(drawn);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    return status;
}

static LmStatus check_count(const char *option, int64_t n, LmError *err)
{
    if (n >= 1 && n <= N_MAX) {
        return LM_OK;
    }
    char limit[32];
    return lm_fail(err, LM_EARG,
                   "digits cannot be drawn with %s=%" PRId64
                   "; give a count of images from 1 to %s",
                   option, n, lm_str_count(limit, sizeof limit, N_MAX));
}

LmStatus lm_digits_new(LmDataset **train, LmDataset **test, const LmDigitsOptions *o, LmError *err)
{
    LmDataset *drawn_train = NULL;
    LmDataset *drawn_test = NULL;
    LmStatus status = check_count("train", o->n_train, err);
    if (status != LM_OK) {
        goto done;
    }
    status = check_count("test", o->n_test, err);
    if (status != LM_OK) {
        goto done;
    }
    status = draw_set(&drawn_train, o, o->is_color ? "color digits train" : "digits train", 0,
                      o->n_train, err);
    if (status != LM_OK) {
        goto done;
    }
    status = draw_set(&drawn_test, o, o->is_color ? "color digits test" : "digits test",
                      first_test_index, o->n_test, err);
    if (status != LM_OK) {
        goto done;
    }
    *train = drawn_train;
    *test = drawn_test;
    drawn_train = NULL;
done:
    lm_dataset_unref(drawn_train);
    return status;
}
