#!/bin/sh
# What a record keeps of trainings, evaluations, pixels, data sets and warnings; and that keeping it changes
# nothing.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# recorded CODE: the script on stdin, with and without a record; both must print the same and exit so.
recorded() {
    cat >t.lua
    rm -rf d
    "$LUMA" run --progress=none t.lua >plain 2>plain_err
    plain=$?
    "$LUMA" run --progress=none --record=d t.lua >out 2>err
    got=$?
    [ "$got" -eq "$1" ] && [ "$plain" -eq "$1" ] || { echo "exits $plain and $got"; cat out err; return 1; }
    cmp plain out && cmp plain_err err
}
cat >judge.lua <<'E'
-- Runs the condition in the file `code` with the record as its environment.
local json = require "luma.json"
local run = assert(json.decode(assert(io.open "d/run.json":read "a")))
setmetatable(run, { __index = { luma = luma, ipairs = ipairs, io = io, math = math, type = type, print = print } })
local value = assert(loadfile("code", "t", run))()
if not value then print "does not hold" os.exit(1) end
E
# holds CONDITION: of the members of the record.
holds() {
    printf 'return %s\n' "$1" >code
    "$LUMA" run judge.lua
}

HEAD='local nn, g = luma.nn, luma.generator{ luma.rescale(1/255) }
local train, test = luma.dataset.digits{ train = 300, test = 100, seed = 2 }
local function network() return luma.model{ input = { 28, 28, 1 }, seed = 1, nn.flatten{}, nn.dense{ 10, act = "softmax" } } end
'
check "a training with validation" recorded 0 <<E
$HEAD
local model = network()
model:fit{ g:flow(train, { batch = 50 }), epochs = 3, validate = g:flow(test) }
local flow = g:flow(test, { shuffle = true })
print(model:evaluate(flow).loss, model:digest())
for epoch in model:train{ g:flow(train:take(120)), epochs = 5 } do if epoch == 2 then break end end
print(model:evaluate(flow, { loss = "cross_entropy" }), model:digest())
E
check "has the history of the fit" holds '#histories == 2 and histories[1].title == "model:fit 1" and #histories[1].rows == 3'
check "with its columns" holds 'histories[1].columns[1] == "epoch" and histories[1].columns[4] == "val_loss" and
    histories[1].columns[6] == "rate" and histories[1].rows[2][6] == 0.001'
check "and of the loop that was left" holds 'histories[2].title == "model:train 2" and #histories[2].rows == 2'
check "with its line" holds 'histories[2].where == "t.lua:9"'
check "as CSV" sh -c '[ "$(wc -l <d/history-1.csv)" -eq 4 ] && head -1 d/history-2.csv | grep -qx epoch,loss,accuracy,rate,seconds'
check "evaluations of the script only" holds '#evaluations == 2 and evaluations[1].count == 100'
check "with all digits" holds '#("%.17g"):format(evaluations[1].loss) > 10'
check "their confusions add up" holds '(function() local n, right = 0, 0
    for t, row in ipairs(evaluations[2].confusion) do
        for p, k in ipairs(row) do n = n + k if t == p then right = right + k end end
    end
    return n == 100 and right == evaluations[2].correct and #evaluations[2].classes == 10 end)()'
check "the wrong ones" holds '(function() local e = evaluations[2]
    for _, w in ipairs(e.wrong) do if w.label == w.predicted or w.index < 1 or w.index > 100 then return false end end
    return #e.wrong == (100 - e.correct < 32 and 100 - e.correct or 32) end)()'
check "as a sheet of the right size" holds '(function() local e = evaluations[1]
    local image = luma.image.load("d/" .. e.sheet, { color = "gray" })
    local n = #e.wrong
    local columns = n < 8 and n or 8
    return e.sheet_columns == columns and image.shape[2] == columns * 30 - 2
        and image.shape[1] == (n + 7) // 8 * 30 - 2 and image.shape[3] == 1 end)()'
