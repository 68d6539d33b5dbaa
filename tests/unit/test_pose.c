/* Poses: what single entries do, that compositions are those of Keras' matrix where the order is
 * its order, and which of them are exact. */
#include <math.h>

#include "help_test.h"

#include "augment/pose.h"
#include "augment/transform.h"

enum { H = 18, W = 24 };

static LmDraw draw_of(LmAugment *entry, LmAugmentKind kind, double a, double b)
{
    *entry = lm_augment(kind);
    return (LmDraw){.entry = entry, .value = {a, b}};
}

static void add(LmPose *pose, LmAugmentKind kind, double a, double b)
{
    LmAugment entry;
    LmDraw d = draw_of(&entry, kind, a, b);
    lm_pose_add(pose, &d, H, W);
}

static void add_flip(LmPose *pose, LmFlipAxis axis)
{
    LmAugment entry;
    LmDraw d = draw_of(&entry, LM_AUGMENT_FLIP, 0, 0);
    entry.choice = axis;
    lm_pose_add(pose, &d, H, W);
}

/* Where output pixel (r, c) is taken from, mirrors included. */
static void source_of(const LmPose *pose, double r, double c, double out[2])
{
    LmWarp warp = {.fill = LM_FILL_NEAREST};
    lm_pose_to_warp(pose, H, W, &warp);
    r = warp.flip_vertical ? H - 1 - r : r;
    c = warp.flip_horizontal ? W - 1 - c : c;
    out[0] = (warp.m[0] * r + warp.m[1] * c) + warp.m[2];
    out[1] = (warp.m[3] * r + warp.m[4] * c) + warp.m[5];
}

static void check_source(const LmPose *pose, double r, double c, double row, double column)
{
    double got[2];
    source_of(pose, r, c, got);
    if (!(fabs(got[0] - row) < 1e-12 && fabs(got[1] - column) < 1e-12)) {
        fail_msg("%g %g comes from %.17g %.17g, want %g %g", r, c, got[0], got[1], row, column);
    }
}

static void test_identity(void **state)
{
    (void)state;
    LmPose pose = lm_pose();
    assert_true(lm_pose_is_identity(&pose));
    add(&pose, LM_AUGMENT_ROTATE, 0, 0);
    add(&pose, LM_AUGMENT_SHIFT, 0, 0);
    add(&pose, LM_AUGMENT_SHEAR, 0, 0);
    add(&pose, LM_AUGMENT_ZOOM, 1, 1);
    assert_true(lm_pose_is_identity(&pose));
    add(&pose, LM_AUGMENT_SHIFT, 0, 1);
    assert_false(lm_pose_is_identity(&pose));
    add(&pose, LM_AUGMENT_SHIFT, 0, -1);
    add_flip(&pose, LM_FLIP_VERTICAL);
    assert_false(lm_pose_is_identity(&pose));
    add_flip(&pose, LM_FLIP_VERTICAL);
    assert_true(lm_pose_is_identity(&pose));
    add(&pose, LM_AUGMENT_ROTATE, 90, 0);
    add(&pose, LM_AUGMENT_ROTATE, 270, 0);
    assert_true(lm_pose_is_identity(&pose));
}

static void test_single_entries(void **state)
{
    (void)state;
    LmPose p = lm_pose();
    add(&p, LM_AUGMENT_SHIFT, 2, -3); /* down and to the left */
    check_source(&p, 5, 5, 3, 8);
    p = lm_pose();
    add(&p, LM_AUGMENT_ZOOM, 2, 0.5); /* rows shrink, columns grow, about (8.5, 11.5) */
    check_source(&p, 9, 12, 9.5, 11.75);
    p = lm_pose();
    add_flip(&p, LM_FLIP_HORIZONTAL);
    check_source(&p, 3, 0, 3, W - 1);
    p = lm_pose();
    add_flip(&p, LM_FLIP_VERTICAL);
    check_source(&p, 3, 0, H - 4, 0);
    /* Counter-clockwise: above the centre comes from the right of it. */
    p = lm_pose();
    add(&p, LM_AUGMENT_ROTATE, 90, 0);
    check_source(&p, 8.5 - 2, 11.5, 8.5, 11.5 + 2);
    /* The window's corners come to the corners. */
    LmAugment entry;
    LmDraw d = draw_of(&entry, LM_AUGMENT_CROP_SCALE, 3, 4);
    d.value[2] = 9;
    d.value[3] = 12;
    p = lm_pose();
    lm_pose_add(&p, &d, H, W);
    check_source(&p, -0.5, -0.5, 2.5, 3.5);
    check_source(&p, H - 0.5, W - 0.5, 11.5, 15.5);
}

