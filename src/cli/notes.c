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

const LcNote lc_command_notes[] = {
    {"batch",
     "A folder stands for its *.lua files, but for modules and names that begin with _ or a dot.\n"
     "rate=0.1,0.01 seed=1..5 fraction=0..1..0.25 runs every combination; \\, is a comma in a "
     "value.\n"
     "An argument goes to the files that declare it; one that no file takes is an error.\n"
     "Every run leaves a folder runs/FILE/TIME-ID: run.json, script.lua, output.txt and more.\n"
     "With --expect-seeds a figure's 95 % interval over all seeds must keep its bound.\n"
     "A tolerance is an amount (0.002), a share (2%) or a factor (1.2x); `accuracy` is every "
     "figure\n"
     "whose name ends in it. seconds, cpu_seconds and peak_memory are compared where one names "
     "them.\n"
     "The exit code is 3 where an expectation failed, else that of the first run that failed."},
    {"runs", "FILTER is a part of a file's name, of an argument or of an id."},
    {"compare",
     "A and B are ids, which may be shortened, folders or run.json files.\n"
     "The exit code is 0 where they are equal but for id, time and memory, 1 where they differ."},
    {NULL, NULL},
};
