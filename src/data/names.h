/* A growing list of texts in one block of memory: paths of files, names of classes. Two allocations
 * however many there are. A zeroed LmNames is an empty list. */
#ifndef LM_NAMES_H
#define LM_NAMES_H

#include "base/error.h"

typedef struct LmNames {
    int64_t n;
    int64_t room;
    size_t *starts; /* of each text in `bytes` */
    char *bytes;
    size_t n_bytes;
    size_t bytes_room;
} LmNames;

/* Copies the text (of `length` bytes, without NUL) to the end. */
LmStatus lm_names_add(LmNames *names, const char *text, size_t length, LmError *err) LM_MUST_CHECK;
/* NUL-terminated; valid until the next add. */
const char *lm_names_get(const LmNames *names, int64_t i);
/* Number of the first text equal to this one, or -1. */
int64_t lm_names_find(const LmNames *names, const char *text);
/* Bytewise. `keep_directories` orders paths by the folder they are in, then by name, so that the
 * files of a folder stay together ("a/x" before "a-b/x" and "a/b/x"). */
LmStatus lm_names_sort(LmNames *names, bool keep_directories, LmError *err) LM_MUST_CHECK;
/* Makes the texts numbered in `kept` (n of them, ascending) the list. */
void lm_names_keep(LmNames *names, const int64_t *kept, int64_t n);
void lm_names_fini(LmNames *names);
/* n pointers to the texts, to be freed with lm_mem_free; valid as long as the list is unchanged. */
LmStatus lm_names_pointers(const char ***out, const LmNames *names, LmError *err) LM_MUST_CHECK;

#endif
