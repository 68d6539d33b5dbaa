#!/bin/sh
# luma batch: what lists and ranges of arguments mean, which files get them.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

echo 'print(luma.args.x, luma.args.y)' >f.lua
# plans WANTED ARGS...: the runs of f.lua with these arguments, their names joined by ';'.
plans() {
    plans_wanted=$1
    shift
    "$LUMA" batch --list f.lua "$@" >out 2>err || { cat err; return 1; }
    plans_got=$(sed -n 's/^f\.lua *//p' out | paste -sd ';')
    [ "$plans_got" = "$plans_wanted" ] || { echo "got $plans_got"; false; }
}
# refuses TEXT ARGS...: a usage error with this text.
refuses() {
    refuses_wanted=$1
    shift
    "$LUMA" batch --list "$@" >out 2>err
    [ $? -eq 2 ] && [ ! -s out ] && [ "$(cat err)" = "luma: $refuses_wanted" ] || { cat out err; false; }
}

check "one value" plans 'x=1' x=1
check "a list" plans 'x=0.1;x=0.01' x=0.1,0.01
check "the product, the last fastest" plans 'x=a y=1;x=a y=2;x=b y=1;x=b y=2' x=a,b y=1,2
check "a range of integers" plans 'x=-1;x=0;x=1;x=2' x=-1..2
check "of one" plans 'x=3' x=3..3
check "with a step" plans 'x=10;x=40;x=70;x=100' x=10..100..30
check "the step need not meet the end" plans 'x=1;x=4' x=1..5..3
check "of fractions, without noise" plans 'x=0.1;x=0.2;x=0.3;x=0.4;x=0.5' x=0.1..0.5..0.1
check "lists of ranges" plans 'x=1;x=2;x=9' x=1..2,9
check "a comma in a value" plans 'x=a,b;x=c' 'x=a\,b,c'
check "a backslash in a value" plans 'x=a\b' 'x=a\b'
check "an empty value" plans 'x=' x=
check "paths are no ranges" plans 'x=../a;x=a..b;x=1..b' x=../a,a..b,1..b
check "an equals sign in a value" plans 'x=a=b' x=a=b
check "a count of the runs" prints '15 runs' "$LUMA" batch --list f.lua x=1..5 y=1..3

check "an empty range" refuses 'argument x: the range 5..1 is empty: it goes from 5 down to 1' f.lua x=5..1
check "fractions without a step" refuses \
    'argument x: the range 0.1..0.5 of fractions needs a step: 0.1..0.5..0.1' f.lua x=0.1..0.5
check "a step of nothing" refuses 'argument x: the step of the range 1..5..0 must be greater than 0' f.lua x=1..5..0
check "too many values" refuses 'argument x: the range 1..1000000 has more than 10000 values' f.lua x=1..1000000
check "too many runs" refuses 'the arguments make more than 100000 runs' f.lua x=1..1000 y=1..1000
check "an empty value in a list" refuses \
    'argument x: a value of the list is empty; a comma inside a value is written \,' f.lua x=1,,2
check "a value twice" refuses 'argument x: the value 3 is given twice' f.lua x=1..5,3
check "an argument twice" refuses "argument 'x' is given twice; several values are written x=a,b" f.lua x=1 x=2
check "what is neither" refuses "'1x=2' is neither a file nor an argument name=value" f.lua 1x=2

cat >declares.lua <<'E2'
-- luma.args{ old = 1 } was the form of before.
local text = "luma.args{ fake = 1 }" --[[ luma.args{ no = 1 } ]]
local args = luma.args{
    rate = 1/1000, -- with a comment, and = a sign
    data = "a, b = {c}", seed = 0,
}
E2
echo 'local args = luma.args{ seed = 1 }' >seeds.lua
echo 'luma.args(defaults)' >computed.lua
check "an argument no file takes" refuses \
    "declares.lua has no argument 'rat'; did you mean 'rate'? it takes data, rate, seed" declares.lua rat=1
check "of several files" refuses \
    "declares.lua, seeds.lua have no argument 'fake'; there are data, rate, seed" declares.lua seeds.lua fake=1
check "one that some take" prints '3 runs' "$LUMA" batch --list declares.lua seeds.lua rate=1,2
check "goes to those" prints 'seeds.lua
' sh -c "'$LUMA' batch --list declares.lua seeds.lua rate=1,2 2>&1"
check "and is told" prints "luma: seeds.lua has no argument 'rate' and runs without it" \
    sh -c "'$LUMA' batch --list declares.lua seeds.lua rate=1,2 2>&1"
check "files that cannot be known get all" prints 'computed.lua any=1' "$LUMA" batch --list computed.lua any=1
echo 'print(("a"):rep(40):find(("a*"):rep(20) .. "b"), luma.args.any)' >slow.lua
check "nothing of a file is executed for it" timeout 10 "$LUMA" batch --list slow.lua any=1

cd / && done_testing
