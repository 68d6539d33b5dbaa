#include "augment/pose.h"

#include "kernel/math.h"

/* --- one entry: source = a * output + t --- */

typedef struct Shape {
    double h, w;
} Shape;

static void set_scale(LmPose *e, double rows, double columns)
{
    e->a[0][0] = rows;
    e->a[1][1] = columns;
}

/* Counter-clockwise as displayed, rows growing downwards. */
static void add_rotate(LmPose *e, const LmDraw *d, Shape shape)
{
    double s;
    double c;
    (void)shape;
    lm_math_sincos_turns(d->value[0] / 360, &s, &c);
    set_scale(e, c, c);
    e->a[0][1] = s;
    e->a[1][0] = -s;
}

static void add_shift(LmPose *e, const LmDraw *d, Shape shape)
{
    (void)shape;
    e->t[0] = -d->value[0];
    e->t[1] = -d->value[1];
}

/* Keras' shear: rows are also stretched by 1/cos. */
static void add_shear(LmPose *e, const LmDraw *d, Shape shape)
{
    double s;
    double c;
    (void)shape;
    lm_math_sincos_turns(d->value[0] / 360, &s, &c);
    set_scale(e, c, 1);
    e->a[1][0] = -s;
}

static void add_zoom(LmPose *e, const LmDraw *d, Shape shape)
{
    (void)shape;
    set_scale(e, d->value[0], d->value[1]);
}

static void add_flip(LmPose *e, const LmDraw *d, Shape shape)
{
    (void)shape;
    e->flip_horizontal = d->entry->choice == LM_FLIP_HORIZONTAL;
    e->flip_vertical = d->entry->choice == LM_FLIP_VERTICAL;
}

/* Pixel r of h shows top + (r + 1/2) * height / h - 1/2. */
static void add_crop_scale(LmPose *e, const LmDraw *d, Shape shape)
{
    set_scale(e, d->value[2] / shape.h, d->value[3] / shape.w);
    e->t[0] = d->value[0] + (d->value[2] - shape.h) / 2;
    e->t[1] = d->value[1] + (d->value[3] - shape.w) / 2;
}

static void (*const adds[LM_AUGMENT_KIND_COUNT])(LmPose *, const LmDraw *, Shape) = {
    [LM_AUGMENT_ROTATE] = add_rotate,
    [LM_AUGMENT_SHIFT] = add_shift,
    [LM_AUGMENT_SHEAR] = add_shear,
    [LM_AUGMENT_ZOOM] = add_zoom,
    [LM_AUGMENT_FLIP] = add_flip,
    [LM_AUGMENT_CROP_PAD] = add_shift,
    [LM_AUGMENT_CROP_SCALE] = add_crop_scale,
};

/* --- composing --- */

LmPose lm_pose(void)
{
    return (LmPose){.a = {{1, 0}, {0, 1}}};
}

/* E before the mirrors instead of behind them: mirrors * E * mirrors. */
static void conjugate(LmPose *e, bool horizontal, bool vertical)
{
    double row = vertical ? -1 : 1;
    double column = horizontal ? -1 : 1;
    e->a[0][1] *= row * column;
    e->a[1][0] *= row * column;
    e->t[0] *= row;
    e->t[1] *= column;
}

/* An entry written later looks at what those before it made: source = pose(entry(output)). */
void lm_pose_add(LmPose *pose, const LmDraw *draw, int64_t h, int64_t w)
{
    LmPose e = lm_pose();
    LM_ASSERT(adds[draw->entry->kind] != NULL);
    adds[draw->entry->kind](&e, draw, (Shape){(double)h, (double)w});
    conjugate(&e, pose->flip_horizontal, pose->flip_vertical);
    LmPose p = *pose;
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            pose->a[i][j] = p.a[i][0] * e.a[0][j] + p.a[i][1] * e.a[1][j];
        }
        pose->t[i] = (p.a[i][0] * e.t[0] + p.a[i][1] * e.t[1]) + p.t[i];
    }
    pose->flip_horizontal = p.flip_horizontal != e.flip_horizontal;
    pose->flip_vertical = p.flip_vertical != e.flip_vertical;
}

static bool is_map_identity(const LmPose *p)
{
    return p->a[0][0] == 1 && p->a[0][1] == 0 && p->a[1][0] == 0 && p->a[1][1] == 1 &&
           p->t[0] == 0 && p->t[1] == 0;
}

bool lm_pose_is_identity(const LmPose *p)
{
    return is_map_identity(p) && !p->flip_horizontal && !p->flip_vertical;
}

void lm_pose_to_warp(const LmPose *p, int64_t h, int64_t w, LmWarp *warp)
{
    const double centre[2] = {((double)h - 1) / 2, ((double)w - 1) / 2};
    for (int i = 0; i < 2; i++) {
        double moved = p->a[i][0] * centre[0] + p->a[i][1] * centre[1];
        warp->m[3 * i] = p->a[i][0];
        warp->m[3 * i + 1] = p->a[i][1];
        /* The difference first: 0 where nothing turns or stretches, so that shifts stay exact. */
        warp->m[3 * i + 2] = (centre[i] - moved) + p->t[i];
    }
    warp->flip_horizontal = p->flip_horizontal;
    warp->flip_vertical = p->flip_vertical;
}
