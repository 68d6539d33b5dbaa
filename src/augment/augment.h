/* Augmentations: what may happen to an image at random, as entries of a list in the order it
 * happens.
 *
 * An entry is a plain description: a kind, a probability, and the spans its numbers are drawn from
 * (augment/draw.h). Entries do not touch pixels themselves; an augmenter (augment/augmenter.h) runs
 * a list for one shape of image, neighbouring geometric entries as one warp. Groups hold entries of
 * their own: one_of picks one of them, sometimes does all or none. Everything about a kind that is
 * not arithmetic is in one table, lm_augment_spec, which checks, descriptions, files and scripts
 * read.
 */
#ifndef LM_AUGMENT_H
#define LM_AUGMENT_H

#include "base/error.h"
#include "kernel/warp.h"

typedef enum LmAugmentKind {
    LM_AUGMENT_ROTATE,
    LM_AUGMENT_SHIFT,
    LM_AUGMENT_SHEAR,
    LM_AUGMENT_ZOOM,
    LM_AUGMENT_FLIP,
    LM_AUGMENT_CROP_PAD,
    LM_AUGMENT_CROP_SCALE,
    LM_AUGMENT_BRIGHTNESS,
    LM_AUGMENT_CONTRAST,
    LM_AUGMENT_CHANNEL_SHIFT,
    LM_AUGMENT_HUE,
    LM_AUGMENT_SATURATION,
    LM_AUGMENT_NOISE,
    LM_AUGMENT_ERASE,
    LM_AUGMENT_MIXUP,
    LM_AUGMENT_ONE_OF,
    LM_AUGMENT_SOMETIMES,
    LM_AUGMENT_KIND_COUNT
} LmAugmentKind;

/* Entries of a list, those inside groups counted: the numbers of every one come from a part of the
 * random stream of its own (augment/draw.h), and there are 256 parts. */
enum { LM_AUGMENT_MAX = 64, LM_AUGMENT_DEPTH_MAX = 8 };

typedef struct LmSpan {
    double lo, hi;
} LmSpan;

typedef enum LmShiftUnit { LM_SHIFT_FRACTION, LM_SHIFT_PIXELS } LmShiftUnit;
typedef enum LmFlipAxis { LM_FLIP_HORIZONTAL, LM_FLIP_VERTICAL } LmFlipAxis;

typedef struct LmAugment LmAugment;
struct LmAugment {
    LmAugmentKind kind;
    double p;         /* how often it happens: 0..1 */
    LmSpan span[2];   /* what the table says for the kind */
    int choice;       /* shift: LmShiftUnit; flip: LmFlipAxis */
    bool is_whole;    /* shift: whole pixels only */
    bool is_separate; /* zoom: rows and columns each their own factor */
    double value;     /* erase: what the rectangle is filled with */
    LmFill fill;      /* geometric kinds: what is seen beyond the border */
    double fill_value;
    int order;      /* geometric kinds: 0 nearest pixel, 1 bilinear */
    char where[96]; /* "script.lua:12", or empty: where the user wrote it */
    int n_entries;  /* groups; owned */
    LmAugment *entries;
    double *weights; /* one_of: n_entries numbers; NULL: all alike. Owned */
};

/* What entries do to an image: move pixels; change numbers; blend two samples; hold entries. */
typedef enum LmAugmentClass {
    LM_AUGMENT_GEOMETRIC,
    LM_AUGMENT_PHOTOMETRIC,
    LM_AUGMENT_MIX,
    LM_AUGMENT_GROUP
} LmAugmentClass;

/* What a single number x stands for where a span is wanted. */
typedef enum LmSpanForm {
    LM_SPAN_SYMMETRIC,  /* -x..x */
    LM_SPAN_AROUND_ONE, /* 1-x..1+x */
    LM_SPAN_EXACT       /* x..x */
} LmSpanForm;

typedef struct LmSpanSpec {
    const char *name; /* of the option */
    LmSpanForm form;
    double lo, hi; /* both bounds lie in here */
    LmSpan initial;
} LmSpanSpec;

typedef struct LmAugmentSpec {
    const char *name;     /* in files, lists and replays */
    const char *function; /* of scripts: luma.<function> */
    LmAugmentClass class;
    int n_spans;
    double p; /* where none is given */
    LmSpanSpec span[2];
    const char *drawn[4]; /* names of the numbers drawn; the rest NULL */
} LmAugmentSpec;

const LmAugmentSpec *lm_augment_spec(LmAugmentKind kind);
bool lm_augment_kind_from_name(const char *name, LmAugmentKind *out);
/* NULL-ended, in the order of their enums. */
extern const char *const lm_fill_names[];
extern const char *const lm_shift_unit_names[];
extern const char *const lm_flip_axis_names[];

/* An entry of that kind with the defaults of the table; fill nearest, order 1. */
LmAugment lm_augment(LmAugmentKind kind);
/* The span a single number stands for. */
LmSpan lm_augment_span(const LmSpanSpec *spec, double x);

/* Refuses what makes no sense: bounds out of range or exchanged, p outside 0..1, fractions of 1 or
 * more, empty groups, weights that are negative or all 0, a mixup inside a group. Messages begin
 * with the name of the script's function. */
LmStatus lm_augment_check(const LmAugment *a, LmError *err) LM_MUST_CHECK;
/* Every entry, and the list: at most LM_AUGMENT_MAX entries in all, one mixup and that as the last.
 */
LmStatus lm_augment_check_list(const LmAugment *list, int n, LmError *err) LM_MUST_CHECK;
/* Puts "augmentation 2 (rotate, script.lua:12)" in front of the message; i counts from 0. */
LmStatus lm_augment_context(const LmAugment *a, int i, LmError *err);
/* Entries of the list, those inside groups and the groups themselves counted. */
int lm_augment_count(const LmAugment *list, int n);

LmStatus lm_augment_copy(LmAugment *out, const LmAugment *a, LmError *err) LM_MUST_CHECK;
void lm_augment_fini(LmAugment *a);
/* A copy of a whole list (n may be 0), given back with lm_augment_free_list. */
LmStatus lm_augment_copy_list(LmAugment **out, const LmAugment *list, int n,
                              LmError *err) LM_MUST_CHECK;
void lm_augment_free_list(LmAugment *list, int n);

/* "rotate -15 to 15 degrees, fill nearest" */
const char *lm_augment_describe(const LmAugment *a, char *buffer, size_t size);
/* "runs as: one warp of 1 to 3; 4 and 5 on floats": how neighbours are joined. */
const char *lm_augment_explain(const LmAugment *list, int n, char *buffer, size_t size);
/* Whether two geometric entries see the same beyond the border, so that one warp can do both. A
 * flip never sees it. */
bool lm_augment_shares_warp(const LmAugment *a, const LmAugment *b);

#endif
