/* Entries as text, for explain and tostring. */
#include "augment/augment.h"
#include "base/str.h"

static void add_span(LmStr *text, const char *name, LmSpan s, const char *unit)
{
    if (s.lo == s.hi) {
        lm_str_add(text, " %s%s%g%s", name, name[0] != '\0' ? " " : "", s.lo, unit);
    } else {
        lm_str_add(text, " %s%s%g to %g%s", name, name[0] != '\0' ? " " : "", s.lo, s.hi, unit);
    }
}

/* Angles and single factors need no name. */
static void add_spans(LmStr *text, const LmAugment *a, const LmAugmentSpec *spec)
{
    if (a->kind == LM_AUGMENT_SHIFT) {
        bool is_fraction = a->choice == LM_SHIFT_FRACTION;
        double unit = is_fraction ? 100 : 1;
        for (int i = 0; i < 2; i++) {
            LmSpan s = {a->span[i].lo * unit, a->span[i].hi * unit};
            add_span(text, spec->span[i].name, s, is_fraction ? "%" : " pixels");
        }
        return;
    }
    for (int i = 0; i < spec->n_spans; i++) {
        bool is_angle = spec->span[i].name[0] == 'd';
        bool is_named = spec->n_spans > 1 || spec->span[i].form == LM_SPAN_EXACT;
        add_span(text, is_named ? spec->span[i].name : "", a->span[i], is_angle ? " degrees" : "");
    }
}

static void describe(const LmAugment *a, LmStr *text);

static void add_group(LmStr *text, const LmAugment *a)
{
    lm_str_add(text, " {");
    for (int i = 0; i < a->n_entries; i++) {
        lm_str_add(text, i > 0 ? "; " : " ");
        if (a->weights != NULL) {
            lm_str_add(text, "%g x ", a->weights[i]);
        }
        describe(&a->entries[i], text);
    }
    lm_str_add(text, " }");
}

static void describe(const LmAugment *a, LmStr *text)
{
    const LmAugmentSpec *spec = lm_augment_spec(a->kind);
    lm_str_add(text, "%s", spec->function);
    add_spans(text, a, spec);
    if (a->kind == LM_AUGMENT_FLIP) {
        lm_str_add(text, " %s", lm_flip_axis_names[a->choice]);
    } else if (spec->class == LM_AUGMENT_GEOMETRIC) {
        lm_str_add(text, "%s%s, fill %s", a->is_whole ? ", whole" : "",
                   a->is_separate ? ", rows and columns each" : "", lm_fill_names[a->fill]);
        if (a->fill == LM_FILL_CONSTANT) {
            lm_str_add(text, " %g", a->fill_value);
        }
        lm_str_add(text, a->order == 0 ? ", order 0" : "");
    } else if (a->kind == LM_AUGMENT_ERASE) {
        lm_str_add(text, ", value %g", a->value);
    }
    if (a->p != 1) {
        lm_str_add(text, ", p %g", a->p);
    }
    if (spec->class == LM_AUGMENT_GROUP) {
        add_group(text, a);
    }
}

const char *lm_augment_describe(const LmAugment *a, char *buffer, size_t size)
{
    LmStr text = lm_str(buffer, size);
    describe(a, &text);
    return buffer;
}

/* --- how a list runs --- */

/* Behind entry `first`, the first one that cannot be part of its warp. */
static int end_of_warp(const LmAugment *list, int n, int first)
{
    const LmAugment *seen = &list[first];
    int end = first + 1;
    while (end < n && lm_augment_spec(list[end].kind)->class == LM_AUGMENT_GEOMETRIC &&
           lm_augment_shares_warp(seen, &list[end])) {
        seen = list[end].kind == LM_AUGMENT_FLIP ? seen : &list[end];
        end++;
    }
    return end;
}

static int end_of_class(const LmAugment *list, int n, int first)
{
    LmAugmentClass class = lm_augment_spec(list[first].kind)->class;
    int end = first + 1;
    while (end < n && lm_augment_spec(list[end].kind)->class == class) {
        end++;
    }
    return end;
}

static void add_numbers(LmStr *text, int first, int end)
{
    if (end == first + 1) {
        lm_str_add(text, "%d", first + 1);
    } else {
        lm_str_add(text, "%d %s %d", first + 1, end == first + 2 ? "and" : "to", end);
    }
}

const char *lm_augment_explain(const LmAugment *list, int n, char *buffer, size_t size)
{
    static const char *const verbs[] = {
        [LM_AUGMENT_GEOMETRIC] = " as one warp",
        [LM_AUGMENT_PHOTOMETRIC] = " on floats in place",
        [LM_AUGMENT_MIX] = " on two finished images",
        [LM_AUGMENT_GROUP] = " as drawn, joining warps beside them",
    };
    LmStr text = lm_str(buffer, size);
    lm_str_add(&text, "%s", n > 0 ? "runs " : "");
    for (int first = 0; first < n;) {
        LmAugmentClass class = lm_augment_spec(list[first].kind)->class;
        int end = class == LM_AUGMENT_GEOMETRIC ? end_of_warp(list, n, first)
                                                : end_of_class(list, n, first);
        lm_str_add(&text, first > 0 ? ", then " : "");
        add_numbers(&text, first, end);
        lm_str_add(&text, "%s", verbs[class]);
        first = end;
    }
    return buffer;
}
