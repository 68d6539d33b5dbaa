#!/bin/sh
# luma help and luma info.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

prints() { grep -qF -- "$1" "$work/out" || { cat "$work/out"; false; }; }
says() { grep -qxF -- "$1" "$work/err" || { cat "$work/err"; false; }; }
narrow() { awk 'length > 105 { print; bad = 1 } END { exit bad }' "$work/out"; }

check "help says where to begin" ends 0 help
check "on one screen" awk 'length > 80 || NR > 24 { bad = 1 } END { exit bad }' "$work/out"
# Its names are names of help; what stands before them are headings.
sed -n '/^In a pipeline/,/^$/p' "$work/out" | grep -o '[a-z]*[.:][a-z_.]*' >"$work/names"
check "with names" test "$(wc -l <"$work/names")" -gt 15
while read -r name; do
    check "the tour's $name has help" ends 0 help "$name"
done <"$work/names"
check "help --all lists everything" ends 0 help --all
for name in luma.args luma.expect luma.model luma.nn.conv luma.dataset.mnist model:fit generator:fit \
    flow:batches tensor:narrow dataset.shape luma.load luma.adam; do
    check "$name is in it" prints "  $name "
done
check "in lines that fit a terminal" narrow
check "help of one function" ends 0 help luma.nn.conv
check "has its signature" prints 'luma.nn.conv{ filters, kernel=3'
check "its options" prints "an integer from 1 to 32768, or {rows, columns}; default 3"
check "its example" prints "Example"
check "luma. may be left out" ends 0 help nn.conv
check "so may the rest" ends 0 help conv
check "a word of several functions" ends 0 help fit
check "gives the one" prints "model:fit{"
check "and the other" prints "generator:fit(dataset)"
check "a kind of object" ends 0 help model
check "lists its methods" prints "  model:evaluate "
check "a namespace" ends 0 help nn
check "lists its functions" prints "  luma.nn.dense "
check "an unknown name is exit 2" ends 2 help modle
check "with a suggestion" says "luma: there is no help on 'modle'; did you mean 'model'?"
check "something far off" ends 2 help qqqqqqq
check "says where the names are" says "luma: there is no help on 'qqqqqqq'; \`luma help --all\` lists all names"
check "a word no name contains is looked up in the texts" ends 0 help momentum
check "says so" prints "nothing is called 'momentum'; these speak of it:"
check "names what speaks of it" prints "  luma.sgd "
check "a part of names finds those" ends 0 help fashion
check "and no others" test "$(grep -c '^  [a-z]' "$work/out")" -eq 1
check "two names are one too many" ends 2 help a b

check "info of drawn digits" ends 0 info digits
check "counts images" prints "digits train: 60,000 images 28x28x1 u8, 10 classes"
check "and classes" prints "label  class"
check "info wants a name" ends 2 info
check "info of an unknown set" ends 1 info mnits
check "suggests one" grep -q 'did you mean "mnist"?' "$work/err"
check "info of a folder that is not there" ends 4 info "$work/none"
check "and names it" says "luma: info: $work/none: No such file or directory"
done_testing
