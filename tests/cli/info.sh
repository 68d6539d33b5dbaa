#!/bin/sh
# luma info: drawn digits in every format, told by content; damaged, empty and foreign files; what is wrong in sets.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
maker=$PWD/tests/cli/help_info.lua
cd "$work" || exit 1
LC_ALL=C.UTF-8
COLUMNS=200
export LC_ALL COLUMNS

# what NAME LINE...: luma info NAME ends well and prints these lines or parts of lines.
shows() {
    ends 0 info "$1" || return 1
    shift
    for shows_line in "$@"; do
        grep -qF -- "$shows_line" out || { echo "not found: $shows_line"; cat out; return 1; }
    done
}
lacks() { ! grep -qF -- "$1" out || { cat out; false; }; }
# refuses CODE NAME TEXT: the whole message.
refuses() {
    ends "$1" info "$2" || return 1
    [ "$(cat err)" = "luma: info: $3" ] || { cat err; return 1; }
}
KNOWN="luma info knows IDX, NPY, NPZ, CIFAR and safetensors files, pictures, tables of them (CSV), folders of these, and recorded runs"

"$LUMA" run "$maker" || exit 1

# --- sets ---
check "a folder of IDX files" shows idx "idx: folder of IDX files, as MNIST's" \
    "mnist train: 60 images 28x28x1 u8, 10 classes" "mnist test: 20 images 28x28x1 u8, 10 classes" \
    "  pixels 0..255, mean 33.269196, std 73.673940" "  label  class   train    test" \
    "      1  1          10       4  ████████████████████████████████████████" \
    "      5  5           3       1  ████████████" "problem: test: no image of class 6"
cp out plain
check "gzip" shows gz "mnist train: 60 images 28x28x1 u8, 10 classes"
tail -n +3 plain >a
tail -n +3 out >b
check "is told as the plain files are" cmp a b
check "an images file" shows idx/train-images-idx3-ubyte "idx/train-images-idx3-ubyte: IDX, u8 of 3 dimensions" \
    "60 images 28x28x1 u8, 10 classes" "note: labels: idx/train-labels-idx1-ubyte"
check "a labels file finds its images" shows gz/t10k-labels-idx1-ubyte.gz "IDX, u8 of 1 dimension, gzip" \
    "20 images 28x28x1 u8, 10 classes" "note: images: gz/t10k-images-idx3-ubyte.gz"
check "images under another name" shows alone/pictures "20 images 28x28x1 u8, no labels" \
    "note: no file of labels beside it"
check "labels alone" shows alone/train-labels-idx1-ubyte "60 labels of 10 classes, no images" \
    "note: no file of images beside it" "      0  0           6"
check "labels of another set" shows mixed/train-images-idx3-ubyte "60 images 28x28x1 u8, no labels" \
    "problem: the labels cannot be used: mixed/train-images-idx3-ubyte holds 60 images, but mixed/train-labels-idx1-ubyte holds 20 labels; they are not of one set"
check "a label far out" shows stray-labels-idx1-ubyte "    255  255         1" \
    "         ... 252 classes without any image" \
    "problem: labels reach 255, but 252 of the classes 0 to 255 have no image: is 255 a label?"
check "EMNIST" shows emnist "folder of EMNIST's files" "emnist digits train: 60 images 28x28x1 u8, 10 classes"
check "one of its files" shows emnist/emnist-digits-test-images-idx3-ubyte \
    "emnist digits test: 20 images" "note: EMNIST's images lie on their side in the file; they are shown upright"
check "NPY images" shows npy/x_train.npy "npy/x_train.npy: NPY, |u1" "60 images 28x28x1 u8, 10 classes" \
    "note: labels: npy/y_train.npy"
check "NPY labels" shows npy/y_train.npy "NPY, <i4" "note: images: npy/x_train.npy"
check "floats from 0 to 1" shows unit.npy "60 images 28x28x1 f32, no labels" "  pixels 0..1, mean 0.130467" \
    "note: floats from 0 to 1: scaled already, luma.rescale(1/255) would make them tiny"