check "that shows those images" holds '(function() local e = evaluations[1]
    local _, test = luma.dataset.digits{ train = 300, test = 100, seed = 2 }
    local image = luma.image.load("d/" .. e.sheet, { color = "gray" })
    local wanted = test:image(e.wrong[2].index)
    for y = 1, 28 do for x = 1, 28 do
        if image:get(y, x + 30, 1) ~= wanted:get(y, x, 1) then return false end
    end end
    return true end)()'
check "pixels before and after" holds '#pixels == 2 and #pixels[1].before.counts == 256 and #pixels[1].before.edges == 257
    and #pixels[1].after.counts == 64 and pixels[1].after.edges[1] == 0 and pixels[1].after.edges[65] == 1
    and pixels[1].images == 300 and pixels[2].images == 120'
check "all of them" holds '(function() local n = 0
    for _, k in ipairs(pixels[1].before.counts) do n = n + k end
    return n == 300 * 784 end)()'
check "16 scaled images as a sheet" holds '(function() local image = luma.image.load("d/" .. pixels[1].sheet)
    return image.shape[1] == 58 and image.shape[2] == 238 and #pixels[1].labels == 16 end)()'
check "the data sets" holds '#datasets == 2 and datasets[1].name == "digits train" and datasets[1].count == 300
    and datasets[1].classes == 10 and datasets[1].shape[3] == 1 and #datasets[1].sha256 == 64
    and datasets[1].digest_of == "contents" and datasets[2].name == "digits test"'

check "an error in a training" recorded 1 <<E
$HEAD
for epoch in network():train{ g:flow(train), epochs = 5 } do
    if epoch == 3 then error "enough" end
end
E
check "leaves the epochs before" holds '#histories[1].rows == 3 and status == "error"'
check "a loss that is not finite" recorded 1 <<E
$HEAD
network():fit{ g:flow(train), epochs = 3, optimizer = luma.sgd{ rate = 1e38 } }
E
check "leaves a history too" holds '#histories == 1 and message ~= nil and status == "error"'

check "warnings" recorded 0 <<E
$HEAD
network():fit{ luma.generator{}:flow(train, { shuffle = false }), epochs = 1 }
E
check "are kept" holds '#warnings == 2 and warnings[1]:find "^t.lua:5: the network gets pixels"'
quiet() { "$LUMA" run --quiet --record=d t.lua >out 2>err && ! [ -s err ]; }
check "quiet ones" quiet
check "too" holds '#warnings == 2'

check "several labels, numbers to predict" recorded 0 <<E
$HEAD
local lines = { "file,tags,size" }
for i = 1, 40 do
    train:image(i):save(("i%d.png"):format(i))
    lines[i + 1] = ("i%d.png,%s,%g"):format(i, i % 3 == 0 and "a|b" or i % 2 == 0 and "a" or "b", i / 40)
end
io.open("t.csv", "w"):write(table.concat(lines, "\\n"), "\\n"):close()
local tags = luma.dataset.csv{ "t.csv", labels = "tags", color = "gray", name = "tags" }
local sizes = luma.dataset.csv{ "t.csv", targets = { "size" }, color = "gray", name = "sizes" }
local both = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 2, act = "sigmoid" } }
both:fit{ g:flow(tags), epochs = 2, loss = "binary_cross_entropy" }
print(both:evaluate(g:flow(tags), { loss = "binary_cross_entropy" }).loss)
local one = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 1 } }
one:fit{ g:flow(sizes), epochs = 2, loss = "mse" }
print(one:evaluate(g:flow(sizes), { loss = "mse" }).loss)
E
check "have no confusion" holds '#evaluations == 2 and evaluations[1].confusion == nil and evaluations[1].accuracy > 0
    and evaluations[1].judged == 80 and evaluations[2].accuracy == nil and evaluations[2].wrong == nil'
