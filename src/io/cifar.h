/* The binary files of CIFAR-10 and CIFAR-100: records of one or two label bytes and an image of
 * 32 x 32 pixels, all red, then all green, then all blue ones. There is no header, so the size of a
 * file is all that tells the two apart. */
#ifndef LM_CIFAR_H
#define LM_CIFAR_H

#include "base/error.h"
#include "tensor/tensor.h"

enum { LM_CIFAR_SIDE = 32, LM_CIFAR_PIXELS = 32 * 32 * 3 };

typedef enum LmCifarLabels {
    LM_CIFAR_AUTO,  /* CIFAR-10's only label, or CIFAR-100's fine one, as the size tells */
    LM_CIFAR_TEN,   /* CIFAR-10 */
    LM_CIFAR_FINE,  /* CIFAR-100: 100 classes */
    LM_CIFAR_COARSE /* CIFAR-100: 20 classes */
} LmCifarLabels;

/* Reads the files (all of one kind) one after the other: u8 images N x 32 x 32 x 3, i32 labels N.
 * *kind tells what they were. Plain or gzip. LM_EFORMAT names the file: a size that no number of
 * records makes, kinds that differ, a label out of range with its record. */
LmStatus lm_cifar_load(LmTensor *images, LmTensor *labels, LmCifarLabels *kind,
                       const char *const *paths, int n_paths, LmCifarLabels wanted,
                       LmError *err) LM_MUST_CHECK;

#endif
