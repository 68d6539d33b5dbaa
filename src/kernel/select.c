/* The only file that knows which variants exist. Compiled without -m flags. */
#include "kernel/kernel.h"

#include <pthread.h>
#include <string.h>

#include "base/cpu.h"
#include "base/str.h"
#include "kernel/winograd.h"

#define DECLARE(isa)                                                                               \
    extern const LmStatsKernels lm_stats_kernels_##isa;                                            \
    extern const LmScaleKernels lm_scale_kernels_##isa;                                            \
    extern const LmGemmKernels lm_gemm_kernels_##isa;                                              \
    extern const LmNnKernels lm_nn_kernels_##isa;                                                  \
    extern const LmConvPoolKernels lm_convpool_kernels_##isa;                                      \
    extern const LmWinogradKernels lm_winograd_kernels_##isa[];                                    \
    extern const LmWinogradGradKernels lm_winograd_grad_kernels_##isa;                             \
    extern const LmWarpKernels lm_warp_kernels_##isa;                                              \
    extern const LmPhotoKernels lm_photo_kernels_##isa;                                            \
    extern const LmOuterKernels lm_outer_kernels_##isa;
#define ROW(isa, test)                                                                             \
    {                                                                                              \
        {#isa,                                                                                     \
         &lm_stats_kernels_##isa,                                                                  \
         &lm_scale_kernels_##isa,                                                                  \
         &lm_gemm_kernels_##isa,                                                                   \
         &lm_nn_kernels_##isa,                                                                     \
         &lm_convpool_kernels_##isa,                                                               \
         lm_winograd_kernels_##isa,                                                                \
         &lm_winograd_grad_kernels_##isa,                                                          \
         &lm_warp_kernels_##isa,                                                                   \
         &lm_photo_kernels_##isa,                                                                  \
         &lm_outer_kernels_##isa},                                                                 \
            test                                                                                   \
    }

DECLARE(ref)
#ifdef LM_HAVE_avx2
DECLARE(avx2)
#endif
#ifdef LM_HAVE_avx512
DECLARE(avx512)
#endif

static bool always(void)
{
    return true;
}

/* Best first. */
static const struct {
    LmKernels kernels;
    bool (*is_supported)(void);
} variants[] = {
#ifdef LM_HAVE_avx512
    ROW(avx512, lm_cpu_has_avx512),
#endif
#ifdef LM_HAVE_avx2
    ROW(avx2, lm_cpu_has_avx2),
#endif
    ROW(ref, always),
};

static const LmKernels *chosen;
static pthread_once_t choose_once = PTHREAD_ONCE_INIT;

const char *const *lm_kernels_available(void)
{
    static const char *names[LM_ARRAY_LEN(variants) + 1];
    size_t n = 0;
    for (size_t i = 0; i < LM_ARRAY_LEN(variants); i++) {
        if (variants[i].is_supported()) {
            names[n++] = variants[i].kernels.name;
        }
    }
    names[n] = NULL;
    return names;
}

const LmKernels *lm_kernels_named(const char *name)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(variants); i++) {
        if (strcmp(variants[i].kernels.name, name) == 0 && variants[i].is_supported()) {
            return &variants[i].kernels;
        }
    }
    return NULL;
}

static void choose_best(void)
{
    if (chosen == NULL) {
        chosen = lm_kernels_named(lm_kernels_available()[0]);
    }
}

/* The first call may come from several threads of a parallel loop at once. */
const LmKernels *lm_kernels(void)
{
    pthread_once(&choose_once, choose_best);
    return chosen;
}

LmStatus lm_kernels_select(const char *name, LmError *err)
{
    const LmKernels *k = lm_kernels_named(name);
    if (k == NULL) {
        char buffer[128];
        LmStr s = lm_str(buffer, sizeof buffer);
        for (const char *const *n = lm_kernels_available(); *n != NULL; n++) {
            lm_str_add(&s, s.used > 0 ? ", %s" : "%s", *n);
        }
        return lm_fail(err, LM_EARG, "no kernels named '%s' run on this machine; it runs: %s", name,
                       buffer);
    }
    chosen = k;
    return LM_OK;
}
