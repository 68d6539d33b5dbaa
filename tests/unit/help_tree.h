/* Folders of small PNG files for tests, below the scratch folder of help_files.h. */
#ifndef HELP_TREE_H
#define HELP_TREE_H

#include "data/sources.h"
#include "io/image.h"

/* Makes the folder and those above it. Each stops the test on failure. */
void help_tree_folder(const char *name);
/* A PNG of h x w x c pixels that are a function of `seed` alone; its folder is made as well. */
void help_tree_image(const char *name, int64_t h, int64_t w, int64_t c, unsigned seed);
/* Pixel k of that image. */
uint8_t help_tree_pixel(unsigned seed, int64_t k);
/* `n` images h x w x 3 called 000.png, 001.png, ... in each of the folders cat, dog and emu of
 * `root`; seeds count up from 0. */
void help_tree_classes(const char *root, int n, int64_t h, int64_t w);
/* Any bytes; its folder is made as well. */
void help_tree_file(const char *name, const void *bytes, size_t size);
/* A symbolic link called `name` to `target`, which is not looked at. */
void help_tree_link(const char *name, const char *target);

/* RGB, bilinear, nothing cached or skipped. */
LmFolderOptions help_tree_options(void);
/* Item i of the set holds the pixels help_tree_pixel gives for `seed`. */
void help_tree_assert_image(const LmDataset *ds, int64_t i, unsigned seed);

#endif
