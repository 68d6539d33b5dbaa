/* EXIF metadata (CIPA DC-008, a TIFF structure): the one field that changes what a picture shows.
 */
#ifndef LM_EXIF_H
#define LM_EXIF_H

#include "base/base.h"

/* Orientation 1..8 of the TIFF structure in an APP1 segment (behind "Exif\0\0"); 1 where it is
 * absent, damaged or out of range: a picture is never refused for its metadata. */
int lm_exif_orientation(const uint8_t *tiff, size_t size);

#endif
