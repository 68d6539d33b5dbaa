/* A model's weights as scripts see them: named tensors, without the padding of the inside. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/sha256.h"
#include "base/str.h"
#include "nn/model_impl.h"

int64_t lm_model_n_params(const LmModel *m)
{
    int64_t n = 0;
    for (int i = 0; i < m->n_params; i++) {
        n += m->params[i].rows * m->params[i].cols;
    }
    return n;
}

int lm_model_n_weights(const LmModel *m)
{
    return m->n_params;
}

const char *lm_model_weight_name(const LmModel *m, int i)
{
    return m->params[i].name;
}

LmStatus lm_model_get_weight(const LmModel *m, int i, LmTensor *out, LmError *err)
{
    const LmParam *p = &m->params[i];
    const float *w = lm_model_param_data(m, i);
    LmStatus st = lm_tensor_new(out, LM_F32, p->rank, p->shape, err);
    for (int64_t r = 0; r < p->rows && st == LM_OK; r++) {
        memcpy((float *)out->data + r * p->cols, w + r * p->ld, (size_t)p->cols * sizeof *w);
    }
    return st;
}

LmStatus lm_model_check_shape(const LmModel *m, int i, const LmTensor *t, LmError *err)
{
    const LmParam *p = &m->params[i];
    if (t->rank != p->rank ||
        memcmp(t->shape, p->shape, (size_t)p->rank * sizeof p->shape[0]) != 0) {
        char got[96];
        char wanted[96];
        return lm_fail(err, LM_ESHAPE, "weight '%s' is %s, got a tensor of %s", p->name,
                       lm_str_shape(wanted, sizeof wanted, p->rank, p->shape),
                       lm_str_shape(got, sizeof got, t->rank, t->shape));
    }
    return LM_OK;
}

static LmStatus check_finite(const LmParam *p, const LmTensor *t, LmError *err)
{
    for (int64_t i = 0; i < t->count; i++) {
        double v = lm_tensor_get(t, i);
        if (!isfinite((float)v)) {
            return lm_fail(err, LM_ENUMERIC, "weight '%s' holds %g at position %" PRId64, p->name,
                           isnan(v) ? (double)NAN : v, i + 1);
        }
    }
    return LM_OK;
}

LmStatus lm_model_set_weight(LmModel *m, int i, const LmTensor *t, LmError *err)
{
    const LmParam *p = &m->params[i];
    LmStatus st = lm_model_check_shape(m, i, t, err);
    if (st == LM_OK) {
        st = check_finite(p, t, err);
    }
    if (st != LM_OK) {
        return st;
    }
    m->version++;
    float *w = lm_model_param_data(m, i);
    for (int64_t r = 0; r < p->rows; r++) {
        for (int64_t c = 0; c < p->cols; c++) {
            w[r * p->ld + c] = (float)lm_tensor_get(t, r * p->cols + c);
        }
    }
    return LM_OK;
}

void lm_model_digest(const LmModel *m, char out[65])
{
    LmSha256 h;
    lm_sha256_init(&h);
    for (int i = 0; i < m->n_params; i++) {
        const LmParam *p = &m->params[i];
        const float *w = lm_model_param_data(m, i);
        for (int64_t r = 0; r < p->rows; r++) {
            lm_sha256_add(&h, w + r * p->ld, (size_t)p->cols * sizeof *w);
        }
    }
    lm_sha256_end(&h, out);
}
