/* Processor features by cpuid and, for what the operating system must save on a task switch,
 * xgetbv.
 *
 * A feature counts only when both agree: a kernel that does not save the wide registers would let
 * other threads' values leak into ours. XCR0 bits: Intel's manual, volume 1, section 13.3.
 */
#define _GNU_SOURCE
#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xE6 };

static uint64_t saved_registers(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool os_saves(uint64_t mask)
{
    return (saved_registers() & mask) == mask;
}

static bool has_fma(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_FMA);
}

static unsigned leaf7_ebx(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) ? b : 0;
}

bool lm_cpu_has_avx2(void)
{
    unsigned wanted = bit_AVX2 | bit_BMI;
    return has_fma() && (leaf7_ebx() & wanted) == wanted && os_saves(XCR0_YMM);
}

bool lm_cpu_has_avx512(void)
{
    unsigned wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    return lm_cpu_has_avx2() && (leaf7_ebx() & wanted) == wanted && os_saves(XCR0_ZMM);
}

bool lm_cpu_has_sha(void)
{
    unsigned a, b, c, d;
    unsigned wanted = bit_SSSE3 | bit_SSE4_1;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & wanted) == wanted && (leaf7_ebx() & bit_SHA);
}

const char *lm_cpu_name(void)
{
    static char name[49];
    unsigned words[12];
    for (unsigned i = 0; i < 3; i++) {
        unsigned *w = words + 4 * i;
        if (!__get_cpuid(0x80000002u + i, w, w + 1, w + 2, w + 3)) {
            return "unknown processor";
        }
    }
    memcpy(name, words, sizeof words);
    size_t len = strlen(name);
    while (len > 0 && name[len - 1] == ' ') {
        name[--len] = '\0';
    }
    return name + strspn(name, " ");
}
#else
bool lm_cpu_has_avx2(void)
{
    return false;
}

bool lm_cpu_has_avx512(void)
{
    return false;
}

bool lm_cpu_has_sha(void)
{
    return false;
}

const char *lm_cpu_name(void)
{
    return "unknown processor";
}
#endif

int lm_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        /* A machine of more processors than cpu_set_t can name. */
        return (int)LM_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
    }
    return LM_MAX(CPU_COUNT(&set), 1);
}
