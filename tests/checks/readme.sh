#!/bin/sh
# The commands README.md and datasets/README.md show exist: make targets, scripts, pipeline files. And
# `make help` names every target a user may call.
set -u
. tests/help_sh.sh

# The commands of ```sh blocks and those in `make ...` marks, one a line.
commands() {
    awk '
        /^```/ { is_shell = !is_fence && $0 ~ /^```(sh|bash|console|shell)/; is_fence = !is_fence; next }
        is_shell { sub(/^\$ /, ""); sub(/[ \t]#.*/, ""); print; next }
        !is_fence {
            line = $0
            while (match(line, /`(make|build\/luma|datasets\/fetch\.sh) [^`]*`/)) {
                print substr(line, RSTART + 1, RLENGTH - 2)
                line = substr(line, RSTART + RLENGTH)
            }
        }' "$1"
}

targets() {
    sed -n 's/^\([a-z][a-z_-]*\):.*/\1/p' Makefile tests/setup.mk
}

# missing FILE: prints each command of FILE that names something that is not there.
missing() {
    commands "$1" | awk -v targets="$(targets | tr '\n' ' ')" '
        BEGIN { n = split(targets, t, " "); for (i = 1; i <= n; i++) is_target[t[i]] = 1 }
        {
            # "cd x && make y" is two commands.
            n = split($0, part, / *(&&|;|\|) */)
            for (i = 1; i <= n; i++) {
                m = split(part[i], word, " ")
                for (j = 1; j <= m && word[j] ~ /^[A-Z_]+=/; j++) { }
                if (word[j] == "make")
                    for (k = j + 1; k <= m; k++)
                        if (word[k] !~ /=|^-/ && !(word[k] in is_target))
                            print "make " word[k] ": no such target"
                for (k = j; k <= m; k++)
                    if (word[k] ~ /^(pipelines|tests|datasets|src|lua)\/.*\.(lua|sh|c|h|mk)$/)
                        print "FILE " word[k]
            }
        }' | sort -u | while read -r kind path; do
        if [ "$kind" != FILE ]; then
            echo "$kind $path"
        elif [ ! -f "$path" ]; then
            echo "$path: no such file"
        fi
    done
}

helps_all() {
    shown=$(make -s --no-print-directory help)
    for t in $(targets); do
        case $shown in
        *"make $t "*) ;;
        *)
            grep -qE "^$t:.*## -" Makefile tests/setup.mk || echo "$t: make help does not show it"
            ;;
        esac
    done | grep . && return 1
    return 0
}

check "readme: the commands of README.md" is_silent missing README.md
check "readme: the commands of datasets/README.md" is_silent missing datasets/README.md
check "readme: make help shows every target" helps_all

# The check can fail.
printf '```sh\ngit clone x && make -j2 dmeo\nA=1 build/luma run pipelines/99_no.lua # x\n```\nand `make tset`\n' >"$work/r.md"
check "readme: a wrong target is found" prints "make dmeo: no such target" missing "$work/r.md"
check "readme: a wrong target in the text is found" prints "make tset: no such target" missing "$work/r.md"
check "readme: a missing file is found" prints "pipelines/99_no.lua: no such file" missing "$work/r.md"
done_testing
