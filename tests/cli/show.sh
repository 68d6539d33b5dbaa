#!/bin/sh
# Pictures in the terminal: what each variable chooses, files without control codes, and a real screen.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
esc=$(printf '\033')
unset NO_COLOR LUMA_GRAPHICS COLORTERM KITTY_WINDOW_ID TERM_PROGRAM TMUX STY COLUMNS LINES
LC_ALL=C.UTF-8
export LC_ALL

cat >"$work/two.lua" <<'E'
luma.tensor({ { { 255, 0, 0 }, { 0, 0, 0 } }, { { 0, 0, 255 }, { 0, 0, 0 } } }, "u8"):show()
E
cat >"$work/all.lua" <<'E'
local train, test = luma.dataset.digits{ train = 120, test = 20 }
local nn = luma.nn
local g = luma.generator{ luma.rescale(1/255) }
local model = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
local history = model:fit{ g:flow(train), epochs = 2, validate = g:flow(test) }
assert(train:show(4):image(1):show())
g:flow(train):show(2)
history:show()
train:stats():show()
train:stats{ axis = "pixel" }:show()
E

# into_file NAME=VALUE...: what a run writes into a file.
into_file() { env "$@" "$LUMA" run --quiet "$work/all.lua" >"$work/out" 2>"$work/err" </dev/null; }
is_plain() {
    grep -q '^black is 0, white 1$' "$work/out" && grep -q '^\.\.\. 116 more$' "$work/out" &&
        grep -q '^loss by epoch   \* training   o validation$' "$work/out" && grep -q '^120 images: mean' "$work/out" &&
        ! LC_ALL=C grep -q '[^ -~]' "$work/out" || { cat -v "$work/out"; false; }
}
# But for lines of text.
fits() { awk -v most="$1" '!/image|epoch|^cut|^black/ && length($0) > most { print; bad = 1 } END { exit bad }' "$work/out"; }

check "into a file" into_file TERM=xterm-kitty COLORTERM=truecolor KITTY_WINDOW_ID=1
check "characters alone" is_plain
check "80 columns" fits 80
check "COLUMNS=44" into_file COLUMNS=44
check "fits into them" fits 44
check "still characters alone" is_plain

# --- labels ---
cat >"$work/labels.lua" <<'E'
local image = luma.zeros({ 4, 20, 1 }, "u8")
image:save("a.png")
image:save("b.png")
local csv = assert(io.open("t.csv", "w"))
csv:write("file,kind,width,height,rain,wind\n", "a.png,dry,1.5,-2,0,0\n", "b.png,wet,1e6,0.25,1,1\n")
csv:close()
local named = luma.dataset.csv{ "t.csv", label = "kind", size = { 4, 20 }, color = "gray" }
named:show()
luma.dataset.csv{ "t.csv", labels = { "rain", "wind" }, size = { 4, 20 }, color = "gray" }:show()
local values = luma.dataset.csv{ "t.csv", targets = { "width", "height" }, size = { 4, 20 }, color = "gray" }
values:show()
local g = luma.generator{}
g:flow(values, { shuffle = false }):show()
g:flow(named, { shuffle = false, labels = "one_hot" }):show()
g:flow(named, { shuffle = false, labels = "none" }):show()
g:augment{ luma.mixup(0.4) }:flow(named, { shuffle = false, seed = 2 }):show()
luma.dataset.tensor{ images = luma.zeros({ 1, 4, 20 }, "u8"), labels = luma.tensor({ 0 }, "u8"),
                     classes = { "a\27[31m\n\226\152\131" } }:show()
E
cat >"$work/labels.txt" <<'E'
dry                  wet
                     rain, wind
1.5 -2               1e+06 0.25
1.5 -2               1e+06 0.25
all values are 0
dry                  wet
all values are 0
all values are 0
all values are 0
E
labels() {
    (cd "$work" && "$LUMA" run labels.lua) >"$work/out" 2>&1
    grep '[^ ]' "$work/out" >"$work/got"
    # The shares of mixed labels are drawn.
    grep -v ' % \|?' "$work/got" | diff - "$work/labels.txt" &&
        grep -qE '^([0-9]+ % dry \+ [0-9]+ % wet) +([0-9]+ % dry \+ [0-9]+ % wet)$' "$work/got" &&
        grep -qxF 'a?[31m?☃' "$work/got" || { cat -v "$work/out"; false; }
}
check "labels of every form" labels

# terminal NAME=VALUE...: what a terminal gets from two.lua.
terminal() {
    script -qec "env $* '$LUMA' run '$work/two.lua'" /dev/null </dev/null 2>&1 | tr -d '\r' >"$work/tty"
}
true_color="${esc}[38;2;255;0;0m${esc}[48;2;0;0;255m▀${esc}[38;2;0;0;0m${esc}[48;2;0;0;0m▀${esc}[0m"
in_256="${esc}[38;5;196m${esc}[48;5;21m▀${esc}[38;5;16m${esc}[48;5;16m▀${esc}[0m"
kitty="${esc}_Ga=T,f=24,s="
gets() {
    wanted=$1
    shift
    terminal "$@"
    grep -qF -- "$wanted" "$work/tty" || { cat -v "$work/tty"; false; }
}
gets_plain() {
    terminal "$@"
    grep -q '^: $' "$work/tty" && ! grep -q "$esc" "$work/tty" || { cat -v "$work/tty"; false; }
}
if ! command -v script >/dev/null; then
    skip "terminals of each kind: script is not installed"
