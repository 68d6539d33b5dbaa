#!/bin/sh
# luma run --profile: a table of where the time went, on stderr, and the same results.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
top=$PWD
cd "$work" || exit 1

run() { "$LUMA" run "$@" "$top/pipelines/03_standardize.lua" data=digits epochs=1 train=500 test=100; }
run >plain 2>/dev/null
run --profile >profiled 2>table
check "it runs" [ $? -eq 0 ]
without_seconds() { sed 's/[0-9.]* s$//; s/ [0-9]\.[0-9]*$//' "$1"; }
check "results are the same" [ "$(without_seconds plain)" = "$(without_seconds profiled)" ]
for row in "load *digits" "statistics *generator:fit" "batches *flow:next" "scale" "forward *conv2" "loss" \
    "backward *conv1" "update *dense1" "other" "all"; do
    check "the table has the row $row" grep -qE "^$row" table
done
check "shares add up to all" sh -c "awk '/%\$/ { sum += \$(NF - 1) } END { exit !(sum > 99 && sum < 101) }' table"
check "an option cut short is found" sh -c "'$LUMA' run --prof x.lua 2>&1 | grep -q \"did you mean '--profile'\""
done_testing
