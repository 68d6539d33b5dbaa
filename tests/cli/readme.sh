#!/bin/sh
# What README.md shows runs and says what it says there: the pipeline file, its errors, the picture.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
top=$PWD
cd "$work" || exit 1

# The n-th ```lua block of the README.
block() {
    awk -v n="$1" '/^```/ { if (inside) exit; if ($0 == "```lua" && ++k == n) { inside = 1; next } } inside' \
        "$top/README.md"
}
in_readme() { grep -qxF -- "$1" "$top/README.md" || { echo "README.md does not say: $1"; false; }; }

block 1 >first.lua
check "the README has a pipeline file" [ -s first.lua ]
check "it runs" "$LUMA" run first.lua data=digits train=20000
check "it saved a model" [ -s digits.safetensors ]

# Its explanation, but for the numbers of the data.
"$LUMA" run first.lua data=digits train=2000 >out 2>err
check "the stages are explained as shown" in_readme "$(sed -n 1p out)"
check "the pass is explained as shown" in_readme "$(sed -n 5p out)"

"$LUMA" run first.lua epoch=2 2>err
check "a wrong argument ends with exit code 2" [ $? -eq 2 ]
check "and says what the README shows" in_readme "$(cat err)"

sed 's/batch = 64/batch_size = 64/' first.lua >typo && mv typo first.lua
"$LUMA" run first.lua data=digits train=100 >out 2>err
check "a wrong option ends with exit code 1" [ $? -eq 1 ]
check "and says what the README shows, line by line" in_readme "$(sed -n 1p err)"

block 2 >photos.lua
cat >draw.lua <<'EOF'
local set = luma.dataset.digits{ train = 60, test = 1, color = true }
for i = 1, #set do
    local folder = "photos/" .. (set:label(i) < 3 and "few" or "many")
    os.execute("mkdir -p " .. folder)
    set:image(i):save(folder .. "/" .. i .. ".png")
end
EOF
"$LUMA" run draw.lua
echo 'no picture' >photos/few/notes.png
"$LUMA" run photos.lua >out 2>err
check "images of one's own are trained on" [ $? -eq 0 ]
check "the damaged file is named" prints photos/few/notes.png cat out
check "and what was drawn is printed" prints rotate cat out

block 3 >keras.lua
check "what comes from Keras runs" "$LUMA" run keras.lua data=digits train=500
check "and is explained" prints "rotate by -10..10 degrees" "$LUMA" run keras.lua data=digits train=100 epochs=1

check "the picture can be drawn" "$LUMA" run "$top/pipelines/picture.lua" data=digits images=4 out=p.png
check "it is a PNG file" prints PNG sh -c 'head -c 4 p.png'
done_testing
