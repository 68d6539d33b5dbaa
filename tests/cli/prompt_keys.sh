#!/bin/sh
# The prompt in a real terminal: editing, several lines, history, search, pasting, values, leaving.
. tests/help_sh.sh
. tests/cli/help_prompt.sh

check "a terminal" open_terminal
check "the prompt" prompt
check "an expression" gives "1 + 1" "2"
check "the last result" gives "_ * 21" "42"
check "a statement, then its value" gives "x = { 1, 'a', y = { 2 } } return x" '{ 1, "a", y = { 2 } }'
check "letters of other scripts" gives 'x = "äö→" return x' "äö→"
check "a long table takes several lines" gives \
    "t = { first = ('a'):rep(60), second = ('b'):rep(60) } return t" "}"
check "one a key" sees "    first = \""
check "an error" gives "nowhere" "luma: (input):1: the variable 'nowhere' is not defined"
check "a slip gets a suggestion" gives "lumo" "luma: (input):1: the variable 'lumo' is not defined; did you mean 'luma'?"

moves() { fresh && write "13" && keys Left && write "2" && keys Home && write "1 + " && keys End && enter " + 1" && sees_line 125; }
check "arrows, Home, End" moves
kills() { fresh && write "wrong words" && keys C-w && write "x" && keys C-u && write "7 8" && keys BSpace BSpace && keys Enter && sees_line 7; }
check "Ctrl-W, Ctrl-U, Backspace" kills
deletes() { fresh && write "199" && keys C-a && keys DC && write "5" && keys Enter && sees_line 599; }
check "Ctrl-A, Delete" deletes

# --- several lines ---
loop() {
    fresh && enter "for i = 1, 2 do" && enter "if i == 2 then" && enter "print('i', i)" && enter "end" && write "end" &&
        sees_line "    end" && keys Enter && sees_line "i       2"
}
check "Enter breaks a text that is not whole" loop
check "indented" sees_line "        print('i', i)"
check "and back" sees_line "end"
recalls() { fresh && keys Up && sees_line "        print('i', i)" && sees_line "end"; }
check "Up gives it back whole" recalls
edits() { keys Up Up && keys End && write " print 'second'" && keys Enter && sees_line "second"; }
check "to be changed inside and run from there" edits
breaks() { fresh && write "a1 = 1" && keys M-Enter && write "a1 + 4" && keys Enter && sees_line 5; }
check "Alt-Enter always breaks the line" breaks
drops() { fresh && enter "for i = 1, 2 do" && keys C-c && sees "^C" && is_ready && enter "'still here'" && sees_line "still here"; }
check "Ctrl-C drops what is typed" drops

# --- pasting ---
pastes() {
    fresh && paste "p1 = 20
p1 + 1
for i = 1, 2 do
    print('row', i + p1)
end
local p2 <const> = 7
p2 * 2
" && sees "p2 * 2" && keys Enter && sees_line 14 && sees_line 21
}
check "many lines at once" pastes
check "and each of them is run" gives "p1 + p2" 27
tabs() { fresh && paste "print('tab$(printf '\t')s')" && keys Enter && sees "tab     s"; }
check "tabs in what is pasted complete nothing" tabs

# --- colour ---
colours() {
    fresh && write "plain" && sees "plain" && $terminal capture-pane -p -e >"$work/colours" && keys C-c &&
        grep -q "34mluma>$(printf '\033')\[0m" "$work/colours" || { cat -v "$work/colours"; false; }
}
check "the prompt's colour ends with it" colours

# --- history ---
searches() { fresh && keys C-r && write "p2 *" && sees "bck:p2 *" && keys C-c && is_ready; }
check "Ctrl-R searches" searches
finds() { fresh && keys C-r && write "_ * 2" && sees "_ * 21" && keys Enter && is_ready; }
check "and Enter runs what it found" finds
leaves() { enter "'last words'" && sees_line "last words" && keys C-d && sees "sh:"; }
check "Ctrl-D leaves" leaves
check "the history is kept" grep -qx "'last words'" "$work/state/luma/history"
check "a text of several lines as one" grep -qF "for i = 1, 2 do\\n    if i == 2 then\\n" "$work/state/luma/history"
check "for its owner" test "$(stat -c %a "$work/state/luma/history")" = 600
# As a crash may leave it.
printf "\\000\\000\\n'behind zeros'\\n" >>"$work/state/luma/history"
check "another session" prompt
later() { keys Up && sees "'behind zeros'" && keys Up && sees "'last words'" && keys Enter && sees_line "last words"; }
check "begins where the last one ended" later
begins() { fresh && write "if i ==" && keys PPage && sees_line "    if i == 2 then" && keys C-c && is_ready; }
check "PageUp finds texts that hold what is typed" begins
twice() { fresh && enter "1" && is_ready && enter "1" && is_ready && [ "$(tail -n 2 "$work/state/luma/history" | grep -cx 1)" = 1 ]; }
check "the same text twice in a row is kept once" twice

# --- windows, stopping, files ---
resizes() { fresh && write "'wide" && $terminal resize-window -x 60 -y 20 && write "r'" && keys Enter && sees_line "wider" && $terminal resize-window -x 100 -y 30; }
check "a window of another size" resizes
suspends() { fresh && write "6 *" && keys C-z && sees "Stopped" && enter "fg" && sees "luma> 6 *" && enter " 7" && sees_line 42; }
check "Ctrl-Z and fg" suspends
check "times of what takes long" gives "local t = os.clock() while os.clock() - t < 0.15 do end return 'slow'" slow
check "are shown" sees " s)"
quick() { gives "'quick'" quick && lacks " s)"; }
check "what is quick has none" quick
is_sane() { enter "" && enter ":quit" && sees "sh:" && enter "clear; stty -a" && sees "isig icanon" && sees " echo "; }
check "the terminal is as before" is_sane
terminates() {
    prompt && write "half" && sees "luma> half" && pkill_luma && sees "Terminated" && enter "clear; stty -a" && sees " icanon" && sees " echo "
}
pid_of_luma() { ps -o pid= --ppid "$($terminal display-message -p '#{pane_pid}')" | tr -d ' '; }
pkill_luma() { kill -TERM "$(pid_of_luma)"; }
check "after a signal too" terminates
unmarked() { enter "clear; cat" && paste "a text" && sees "a text" && lacks "200~" && keys C-c && sees "sh:"; }
check "and does not mark what is pasted" unmarked

printf 'made = luma.args.n or 3\nlocal hidden = 1\n' >"$work/start.lua"
printf 'made = 4\nerror "on purpose"\n' >"$work/fails.lua"
check "luma -i" prompt -i start.lua n=9
check "has the file's globals" gives "made" 9
check "and ends" enter ":quit"
fails() { enter "clear; \$LUMA -i fails.lua" && sees "luma: fails.lua failed" && is_ready && enter "made" && sees_line 4 && enter ":quit" && sees "sh:"; }
check "luma -i with a file that fails" fails
plain() { enter "clear; TERM=dumb \$LUMA" && sees "luma>" && enter "for i = 1, 2 do" && sees "  ..>" && enter "print('dumb', i) end" && sees "dumb    2" && keys C-d && sees "sh:"; }
check "TERM=dumb" plain
done_testing
