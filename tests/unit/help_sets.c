#include "help_test.h"

#include "base/rng.h"
#include "data/sources.h"
#include "help_sets.h"

static void paint(uint8_t *pixels, int64_t h, int64_t w, int64_t c, int class, int k, LmRng *rng)
{
    for (int64_t i = 0; i < h * w * c; i++) {
        bool is_stripe = i / c / w * k / h == class;
        pixels[i] = (uint8_t)(lm_rng_below(rng, 150) + (is_stripe ? 100 : 0));
    }
}

static LmDataset *made(LmTensor *images, LmTensor *labels)
{
    LmError err;
    LmDataset *ds = NULL;
    assert_ok(lm_memory_new(&ds, "stripes", images, labels, &err), err);
    lm_tensor_fini(images);
    if (labels != NULL) {
        lm_tensor_fini(labels);
    }
    return ds;
}

static LmTensor stripes(int64_t n, int64_t h, int64_t w, int64_t c, int k, uint64_t seed,
                        LmTensor *labels)
{
    LmError err;
    LmTensor images;
    const int64_t shape[] = {n, h, w, c};
    assert_ok(lm_tensor_new(&images, LM_U8, 4, shape, &err), err);
    assert_ok(lm_tensor_new(labels, LM_I32, 1, shape, &err), err);
    for (int64_t i = 0; i < n; i++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, (uint64_t)i, 0);
        paint((uint8_t *)images.data + i * h * w * c, h, w, c, (int)(i % k), k, &rng);
        ((int32_t *)labels->data)[i] = (int32_t)(i % k);
    }
    return images;
}

LmDataset *help_sets_stripes(int64_t n, int64_t h, int64_t w, int64_t c, int k, uint64_t seed)
{
    LmTensor labels;
    LmTensor images = stripes(n, h, w, c, k, seed, &labels);
    return made(&images, &labels);
}

LmDataset *help_sets_floats(int64_t n, int64_t h, int64_t w, int64_t c, int k, int64_t at,
                            float value)
{
    LmError err;
    LmTensor labels;
    LmTensor floats;
    LmTensor images = stripes(n, h, w, c, k, 1, &labels);
    assert_ok(lm_tensor_to(&floats, &images, LM_F32, &err), err);
    lm_tensor_fini(&images);
    for (int64_t i = 0; i < floats.count; i++) {
        ((float *)floats.data)[i] /= 255;
    }
    if (at >= 0) {
        ((float *)floats.data)[at] = value;
    }
    return made(&floats, &labels);
}

LmDataset *help_sets_unlabelled(int64_t n, int64_t h, int64_t w, int64_t c)
{
    LmTensor labels;
    LmTensor images = stripes(n, h, w, c, 2, 1, &labels);
    lm_tensor_fini(&labels);
    return made(&images, NULL);
}

LmFlow *help_sets_flow_with(LmDataset *ds, const LmFlowOptions *o)
{
    LmError err;
    LmFlow *flow = NULL;
    LmGenerator *g = NULL;
    LmStage stage = lm_stage_rescale(1.0 / 255);
    assert_ok(lm_generator_new(&g, &stage, ds->dtype == LM_U8, &err), err);
    assert_ok(lm_flow_new(&flow, g, ds, o, &err), err);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    return flow;
}

LmFlow *help_sets_flow(LmDataset *ds, int64_t batch, bool is_shuffled)
{
    LmFlowOptions o = {.batch = batch, .is_shuffled = is_shuffled, .seed = 11};
    return help_sets_flow_with(ds, &o);
}
