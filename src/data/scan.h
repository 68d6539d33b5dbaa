/* Looks for image files in a folder and the folders in it.
 *
 * What it finds does not depend on the order in which the file system lists names. A folder is
 * entered once, however many links lead to it, so loops end.
 */
#ifndef LM_SCAN_H
#define LM_SCAN_H

#include "data/names.h"

/* What was passed over, by reason. */
typedef struct LmScanCounts {
    int64_t n_hidden;  /* names that begin with '.' */
    int64_t n_foreign; /* no extension of an image, or no regular file */
    int64_t n_links;   /* links not followed, dangling, or to a folder that was entered already */
} LmScanCounts;

int64_t lm_scan_total(const LmScanCounts *counts);

/* Adds the names of the folders in `path`, in byte order; files there are counted, images of them
 * in *n_images too. LM_ENOTFOUND, LM_EIO naming the path. */
LmStatus lm_scan_folders(LmNames *out, LmScanCounts *counts, int64_t *n_images, const char *path,
                         bool follows_links, LmError *err) LM_MUST_CHECK;
/* Adds the paths of all images in `path` and below, sorted by folder, then name. */
LmStatus lm_scan_images(LmNames *out, LmScanCounts *counts, const char *path, bool follows_links,
                        LmError *err) LM_MUST_CHECK;

#endif
