#!/bin/sh
# Writes the C file that holds the Lua files given: the assembler includes each as it is, and one
# table names them. Run from the top folder: paths are taken as given.
set -eu

echo '/* Made by src/bind/embed.sh. */'
echo '#include "bind/embedded.h"'
echo
i=0
for file in "$@"; do
    printf '__asm__(".pushsection .rodata\\n"\n'
    printf '        "lb_embedded_%d_start:\\n"\n' "$i"
    printf '        ".incbin \\"%s\\"\\n"\n' "$file"
    printf '        "lb_embedded_%d_end:\\n"\n' "$i"
    printf '        ".byte 0\\n"\n'
    printf '        ".popsection\\n");\n'
    printf 'extern const char lb_embedded_%d_start[] __attribute__((visibility("hidden")));\n' "$i"
    printf 'extern const char lb_embedded_%d_end[] __attribute__((visibility("hidden")));\n\n' "$i"
    i=$((i + 1))
done
echo 'const LbEmbedded lb_embedded[] = {'
i=0
for file in "$@"; do
    printf '    {"luma.%s", lb_embedded_%d_start, lb_embedded_%d_end},\n' \
        "$(basename "$file" .lua)" "$i" "$i"
    i=$((i + 1))
done
echo '    {0, 0, 0}};'
