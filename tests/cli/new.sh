#!/bin/sh
# luma new: the file it writes runs as it is, on drawn digits and on images of one's own.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

says() { [ "$(head -n 1 err)" = "luma: $1" ] || { cat err; false; }; }
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }

check "a file is written" ends 0 new first
check "and how to run it said" has out "luma run first.lua"
check "it runs" ends 0 run first.lua
check "its expectation holds" has out "ok      test accuracy"
check "the model is there" test -s first.safetensors
check "its arguments are declared" ends 2 run first.lua epoch=1
check "and checked" has err "did you mean 'epochs'?"
check "seeds give other results" ends 0 run first.lua seed=2 epochs=1
check "without going below guessing" ends 3 run first.lua epochs=1 train=10 rate=1e-9

cp first.lua before
check "a file that is there stays" ends 2 new first.lua
check "and it is said" says "new: first.lua is there already; it was left as it is"
check "as it was" cmp first.lua before
mkdir sub
check "in another folder" ends 0 new sub/second
check "it is there" test -s sub/second.lua

check "a name with spaces" ends 2 new 'a b'
check "is refused" says "new: 'a b' is no name for a file: letters, digits, _ and - make one"
for name in .. . .hidden a.txt x..y - -x.lua sub/ sub/.b; do
    check "$name is no name" ends 2 new "$name"
    check "and nothing is written for it" test ! -e "$name.lua"
done
check "a name that is an option" ends 2 new --dat=digits x
check "gets a suggestion" has err "did you mean '--data=digits'?"
check "no name" ends 2 new
check "two names" ends 2 new a b
check "a data set that is not known" ends 2 new x --data=mnits
check "gets a suggestion too" says "new: there is neither a data set nor a path 'mnits'; did you mean 'mnist'? names are mnist, fashion_mnist, cifar10, emnist, digits"
check "a file that is no data set" ends 2 new x --data first.lua
check "is named" says "new: --data wants a name, a folder of images, a table (.csv) or an archive (.npz); luma info first.lua says what that file is"
check "a folder that is not there" ends 4 new none/x
check "nothing was written" test ! -e x.lua

cat >draw.lua <<'EOF'
local set = luma.dataset.digits{ train = 2000, test = 1, color = true }:filter{ "0", "1" }
local rows = { "file,class" }
for i = 1, #set do
    local folder = "photos of mine/" .. (set:label(i) % 2 == 0 and "even" or "odd")
    os.execute(("mkdir -p %q"):format(folder))
    set:image(i):save(folder .. "/" .. i .. ".png")
    rows[#rows + 1] = folder .. "/" .. i .. ".png," .. (set:label(i) % 2)
end
local file <close> = io.open("table.csv", "w")
file:write(table.concat(rows, "\n"), "\n")
EOF
check "images to train on" ends 0 run draw.lua
echo 'no picture' >'photos of mine/odd/notes.png'
check "a file for a folder" ends 0 new mine --data 'photos of mine'
check "it runs" ends 0 run mine.lua
check "the damaged file is named" has out "left out: photos of mine/odd/notes.png"
check "a file for a table" ends 0 new table --data table.csv
check "its column of classes is found" has table.lua 'label = "class"'
check "it runs as well" ends 0 run table.lua
sed '1s/.*/class;path;split/; 2,$s/\(.*\),\(.*\)/\2;"\1";train/; 3~5s/train$/test/' table.csv >parts.csv
check "a file for a table with parts" ends 0 new parts --data parts.csv
check "its columns and what is between them are found" has parts.lua \
    'args.data, file = "path", label = "class", delimiter = ";", size = { 32, 32 }, cache = "memory",'
check "its parts too" has parts.lua 'split = "split", split_value = { "train", "test" },'
check "it runs" ends 0 run parts.lua epochs=4
printf 'a,b\n1,2\n' >numbers.csv
check "a table without pictures" ends 2 new x --data numbers.csv
check "is refused with its columns" says "new: numbers.csv has no column of pictures' paths in its first row; its columns are a, b"
check "pictures without folders of classes" ends 4 new x --data 'photos of mine/even'
check "are refused with what to do" has err "move those of a class to a folder"
echo 'no archive' >junk.npz
check "an archive that is none" ends 4 new x --data junk.npz
check "is refused" has err "luma: luma.dataset.npz: junk.npz: "
check "nothing was written for them" test ! -e x.lua
check "a file for MNIST says so" ends 0 new digits --data=mnist
check "in its arguments" has digits.lua 'data = "mnist"'
done_testing
