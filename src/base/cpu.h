/* What this processor and operating system can run. No kernel code here, no -m flags. */
#ifndef LM_CPU_H
#define LM_CPU_H

#include "base/base.h"

/* AVX2 with FMA, and the operating system saves the 256-bit registers. */
bool lm_cpu_has_avx2(void);
/* AVX-512 F, BW, DQ and VL with FMA, and the operating system saves the 512-bit registers. */
bool lm_cpu_has_avx512(void);
/* The instructions for SHA-256, with SSE4.1. */
bool lm_cpu_has_sha(void);
/* Processors this process may run on (its affinity mask), at least 1. */
int lm_cpu_count(void);
/* "AMD EPYC", as the processor names itself; "unknown processor" elsewhere. */
const char *lm_cpu_name(void);

#endif
