/* Geometric entries composed: where in the source each output pixel lies.
 *
 * About the image's centre ((h-1)/2, (w-1)/2), rows and columns: source = a * mirrored(output) + t.
 * Mirroring stands last of all (a flip before another change is the conjugated change before the
 * flip), which the warp kernels do exactly and, alone, at the speed of copying. Whole-pixel shifts,
 * flips, quarter turns of square images and their compositions are exact.
 */
#ifndef LM_POSE_H
#define LM_POSE_H

#include "augment/draw.h"

typedef struct LmPose {
    double a[2][2];
    double t[2];
    bool flip_horizontal, flip_vertical;
} LmPose;

/* Changes nothing. */
LmPose lm_pose(void);
/* Then one more geometric entry. */
void lm_pose_add(LmPose *pose, const LmDraw *draw, int64_t h, int64_t w);
bool lm_pose_is_identity(const LmPose *pose);
/* Sets map and mirrors of `warp`, not its fill and order. */
void lm_pose_to_warp(const LmPose *pose, int64_t h, int64_t w, LmWarp *warp);

#endif
