#include "augment/augment.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* --- checks --- */

/* The check of every kind's spans by the table. */
static LmStatus check_span(const LmAugmentSpec *spec, int i, LmSpan span, LmError *err)
{
    const LmSpanSpec *s = &spec->span[i];
    /* Written so that NaN fails. */
    if (!(span.lo >= s->lo && span.lo <= s->hi && span.hi >= s->lo && span.hi <= s->hi)) {
        double bad = span.lo >= s->lo && span.lo <= s->hi ? span.hi : span.lo;
        return lm_fail(err, LM_EARG, "%s: %s is %g, wanted %g to %g", spec->function, s->name, bad,
                       s->lo, s->hi);
    }
    if (span.lo > span.hi) {
        return lm_fail(err, LM_EARG, "%s: %s is %g to %g, wanted the lower bound first",
                       spec->function, s->name, span.lo, span.hi);
    }
    return LM_OK;
}

static LmStatus check_shift(const LmAugment *a, LmError *err)
{
    for (int i = 0; i < 2 && a->choice == LM_SHIFT_FRACTION; i++) {
        double far = fmax(fabs(a->span[i].lo), fabs(a->span[i].hi));
        if (far >= 1) {
            return lm_fail(err, LM_EARG,
                           "shift: %s is %g of the image, wanted a fraction below 1; use "
                           "unit=\"pixels\" to shift by pixels",
                           i == 0 ? "height" : "width", far);
        }
    }
    return LM_OK;
}

static LmStatus check_geometric(const LmAugment *a, const LmAugmentSpec *spec, LmError *err)
{
    if (a->order != 0 && a->order != 1) {
        return lm_fail(err, LM_EARG, "%s: order is %d, wanted 0 (nearest pixel) or 1 (bilinear)",
                       spec->function, a->order);
    }
    if (!isfinite((float)a->fill_value)) {
        return lm_fail(err, LM_EARG, "%s: fill_value is %g, wanted a finite number", spec->function,
                       a->fill_value);
    }
    return a->kind == LM_AUGMENT_SHIFT ? check_shift(a, err) : LM_OK;
}

static LmStatus check_weights(const LmAugment *a, LmError *err)
{
    double sum = 0;
    for (int i = 0; a->weights != NULL && i < a->n_entries; i++) {
        if (!(a->weights[i] >= 0) || !isfinite(a->weights[i])) {
            return lm_fail(err, LM_EARG,
                           "one_of: weight %d is %g, wanted a finite number, 0 or more", i + 1,
                           a->weights[i]);
        }
        sum += a->weights[i];
    }
    if (a->weights != NULL && !(sum > 0 && isfinite(sum))) {
        return lm_fail(err, LM_EARG, "one_of: all weights are 0, wanted one above 0 at least");
    }
    return LM_OK;
}

static LmStatus check_at(const LmAugment *a, int depth, LmError *err);

static LmStatus check_group(const LmAugment *a, const LmAugmentSpec *spec, int depth, LmError *err)
{
    if (a->n_entries < 1) {
        return lm_fail(err, LM_EARG, "%s: wants one augmentation at least, got none",
                       spec->function);
    }
    if (depth >= LM_AUGMENT_DEPTH_MAX) {
        return lm_fail(err, LM_EARG, "%s: stands %d groups deep, wanted %d at most", spec->function,
                       depth + 1, LM_AUGMENT_DEPTH_MAX);
    }
    for (int i = 0; i < a->n_entries; i++) {
        if (a->entries[i].kind == LM_AUGMENT_MIXUP) {
            return lm_fail(err, LM_EARG,
                           "%s: a mixup cannot stand in a group; write it as the last entry of the "
                           "list, with p= where it should not always happen",
                           spec->function);
        }
        LmStatus st = check_at(&a->entries[i], depth + 1, err);
        if (st != LM_OK) {
            return st;
        }
    }
    return check_weights(a, err);
}