check "an array of other things" shows weights.npy "f32 3, -2..3.25, mean 0.583333, std 2.14411"
check "NPZ" shows digits.npz "digits.npz: NPZ, 5 arrays" "x_train: 60 images 28x28x1 u8, 10 classes" \
    "x_test: 20 images 28x28x1 u8, 10 classes" "note: array other: f32 1, 7..7, mean 7, std 0"
check "NPZ without images" shows plain.npz "weights: f32 2, 0.5..1.5, mean 1, std 0.5"
check "a CIFAR batch" shows cifar.bin "cifar.bin: CIFAR-10 records" "60 images 32x32x3 u8, 10 classes" \
    "  by channel: mean 128.325065 136.558919 133.641292" "      0  airplane"
check "CIFAR's folder" shows cifar "cifar10 train: 50 images 32x32x3 u8, 10 classes" "cifar10 test: 10 images"
check "class folders" shows photos/train "photos/train: folder of class folders" \
    "24 image files, 3 classes" "  files: all PNG; sizes all 28x28; all gray"
check "train and test of them" shows photos "photos: folders of class folders, one a part" \
    "photos/test: 9 image files, 3 classes" "  label  class   train    test"
check "a table" shows table.csv "table.csv: table of image files, columns path, label, split" \
    "table.csv train: 6 image files, 2 classes" "table.csv test: 2 image files, 2 classes"
check "a folder of pictures" shows pictures "pictures: folder of pictures, without class folders" "8 image files" \
    "note: a folder for each class, or a table (.csv) of files and labels, makes a data set"
check "a picture" shows pictures/1.png "pictures/1.png: PNG, " \
    "  32 x 32 pixels (height x width), colour, 8 bits a channel" "  read to its end without damage"
check "turned, by content" shows turned.dat "turned.dat: JPEG, 203 bytes" \
    "  8 x 16 pixels (height x width), gray, 8 bits a channel" \
    "  EXIF orientation 6 (on its side: turned right when read); stored as 16 x 8"
check "what is wrong with a folder" shows bad "problem: no image in folder none" \
    "problem: damaged: bad/b/5.png: the PNG is cut off: chunk IDAT at byte 33 claims 269 bytes, 55 are left" \
    "problem: 2 images are equal to an earlier one, 1 of them with another label, as bad/a/1.png and bad/b/3.png" \
    "problem: 1 image shows nothing but one colour, as bad/b/4.png" "  1 other file passed over"

# --- models and runs ---
check "a model" shows model.safetensors "model.safetensors: model of luma" \
    "  images 28x28x1 in, 10 numbers out, 1,970 parameters" "dense1    dense softmax" \
    "  1. rescale by 0.00392156863" "  fitted on digits train (60 images)"
check "a generator" shows scale.safetensors "scale.safetensors: generator of luma" "  2. standardize feature, axis all"
check "tensors of others" shows foreign.safetensors "foreign.safetensors: safetensors, not of luma" \
    "  1 tensor, 12 numbers, 24 bytes" "  a.weight  F16   3x4" "note: metadata by: hand"
cat >run.lua <<'END'
luma.args{ epochs = 2 }
luma.expect("answer", 42, ">=", 40)
luma.log("size", 7)
END
check "a run is recorded" ends 0 run --record=record run.lua
check "its folder" shows record "record: recorded run" ": passed, exit code 0" "  arguments epochs=2" "  ok      " \
    "  figure  size 7"
check "its file" shows record/run.json "record/run.json: recorded run" "  arguments epochs=2"
mkdir runs && cp -r record runs/one
check "a folder of runs" refuses 4 runs \
    "runs: a folder of recorded runs; \`luma runs\` lists them, \`luma info\` shows one of them"

# --- refused ---
check "a cut IDX file" refuses 4 cut.idx \
    "cut.idx: IDX file of u8 60x28x28 needs 47,056 bytes, got 5,000: it is cut off, fetch it again"