else
    check "COLORTERM=truecolor" gets "$true_color" TERM=xterm COLORTERM=truecolor
    check "COLORTERM=24bit" gets "$true_color" TERM=xterm-256color COLORTERM=24bit
    check "TERM with 256color" gets "$in_256" TERM=xterm-256color
    check "TERM without" gets_plain TERM=xterm
    check "TERM=dumb" gets_plain TERM=dumb COLORTERM=truecolor
    check "NO_COLOR" gets_plain TERM=xterm-kitty COLORTERM=truecolor NO_COLOR=1
    check "an empty NO_COLOR is none" gets "$true_color" TERM=xterm COLORTERM=truecolor NO_COLOR=
    check "KITTY_WINDOW_ID" gets "$kitty" TERM=xterm-256color KITTY_WINDOW_ID=3
    check "TERM=xterm-kitty" gets "$kitty" TERM=xterm-kitty
    check "ghostty" gets "$kitty" TERM=xterm-256color TERM_PROGRAM=ghostty
    check "WezTerm" gets "$kitty" TERM=xterm-256color TERM_PROGRAM=WezTerm
    check "not inside tmux" gets "$true_color" TERM=xterm-256color KITTY_WINDOW_ID=3 TMUX=/x COLORTERM=truecolor
    check "nor by its TERM" gets "$in_256" TERM=tmux-256color TERM_PROGRAM=WezTerm
    check "nor inside screen" gets "$in_256" TERM=screen.xterm-256color KITTY_WINDOW_ID=3
    check "GNU screen has 256 colours" gets "$in_256" TERM=xterm-256color STY=1.x COLORTERM=truecolor
    check "a locale without blocks" gets_plain TERM=xterm-256color COLORTERM=truecolor LC_ALL=C
    check "no locale at all: a terminal of today" gets "$true_color" -u LC_ALL -u LANG TERM=xterm COLORTERM=24bit
    check "LUMA_GRAPHICS=plain" gets_plain TERM=xterm-kitty LUMA_GRAPHICS=plain
    check "LUMA_GRAPHICS=256" gets "$in_256" TERM=dumb LUMA_GRAPHICS=256
    check "LUMA_GRAPHICS=truecolor" gets "$true_color" TERM=dumb LUMA_GRAPHICS=truecolor
    check "LUMA_GRAPHICS=kitty" gets "$kitty" TERM=dumb LUMA_GRAPHICS=kitty
fi

check "LUMA_GRAPHICS and a file" prints "$true_color" env LUMA_GRAPHICS=truecolor "$LUMA" run "$work/two.lua"
unknown() {
    LUMA_GRAPHICS=kity "$LUMA" run "$work/two.lua" 2>"$work/err"
    [ $? -eq 1 ] && grep -qF "two.lua:1: tensor:show: the variable LUMA_GRAPHICS wants kitty, truecolor, 256 or \
plain, got 'kity'; did you mean 'kitty'?" "$work/err" || { cat "$work/err"; false; }
}
check "an unknown word" unknown
# resets MODE: the last sequence of every line is the one that ends its colours.
resets() {
    LUMA_GRAPHICS=$1 "$LUMA" run --quiet "$work/all.lua" >"$work/out" 2>/dev/null
    grep "$esc\[" "$work/out" | sed "s/.*$esc\[\([0-9;]*\)m.*/\1/" | sort -u >"$work/last"
    [ "$(cat "$work/last")" = 0 ] || { cat "$work/last"; false; }
}
check "24-bit colours end with their line" resets truecolor
check "256 colours too" resets 256

if ! command -v tmux >/dev/null; then
    skip "a screen: tmux is not installed"
    done_testing
fi
on() { tmux -L "luma-show-$$" -f /dev/null "$@"; }
trap 'on kill-server 2>/dev/null; rm -rf "$work"' EXIT
on new-session -d -x 90 -y 200 \
    "env TERM=xterm-256color TMUX= COLORTERM=truecolor '$LUMA' run --quiet '$work/all.lua'; echo end; sleep 100"
shows() {
    for _ in $(seq 200); do
        case $(on capture-pane -p) in *"$1"*) return 0 ;; esac
        sleep 0.05
    done
    echo "not on the screen: $1"
    on capture-pane -p
    return 1
}
check "a run on a screen" shows "end"
on capture-pane -p >"$work/screen"
on capture-pane -e -p >"$work/colors"
has() { grep -qE -- "$1" "$2" || { cut -c 1-60 "$2" | cat -v | head -40; false; }; }
check "24-bit colours above and below" has "38;2;[0-9;]*48;2;[0-9]+;[0-9]+;[0-9]+m▀|m$esc\[48;2;[0-9]+;[0-9]+;[0-9]+m▀" "$work/colors"
# 28 columns do not fit four times into 90; 21 do.
check "four digits side by side" has '^▀{21} ▀{21} ▀{21} ▀{21}$' "$work/screen"
check "their labels below" has '^[0-9] {21}[0-9] {21}[0-9] {21}[0-9]$' "$work/screen"
check "the rest is counted" has '^\.\.\. 116 more$' "$work/screen"
check "one image as it is" has '^▀{28}$' "$work/screen"
check "the range of floats" has '^black is 0, white 1$' "$work/screen"
check "curves of dots" has '│ *(⠢|⡰|⠒|⠤|⠉|⣀|⢄|⠑|⡠)' "$work/screen"
check "in two colours" has "$esc\[38;5;33m──.*$esc\[38;5;208m╌╌" "$work/colors"
check "a histogram of blocks" has '▁|▂|▃|▄|▅|▆|▇' "$work/screen"
check "no colour is left on" has '^end$' "$work/colors"
done_testing
