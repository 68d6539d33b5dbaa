#!/bin/sh
# The shells' completions, asked as the shells ask them.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
mkdir "$work/bin" "$work/fish" "$work/here" && ln -s "$LUMA" "$work/bin/luma"
PATH=$work/bin:$PATH
export PATH
cd "$work/here" || exit 1
cat >train.lua <<'X'
os.execute "touch was-run"
local args = luma.args{ epochs = 5, data = "mnist", fast = false }
X
touch notes.txt model.json && mkdir photos

for shell in bash zsh fish; do
    check "the completions of $shell are written" sh -c "luma help --completion=$shell >../luma.$shell"
done
check "another shell is refused" sh -c "luma help --completion=csh 2>err; [ \$? -eq 2 ]"
check "with the three there are" grep -qF -- "--completion wants bash, zsh or fish, got 'csh'" err
rm -f err

# The arguments of a script, which the completions ask for.
arguments() { luma help --arguments "$@" 2>../err; }
check "a script's arguments are listed" [ "$(arguments train.lua | tr '\n' ' ')" = "epochs=5 data=mnist fast=false " ]
check "without running it" [ ! -e was-run ]
check "a file that is not there" sh -c "luma help --arguments none.lua 2>../err; [ \$? -eq 2 ]"
check "is named" grep -q "none.lua: No such file" ../err
check "a folder has none" sh -c "luma help --arguments photos 2>../err; [ \$? -eq 2 ]"
check "and is named too" grep -qx "luma: photos: is not a file" ../err

# answers SHELL: each line of ../cases is "what was typed => all answers", words sorted.
cat >../cases <<'X'
luma ru => run runs
luma run --prof => --profile
luma run tr => train.lua
luma run train.lua ep => epochs=
luma run train.lua data=mn => data=mnist
luma run train.lua epochs= => epochs=5
luma run --quiet train.lua fa => fast=
luma run --progress=p => --progress=plain
luma -i tr => train.lua
luma -i train.lua da => data=
luma bench --json mod => model.json
luma bench --ima => --images
luma help tensor:sha => tensor:sha256
luma help luma.nn.co => luma.nn.conv
luma info fash => fashion_mnist
luma help --completion=z => --completion=zsh
X
compare() {
    while IFS= read -r case; do
        typed=${case%% => *}
        printf '%s => %s\n' "$typed" "$("$1" "$typed")"
    done <../cases | diff ../cases -
}

cat >../ask.bash <<'X'
# What bash does on Tab: COMP_WORDS are broken at = and :, what is answered replaces the last of them.
source ../luma.bash
COMP_LINE=$1
COMP_POINT=${#COMP_LINE}
broken=$(printf '%s' "$1" | sed 's/[=:]/ & /g')
read -r -a COMP_WORDS <<<"$broken"
case $1 in *' ') COMP_WORDS+=('') ;; *[=:]) COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
word=${1##* }
kept=${word%"${word##*[=:]}"}
[ -z "$TOLD" ] || compopt() { printf '%s\n' "$*" >>"$TOLD"; }
[ -z "$NO_LINE" ] || unset COMP_LINE COMP_POINT
_luma
printf '%s\n' "${COMPREPLY[@]/#/$kept}" | sort -u | paste -sd ' '
X
if command -v bash >/dev/null 2>&1; then
    in_bash() { bash ../ask.bash "$1"; }
    check "bash parses them" bash -n ../luma.bash
    check "bash answers" compare in_bash
    without_line() { NO_LINE=1 bash ../ask.bash "$1"; }
    check "by COMP_WORDS alone too" compare without_line
    check "registered for luma" sh -c "bash -c 'source ../luma.bash; complete -p luma' | grep -q -- '-F _luma luma'"
    check "all commands behind luma" sh -c "bash ../ask.bash 'luma ' | grep -q 'bench.*help.*info.*run'"
    check "files and folders where files are asked for" [ "$(in_bash 'luma run ')" = "photos train.lua" ]
    check "all arguments behind a script" [ "$(in_bash 'luma run train.lua ')" = "data= epochs= fast=" ]
    check "true and false where the default is one" [ "$(in_bash 'luma run train.lua fast=')" = "fast=false fast=true" ]
    told() { rm -f ../told; TOLD=../told in_bash "$1" >/dev/null; cat ../told; }
    check "paths are quoted as files" [ "$(told 'luma batch tr')" = "-o filenames" ]
    check "name= is not: it would get a backslash" [ "$(told 'luma batch train.lua ep')" = "-o nospace" ]
    check "data sets and paths for info" [ "$(in_bash 'luma info ')" = \
        "cifar10 digits emnist fashion_mnist mnist model.json notes.txt photos train.lua" ]
else
    skip "bash is not installed"
fi

if command -v fish >/dev/null 2>&1; then
    HOME=$work/fish XDG_CONFIG_HOME=$work/fish XDG_DATA_HOME=$work/fish
    export HOME XDG_CONFIG_HOME XDG_DATA_HOME
    in_fish() {
        fish --no-config -c "source ../luma.fish; complete -C '$1'" 2>&1 | cut -f 1 | sort -u | paste -sd ' '
    }
    check "fish parses them" fish --no-config -n ../luma.fish
    check "fish answers" compare in_fish
else
    skip "fish is not installed"
fi

# zsh answers at a terminal only: a second zsh in a pseudo terminal, whose line is read back after Tab.
cat >../ask.zsh <<'X'
zmodload zsh/zpty
zpty z "HOME=$PWD zsh -f -i"
zpty -w z "PS1= PS2= RPS1=; unsetopt prompt_sp beep; cp ../luma.zsh ../_luma; fpath=(\$PWD/.. \$fpath)
autoload -U compinit; compinit -u -D; say() { print -r -- \"\$BUFFER\" >../line; zle kill-whole-line }; zle -N say; bindkey '^G' say
print rea''dy"
integer i
while [[ $out != *ready* && i++ -lt 500 ]]; do zpty -rt z line && out+=$line; sleep 0.01; done
while IFS= read -r case; do
    typed=${case%% => *}
    rm -f ../line
    zpty -w -n z "$typed"$'\t\a'
    i=0
    while [[ ! -s ../line && i++ -lt 500 ]]; do zpty -rt z line; sleep 0.01; done
    sleep 0.02
    print -r -- "$typed => ${${"$(<../line)"% }##* }"
done <../cases
zpty -d z
X
if command -v zsh >/dev/null 2>&1; then
    check "zsh parses them" zsh -n ../luma.zsh
    zsh_compares() {
        # One answer is completed; of several, "ru", what they have in common.
        sed 's/ => run runs$/ => run/; s/--images$/--images=/' ../cases >../wanted
        timeout 60 zsh -f ../ask.zsh 2>&1 | diff ../wanted -
    }
    check "zsh answers" zsh_compares
else
    skip "zsh is not installed"
fi
done_testing
