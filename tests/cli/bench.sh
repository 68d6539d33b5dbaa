#!/bin/sh
# The benchmark runs, prints a row for each figure and writes them as JSON. No speed is asked for here.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

check "it runs" sh -c "'$LUMA' bench --quick --repeat 1 --json b.json >table 2>err"
check "the table has the training row" grep -q '^training, 60,000 images, 1 thread ' table
check "and one for what a profile costs" grep -q '^training with a profile / without ' table
check "nothing moves where there is no terminal" sh -c '! [ -s err ]'
check "JSON has a row a line of the table" \
    [ "$(grep -c '"name"' b.json)" -eq "$(($(wc -l <table) - 2))" ]
check "every row has a figure above 0" sh -c "! grep -E '\"best\": (-|0(\.0*)?,)' b.json"
check "a part of it runs alone, with its anchor" sh -c "'$LUMA' bench --quick --repeat 1 --only 'by pixel' >table &&
    [ \$(wc -l <table) -eq 4 ] && grep -q '^memory copy' table"
check "a part that is not there is an error" \
    sh -c "'$LUMA' bench --quick --only 'by voxel' 2>err; [ \$? -eq 1 ] && grep -q 'by voxel' err"
check "curves are measured" sh -c "'$LUMA' bench --quick --curves c.json --images 10000 >points"
check "they have all four axes" [ "$(cut -d' ' -f1 points | sort -u | wc -l)" -eq 4 ]
check "and are drawn" \
    sh -c "'$LUMA' run '$OLDPWD/tests/bench/draw_curves.lua' file=c.json out=c.svg && grep -q '<polyline' c.svg"
check "curves have an upper end" sh -c "'$LUMA' bench --curves c.json --images 10 2>err; [ \$? -eq 2 ]"
check "a wrong option is a usage error" sh -c "'$LUMA' bench --qick 2>err; [ \$? -eq 2 ]"
check "so is no repeat at all" sh -c "'$LUMA' bench --repeat 0 2>err; [ \$? -eq 2 ]"
check "a file that cannot be written is said" \
    sh -c "'$LUMA' bench --quick --repeat 1 --only start --json no/b.json >table 2>err; [ \$? -eq 4 ] && grep -q no/b.json err"
done_testing