check "a cut gzip file" refuses 4 cut.gz "cut.gz: gzip data ends early, after 3,000 bytes: the file is cut off"
check "a huge claim" refuses 4 huge.idx "huge.idx: IDX file of u8 4294967295x65535x65535: more than can be addressed"
check "a cut array" refuses 4 cut.npy \
    "cut.npy: .npy array 60x28x28 of u1 needs 47,040 bytes of data, got 772: the file is cut off"
check "a cut archive" refuses 4 cut.npz \
    "cut.npz: the zip archive's list of members, at its end, is missing: the file is cut off"
check "a cut model" refuses 4 cut.safetensors \
    "cut.safetensors: tensor 'dense1/kernel' ends at byte 7840 of the data, but there are only 2992: the file is cut off"
check "cut tensors" refuses 4 short.safetensors \
    "short.safetensors: a safetensors file that is cut off: tensor 'a.weight' ends 24 bytes behind the header, where the file has 20"
check "a header that is not there" refuses 4 claims.safetensors \
    "claims.safetensors: a safetensors file that is cut off: its header is to have 90,000,000 bytes, the file has 10 bytes"
check "a tensor without data" refuses 4 odd.safetensors \
    "odd.safetensors: tensor 'a' has no dtype, shape and data_offsets as safetensors files have"
check "a damaged picture" refuses 4 broken.png \
    "broken.png: the PNG is cut off: chunk IDAT at byte 33 claims 269 bytes, 55 are left"
check "a table without names" refuses 4 headless.csv \
    "headless.csv: a table without a line of column names: it begins with pictures/1.png, 3"
check "names in quotes" shows quoted.csv "quoted.csv: table of image files, columns file, label" "1 image file, 1 class"
check "a shape that is too much" refuses 4 vast.safetensors \
    "vast.safetensors: tensor 't' has 8 bytes of data, which 9223372036854775807x2 F32 are not"
check "an end that is too far" refuses 4 far.safetensors \
    "far.safetensors: a safetensors file that is cut off: tensor 't' ends 9,223,372,036,854,775,807 bytes behind the header, where the file has 0"
check "a record of odd things" shows odd_run "odd_run: recorded run" "  run x: passed"
check "no images" shows zero.idx "u8 0x28x28, without any element" "problem: zero.idx is empty"
check "no numbers" shows nan.npy "problem: some pixels are NaN: a network that sees one is NaN for good"
check "infinities" shows inf.npy "problem: some pixels are infinite"
check "images all alike" shows grey.idx "problem: all pixels of all images are 7"
check "bits" shows bits.idx "note: pixels are 0 or 1: luma.rescale(1/255) would make them tiny"
check "a table of other things" refuses 4 numbers.csv \
    "numbers.csv: a table with the columns width, height, none of which names image files"
check "an empty file" refuses 4 nothing "nothing: an empty file. $KNOWN"
check "an HTML page" refuses 4 page.png.idx "page.png.idx: an HTML page (did a download fail?). $KNOWN"
check "a text" refuses 4 letter.txt "letter.txt: a text that begins with \"Dear Sir or Madam\". $KNOWN"
check "unknown bytes" refuses 4 noise.bin \
    "noise.bin: unknown data that begins with the bytes 01 02 03 04 05 06 07 08. $KNOWN"
check "a script" refuses 4 script.lua "script.lua: a Lua script; \`luma run script.lua\` runs it. $KNOWN"
check "JSON of others" refuses 4 list.json "list.json: JSON, but it is no record of a run"
check "what begins like JSON" refuses 4 not.json "not.json: JSON, but line 1: string or '}' expected near '1'"
check "an empty folder" refuses 4 empty "empty: no data set in this folder: it is empty. $KNOWN"
check "a folder of texts" refuses 4 texts "texts: no data set in this folder: it holds 2 .txt, 1 .md. $KNOWN"
check "a folder of single files" refuses 4 npy \
    "npy: no data set in this folder: it holds 2 .npy. \`luma info npy/x_train.npy\` looks at a file in it"