check "and no labels at the sheet" holds '#pixels == 2 and #pixels[1].labels == 0 and pixels[2].images == 40'
check "files count with their contents" holds 'datasets[3].name == "tags" and datasets[3].digest_of == "contents"
    and datasets[4].name == "sizes" and datasets[3].sha256 ~= datasets[4].sha256'

check "images that are their own target" recorded 0 <<E
$HEAD
local images = luma.zeros({ 20, 8, 8, 3 }, "u8")
local set = luma.dataset.tensor{ images = images }
local code = luma.model{ input = { 8, 8, 3 }, nn.flatten{}, nn.dense{ 192 } }
code:fit{ g:flow(set, { labels = "input" }), epochs = 1, loss = "mse" }
print(code:evaluate(g:flow(set, { labels = "input" }), { loss = "mse" }).loss)
E
check "have no confusion" holds 'evaluations[1].confusion == nil and evaluations[1].wrong == nil and evaluations[1].loss
    and evaluations[1].accuracy == nil and #datasets == 3'
check "and no labels at the sheet" holds '#pixels[1].labels == 0'
check "the sheet is in colour" holds 'luma.image.load("d/scaled-1.png").shape[3] == 3'

check "Keras' flows" recorded 0 <<E
$HEAD
local x, y = luma.zeros({ 40, 28, 28, 1 }, "u8"), luma.zeros({ 40 }, "i32")
for i = 1, 40 do y:set(i, i % 10) x:set(i, i % 10 + 1, 3, 1, 255) end
local k = luma.keras.ImageDataGenerator{ rescale = 1/255, horizontal_flip = true,
    preprocessing_function = function(image) return image end }
local model = network()
model:fit{ k:flow(x, y, { batch_size = 10, seed = 1 }), epochs = 2 }
print(model:evaluate(k:flow(x, y, { shuffle = false })).loss, model:digest())
E
check "are kept too" holds '#histories[1].rows == 2 and #pixels == 1 and #evaluations == 1 and evaluations[1].count == 40'

check "parts of a set" recorded 0 <<E
$HEAD
local sets = { train:split{ 0.5 } }
for _, part in ipairs(sets) do network():fit{ g:flow(part), epochs = 1 } end
for i = 1, 12 do network():evaluate(g:flow(test:range(i, i + 20))) end
E
check "count as the set" holds '#datasets == 2 and #histories == 2 and #evaluations == 12'
check "old sheets are dropped" holds '(function() local n = 0
    for i, e in ipairs(evaluations) do n = n + (e.sheet and 1 or 0) if i <= 4 and e.sheet then return false end end
    return n == 8 end)()'
check "with their files" sh -c '[ "$(ls d/wrong-*.png | wc -l)" -eq 8 ]'

check "names that are no UTF-8" recorded 0 <<'E'
luma.log("\xff\n\0x", 1)
luma.expect(true, "a\x80")
E
check "are made so" holds 'figures[1].name == "\u{FFFD}\n\0x" and expectations[1].text == "a\u{FFFD}"'

check "a set that is closed at once" recorded 0 <<E
for i = 1, 70 do
    local a <close>, b <const> = luma.dataset.digits{ train = 5, test = 5, seed = i }
end
E
check "is kept, 64 of them" holds '#datasets == 64'
check "luma.dataset.open" recorded 0 <<E
print(luma.dataset.open("digits", { train = 20, test = 10 }))
E
check "is watched" holds '#datasets == 2'
check "errors of what is watched keep their words" recorded 1 <<E
luma.dataset.digits{ tran = 5 }
E
check "and their line" grep -q "t.lua:1: luma.dataset.digits: unknown option 'tran'; did you mean 'train'" err
check "of evaluations too" recorded 1 <<E
$HEAD
network():evaluate(test)
E
check "with their line" grep -q "t.lua:5: model:evaluate: argument 1 wants a flow" err
cd / && done_testing