static LmStatus check_at(const LmAugment *a, int depth, LmError *err)
{
    const LmAugmentSpec *spec = lm_augment_spec(a->kind);
    if (!(a->p >= 0 && a->p <= 1)) {
        return lm_fail(err, LM_EARG, "%s: p is %g, wanted a probability from 0 to 1",
                       spec->function, a->p);
    }
    for (int i = 0; i < spec->n_spans; i++) {
        LmStatus st = check_span(spec, i, a->span[i], err);
        if (st != LM_OK) {
            return st;
        }
    }
    if (!isfinite((float)a->value)) {
        return lm_fail(err, LM_EARG, "%s: value is %g, wanted a finite number", spec->function,
                       a->value);
    }
    if (spec->class == LM_AUGMENT_GEOMETRIC) {
        return check_geometric(a, spec, err);
    }
    return spec->class == LM_AUGMENT_GROUP ? check_group(a, spec, depth, err) : LM_OK;
}

LmStatus lm_augment_check(const LmAugment *a, LmError *err)
{
    return check_at(a, 0, err);
}

LmStatus lm_augment_context(const LmAugment *a, int i, LmError *err)
{
    return lm_error_context(err, "augmentation %d (%s%s%s)", i + 1, lm_augment_spec(a->kind)->name,
                            a->where[0] != '\0' ? ", " : "", a->where);
}

LmStatus lm_augment_check_list(const LmAugment *list, int n, LmError *err)
{
    for (int i = 0; i < n; i++) {
        LmStatus st = lm_augment_check(&list[i], err);
        if (st == LM_OK && list[i].kind == LM_AUGMENT_MIXUP && i + 1 < n) {
            st =
                lm_fail(err, LM_EARG, "blends finished images, so it must be the last of the list");
        }
        if (st != LM_OK) {
            return lm_augment_context(&list[i], i, err);
        }
    }
    int count = lm_augment_count(list, n);
    if (count > LM_AUGMENT_MAX) {
        return lm_fail(err, LM_EARG, "the list has %d augmentations, wanted %d at most", count,
                       LM_AUGMENT_MAX);
    }
    return LM_OK;
}

bool lm_augment_shares_warp(const LmAugment *a, const LmAugment *b)
{
    return a->kind == LM_AUGMENT_FLIP || b->kind == LM_AUGMENT_FLIP ||
           (a->fill == b->fill && a->order == b->order &&
            (a->fill != LM_FILL_CONSTANT || a->fill_value == b->fill_value));
}

int lm_augment_count(const LmAugment *list, int n)
{
    int count = n;
    for (int i = 0; i < n; i++) {
        count += lm_augment_count(list[i].entries, list[i].n_entries);
    }
    return count;
}

/* --- copies --- */

void lm_augment_fini(LmAugment *a)
{
    lm_augment_free_list(a->entries, a->n_entries);
    lm_mem_free(a->weights);
    a->entries = NULL;
    a->weights = NULL;
    a->n_entries = 0;
}

void lm_augment_free_list(LmAugment *list, int n)
{
    for (int i = 0; list != NULL && i < n; i++) {
        lm_augment_fini(&list[i]);
    }
    lm_mem_free(list);
}

LmStatus lm_augment_copy(LmAugment *out, const LmAugment *a, LmError *err)
{
    LmAugment copy = *a;
    LmStatus st = LM_OK;
    copy.entries = NULL;
    copy.weights = NULL;
    if (a->n_entries > 0) {
        st = lm_augment_copy_list(&copy.entries, a->entries, a->n_entries, err);
    }
    if (st == LM_OK && a->weights != NULL) {
        st = lm_mem_alloc(&copy.weights, (size_t)a->n_entries, sizeof *a->weights, err);
    }
    if (st != LM_OK) {
        lm_augment_fini(&copy);
        return st;
    }
    if (a->weights != NULL) {
        memcpy(copy.weights, a->weights, (size_t)a->n_entries * sizeof *a->weights);
    }
    *out = copy;
    return LM_OK;
}

LmStatus lm_augment_copy_list(LmAugment **out, const LmAugment *list, int n, LmError *err)
{
    LmAugment *copy = NULL;
    LmStatus st = lm_mem_zeros(&copy, (size_t)n, sizeof *copy, err);
    for (int i = 0; st == LM_OK && i < n; i++) {
        st = lm_augment_copy(&copy[i], &list[i], err);
    }
    if (st != LM_OK) {
        lm_augment_free_list(copy, n);
        return st;
    }
    *out = copy;
    return LM_OK;
}
