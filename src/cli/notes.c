#include "cli/cli.h"

const LcNote lc_variables[] = {
    {"LUMA_THREADS", "number of threads; at first the processors of this process"},
    {"LUMA_ISA", "kernels: avx512, avx2 or ref; all give the same bits"},
    {"LUMA_DATA", "where data sets lie"},
    {"LUMA_MEMORY", "megabytes that the cache of a data set of files may take"},
    {"LUMA_GRAPHICS", "how pictures are drawn in the terminal: kitty, truecolor, 256 or plain"},
    {"NO_COLOR", "switches colours off"},
    {NULL, NULL},
};

const LcNote lc_exit_codes[] = {
    {"0", "ok"},
    {"1", "script error"},
    {"2", "usage"},
    {"3", "expectation failed"},
    {"4", "data missing or damaged"},
    {"5", "out of memory or time"},
    {"130", "interrupted"},
    {NULL, NULL},
};
