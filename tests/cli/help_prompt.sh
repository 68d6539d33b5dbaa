# For tests of the prompt in a real terminal: . tests/help_sh.sh; . tests/cli/help_prompt.sh
#
# tmux is the terminal: keys in, screen out. Nothing waits for a fixed time: `sees TEXT` looks at the
# screen until the text is there. `open_terminal` starts a shell, `prompt` luma in it.
command -v tmux >/dev/null 2>&1 || { skip "tmux is not installed"; exit 77; }
LUMA=${LUMA:-$PWD/build/luma}
terminal="tmux -u -S $work/tmux -f /dev/null"
LUMA_DATA=$PWD/datasets
patience=200 # looks at the screen, 50 ms apart
unset LC_ALL LC_CTYPE LANG NO_COLOR
trap '$terminal kill-server 2>/dev/null; rm -rf "$work"' EXIT

open_terminal() {
    echo "PS1='sh: '" >"$work/shrc"
    $terminal kill-server 2>/dev/null
    (cd "$work" && env -i PATH="$PATH" HOME="$work" XDG_STATE_HOME="$work/state" ENV="$work/shrc" LUMA="$LUMA" \
        LUMA_DATA="$LUMA_DATA" $terminal new-session -d -x 100 -y 30 "${1:-sh}") && sees "sh:"
}
keys() { $terminal send-keys "$@"; }
write() { $terminal send-keys -l -- "$1"; }
enter() { write "$1" && keys Enter; }
paste() { $terminal set-buffer -- "$1" && $terminal paste-buffer -p; }
screen() { $terminal capture-pane -p; }

# sees TEXT: within ten seconds.
sees() {
    sees_tries=0
    until screen | grep -qF -- "$1"; do
        sees_tries=$((sees_tries + 1))
        [ "$sees_tries" -lt "$patience" ] || { echo "not seen: $1"; screen; return 1; }
        sleep 0.05
    done
}
# sees_line LINE: a whole line, trailing blanks aside.
sees_line() {
    sees_tries=0
    until screen | sed 's/ *$//' | grep -qxF -- "$1"; do
        sees_tries=$((sees_tries + 1))
        [ "$sees_tries" -lt "$patience" ] || { echo "no line: $1"; screen; return 1; }
        sleep 0.05
    done
}
# The prompt again, with nothing behind it: what ran has ended.
is_ready() {
    ready_tries=0
    until [ "$(screen | sed 's/ *$//' | grep -v '^$' | tail -n 1)" = "luma>" ]; do
        ready_tries=$((ready_tries + 1))
        [ "$ready_tries" -lt "$patience" ] || { echo "no prompt"; screen; return 1; }
        sleep 0.05
    done
}
# prompt [ARGUMENT...]: luma on an empty screen.
prompt() { enter "clear; \$LUMA $*" && sees "luma 0" && is_ready; }
# fresh: an empty screen with a prompt.
fresh() { keys C-l && is_ready; }
# gives TEXT LINE: typed on an empty screen it shows the line, and the prompt is back.
gives() { fresh && enter "$1" && sees_line "$2" && is_ready; }
lacks() { ! screen | grep -qF -- "$1" || { screen; return 1; }; }