check "half a set" refuses 4 mixed \
    "mixed: not all four files of an MNIST-like set are here (without t10k-images-idx3-ubyte); \`luma info\` looks at one of them, too"
mkdir -p deep/a/b && ln -s .. deep/a/b/up && cp pictures/1.png deep/a/b
check "links in circles" shows deep "deep: folder of class folders" "1 image file, 1 class"
mkdir vast && ln -s . vast/a && ln -s . vast/b && ln -s . vast/c
check "circles without end" refuses 4 vast \
    "vast: too many folders and files to look for images in all of them; name the data set's own folder"
check "a device" refuses 4 /dev/null "/dev/null: it is a device or pipe, a file or folder is needed"
check "what is not there" refuses 4 none/x "none/x: No such file or directory"

# --- one set in another, classes that are rare ---
mkdir -p leak/train/a leak/train/b leak/test/a leak/test/b leak/test/c
cp photos/train/0/*.png leak/train/a && cp photos/train/1/*.png leak/train/b
cp photos/train/0/*.png leak/test/a && cp photos/test/1/*.png leak/test/b && cp photos/test/2/*.png leak/test/c
rm leak/train/b/*[02468].png
check "images of the training set in the test set" shows leak "problem: 6 images of test are in train too, as leak/test/a/" \
    "problem: the class folders of train (a, b) and test (a, b, c) differ" "problem: train has 2 classes, test has 3 classes"
"$LUMA" run - <<'END'
os.execute "mkdir -p many/few many/lots"
for i = 1, 5200 do
    local file <close> = io.open(("many/%s/%d.pgm"):format(i <= 10 and "few" or "lots", i), "wb")
    file:write("P5\n2 2\n255\n" .. string.pack("<I4", i))
end
END
check "many files are sampled" shows many "5,200 image files, 2 classes" "(of 5,000 images)" \
    "note: pixels, damage and equal images are of 5,000 files, evenly spread" \
    "problem: classes are uneven: lots has 5,190 images, few has 10; accuracy alone will not show whether few is learned"

# --- forms ---
check "JSON" ends 0 info --json idx
is_json() {
    cat >json.lua <<'END'
local file <close> = io.open "out"
local report = assert(require "luma.json".decode(file:read "a"))
assert(report.schema == "luma.info/1" and report.kind == "data set" and #report.sets == 2)
local set = report.sets[1]
assert(set.count == 60 and set.part == "train" and set.shape[1] == 28 and set.dtype == "u8")
assert(set.classes[2].count == 10 and set.classes[2].name == "1" and set.classes[2].label == 1)
assert(set.pixels.max == 255 and math.abs(set.pixels.mean - 33.269196) < 1e-6)
assert(report.problems[1] == "test: no image of class 6")
END
    "$LUMA" run json.lua
}
check "holds the facts" is_json
for name in model.safetensors scale.safetensors foreign.safetensors record bad pictures/1.png weights.npy digits.npz; do
    check "JSON of $name" ends 0 info --json "$name"
    check "can be read" "$LUMA" run - <<'END'
local file <close> = io.open "out"
assert(require "luma.json".decode(file:read "a").schema == "luma.info/1")
END
done
LC_ALL=C
check "bars without UTF-8" shows idx "      5  5           3       1  ############"
check "are plain" lacks "█"
LC_ALL=C.UTF-8
check "a name" shows digits "digits train: 60,000 images 28x28x1 u8, 10 classes" "label  class"
check "no path" ends 2 info
check "is wrong" grep -qx "luma: info wants one path, or the name of a data set" err
check "an option that is not known" ends 2 info --jsn idx
check "gets a suggestion" grep -qF "did you mean '--json'?" err
check "its help" ends 0 info --help
check "says what it takes" grep -qx "usage: luma info \[--json\] PATH|NAME" out
done_testing
