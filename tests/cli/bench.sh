#!/bin/sh
# The benchmark runs, prints a row for each figure and writes them as JSON. No speed is asked for here.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

check "it runs" sh -c "'$LUMA' bench --quick --repeat 1 --json b.json >table 2>err"
check "the table has the training row" grep -q '^training, 60,000 images ' table
check "nothing moves where there is no terminal" sh -c '! [ -s err ]'
check "JSON has a row a line of the table" \
    [ "$(grep -c '"name"' b.json)" -eq "$(($(wc -l <table) - 2))" ]
check "every row has a figure above 0" sh -c "! grep -E '\"best\": (0.0|-)' b.json"
check "a wrong option is a usage error" sh -c "'$LUMA' bench --qick 2>err; [ \$? -eq 2 ]"
check "so is no repeat at all" sh -c "'$LUMA' bench --repeat 0 2>err; [ \$? -eq 2 ]"
check "a file that cannot be written is said" \
    sh -c "'$LUMA' bench --quick --repeat 1 --json no/b.json >table 2>err; [ \$? -eq 4 ] && grep -q no/b.json err"
done_testing