/* Written as rotate, shift, shear, zoom, the list is Keras' R*T*S*Z; its ty moves up, its tx left.
 */
static void test_equals_keras(void **state)
{
    (void)state;
    for (int k = 0; k < 50; k++) {
        LmTransform t = lm_transform();
        t.theta_deg = -40 + 1.7 * k;
        t.ty = 0.3 * k - 5;
        t.tx = 4 - 0.21 * k;
        t.shear_deg = k - 20;
        t.zy = 0.7 + 0.01 * k;
        t.zx = 1.3 - 0.013 * k;
        LmPose p = lm_pose();
        add(&p, LM_AUGMENT_ROTATE, t.theta_deg, 0);
        add(&p, LM_AUGMENT_SHIFT, -t.ty, -t.tx);
        add(&p, LM_AUGMENT_SHEAR, t.shear_deg, 0);
        add(&p, LM_AUGMENT_ZOOM, t.zy, t.zx);
        LmWarp warp = {.fill = LM_FILL_NEAREST};
        double m[6];
        lm_pose_to_warp(&p, H, W, &warp);
        lm_transform_matrix(&t, H, W, m);
        for (int i = 0; i < 6; i++) {
            assert_true(fabs(warp.m[i] - m[i]) < 1e-12);
        }
    }
}

/* Later entries look at what earlier ones made, so their sources are chained from the last to the
 * first. Flips may stand anywhere. */
static void test_order(void **state)
{
    (void)state;
    for (int flips = 0; flips < 8; flips++) {
        LmPose all = lm_pose();
        LmPose parts[4] = {lm_pose(), lm_pose(), lm_pose(), lm_pose()};
        LmPose *both[2] = {&all, NULL};
        for (int i = 0; i < 4; i++) {
            both[1] = &parts[i];
            for (int k = 0; k < 2; k++) {
                if (i == 1 && (flips & 1) != 0) {
                    add_flip(both[k], LM_FLIP_HORIZONTAL);
                }
                if (i == 2 && (flips & 2) != 0) {
                    add_flip(both[k], LM_FLIP_VERTICAL);
                }
                if (i == 3 && (flips & 4) != 0) {
                    add_flip(both[k], LM_FLIP_HORIZONTAL);
                }
                add(both[k], LM_AUGMENT_ROTATE, 10 + 20 * i, 0);
                add(both[k], LM_AUGMENT_SHIFT, i + 0.5, -i);
            }
        }
        double at[2] = {4, 17};
        for (int i = 3; i >= 0; i--) {
            source_of(&parts[i], at[0], at[1], at);
        }
        check_source(&all, 4, 17, at[0], at[1]);
    }
}

static void test_exact(void **state)
{
    (void)state;
    LmPose p = lm_pose();
    double got[2];
    add_flip(&p, LM_FLIP_HORIZONTAL);
    add(&p, LM_AUGMENT_SHIFT, 3, 5);
    add_flip(&p, LM_FLIP_VERTICAL);
    add(&p, LM_AUGMENT_SHIFT, -1, 2.25);
    source_of(&p, 7, 11, got);
    /* From the end: (8, 8.75), mirrored (9, 8.75), (6, 3.75), mirrored (6, 19.25). */
    assert_true(got[0] == 6 && got[1] == 19.25);
    p = lm_pose();
    add(&p, LM_AUGMENT_ROTATE, 180, 0);
    source_of(&p, 0, 0, got);
    assert_true(got[0] == H - 1 && got[1] == W - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),     cmocka_unit_test(test_single_entries),
        cmocka_unit_test(test_equals_keras), cmocka_unit_test(test_order),
        cmocka_unit_test(test_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
