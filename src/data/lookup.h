/* Numbers of texts: what class a cell of a table names. */
#ifndef LM_LOOKUP_H
#define LM_LOOKUP_H

#include "data/names.h"

typedef struct LmLookup {
    int64_t n;
    struct LmLookupEntry *entries; /* sorted by text */
} LmLookup;

/* Over the names as they are numbered; they must outlive the lookup unchanged. A name that is there
 * twice is LM_EARG. */
LmStatus lm_lookup_init(LmLookup *l, const LmNames *names, LmError *err) LM_MUST_CHECK;
void lm_lookup_fini(LmLookup *l);
/* The name's number, or -1. */
int64_t lm_lookup_get(const LmLookup *l, const char *name);

/* Sorts the names bytewise and leaves one of each. */
LmStatus lm_lookup_unique(LmNames *names, LmError *err) LM_MUST_CHECK;

#endif
