#!/bin/sh
# :save: the session as a file that runs to the same results; and the other commands of the prompt.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

# session TEXT: its output in out, the saved file in saved.lua, what that prints in again.
session() {
    printf '%s\n:save %s\n' "$1" "$work/saved.lua" | "$LUMA" >"$work/out" 2>"$work/err"
    sed '$d' "$work/out" >"$work/shown"
    "$LUMA" run "$work/saved.lua" >"$work/again" 2>&1
}
same() {
    session "$1"
    [ -s "$work/shown" ] && cmp -s "$work/shown" "$work/again" && return
    cat "$work/saved.lua" "$work/err"
    diff "$work/shown" "$work/again"
    return 1
}
holds() { grep -qxF -- "$1" "$work/saved.lua" || { cat "$work/saved.lua"; false; }; }

check "expressions" same '1 + 1
"text", nil, 3
2 == 2; -- comment'
check "are printed" holds "print(1 + 1)"
check "without what stands behind them" holds "print(2 == 2)"
check "tables" same '{ 1, 2, { a = 3 } }
luma.nn.conv'
check "as the prompt shows them" holds "luma.show({ 1, 2, { a = 3 } })"
check "locals" same 'local x <const>, y = 1, 2
local function f() return x + y end
f()'
check "stay locals" holds "local x <const>, y = 1, 2"
check "locals made twice" same 'local x = 1
function getx() return x end
local x = 2
getx()'
check "are the globals they were" holds "x = 2"
check "a local that is changed later" same 'local x <const> = 1
x = 2
x'
check "a local that was a global before" same 'x = 1
function getx() return x end
local x = 5
getx()'
check "the last result" same '6 * 7
_ + 1
1, 2
_'
check "only where it is used" holds "print(_ + 1)"
check "results that no one reads" same '5
for _, v in ipairs{ 7 } do print(v) end'
check "are not kept" holds "print(5)"
check "globals that functions make" same 'function f() made = (made or 0) + 1 return made end
made = 0
function g() other = 4 end
g()
f(), f(), other'
check "are declared" holds "other = nil -- made inside a function"
check "returns and labels" same 'return 5, 6
if true then return "early" end
do goto done ::done:: print "a" end
goto done do print "never" end ::done:: print "b"
"end"'
check "brackets at the beginning" same 'f = print
("x"):rep(3)
(f)("call")
;(f)("again")
(f or print)("and again")'
check "several lines" same 'for i = 1, 2 do
    print(i)
end
x = [[
  a
]]
x'
check "what failed is left out" same '1
nowhere()
x ===== 2
error "no"
2'
check "and is not in the file" sh -c "! grep -q nowhere '$work/saved.lua'"
check "seeds and trainings" same 'local luma <const> = require "luma"
luma.seed = 7
local train, test = luma.dataset.digits{ train=200, test=50 }
local g = luma.generator{ luma.standardize "feature" }
g:fit(train)
local model = luma.model{ input={28, 28, 1}, luma.nn.flatten{}, luma.nn.dense{ 10, act="softmax" } }
local history = model:fit{ g:flow(train, { batch=50 }), epochs=2, progress=false }
history.loss
model:evaluate(g:flow(test, { batch=50 })).loss
model:digest()'
check "load sees globals" same 'local x = 4
load("return x")()'

printf 'first = 1\nlocal hidden = 2\nprint("file", luma.args.n)\n' >"$work/start.lua"
starts() {
    printf 'first + 1\n:save %s\n' "$work/saved.lua" | "$LUMA" -i "$work/start.lua" "$@" >"$work/out" 2>"$work/err"
    sed '$d' "$work/out" >"$work/shown"
    "$LUMA" run "$work/saved.lua" "$@" >"$work/again" 2>&1
    cmp "$work/shown" "$work/again" && grep -qx 2 "$work/again"
}
check "a session that began with a file" starts n=5

answers() {
    answers_code=$1
    printf "$2" | "$LUMA" >"$work/out" 2>"$work/err"
    answers_got=$?
    [ "$answers_got" -eq "$answers_code" ] || { echo "exit $answers_got"; cat "$work/out" "$work/err"; false; }
}
says() { grep -qxF -- "$1" "$work/err" || { cat "$work/err"; false; }; }
shows() { grep -qF -- "$1" "$work/out" || { cat "$work/out"; false; }; }

check "an unknown command is an error" answers 1 ':svae x\n'
check "with a suggestion" says "luma: there is no command :svae; did you mean :save?"
check "something far off" answers 1 ':frobnicate\n'
check "lists what there is" says "luma: there is no command :frobnicate; there are :help, :quit, :save, :vars"
check ":save wants a file" answers 1 ':save\n'
check "and says so" says "luma: :save wants the name of a file, as in :save session.lua"
check ":save to nowhere" answers 4 ':save /nowhere/at/all.lua\n'
check ":help takes nothing" answers 1 ':help me\n'
check "says what it got" says "luma: :help takes nothing behind it, got 'me'"
check ":help" answers 0 ':help\n'
check "names the commands" shows ":save FILE"
check ":quit" answers 0 '1\n:quit\n2\n'
check "leaves at once" sh -c "! grep -qx 2 '$work/out'"
check ":vars" answers 0 'x = { 1, 2 }\nlocal y = "text"\n5\n:vars\n'
check "shows variables" shows "x = { 1, 2 }"
check "in one line each" shows 'y = "text"'
check "a label is no command" answers 0 '::a:: print "b"\n'
check "it runs" shows b
check "?name" answers 0 '?luma.nn.conv\n'
check "explains" shows "luma.nn.conv{ filters"
check "name? does too" answers 0 'conv?\n'
check "the same" shows "luma.nn.conv{ filters"
check "?word" answers 0 '?momentum\n'
check "searches" shows "nothing is called 'momentum'; these speak of it:"
check "?variable" answers 0 't = luma.dataset.digits{ train=5, test=5 }\n?t\n?t:split\n'
check "says what it is" shows "t = digits train: 5 images"
check "and its methods" shows "dataset:split{ fraction"
check "?pairs" answers 0 '?pairs\n'
check "is Lua's" shows "pairs belongs to Lua: https://www.lua.org/manual/5.4/manual.html#pdf-pairs"
check "an unknown name" answers 1 '?qqqq\n'
check "is an error" says "luma: there is no help on 'qqqq'; \`luma help --all\` lists all names"

stays() { "$LUMA" -i "$@" >"$work/out" 2>"$work/err"; }
exits() {
    exits_code=$1
    shift
    printf 'first\n' | "$LUMA" -i "$@" >"$work/out" 2>"$work/err"
    exits_got=$?
    [ "$exits_got" -eq "$exits_code" ] || { echo "exit $exits_got"; cat "$work/out" "$work/err"; false; }
}
check "-i without a file" exits 2
check "-i with a file that is not there" exits 2 "$work/none.lua"
check "names it" says "luma: cannot open $work/none.lua: No such file or directory"
check "-i with a wrong argument" exits 2 "$work/start.lua" n
printf 'first = 3\nerror "oh"\n' >"$work/fails.lua"
check "a file that fails" exits 1 "$work/fails.lua"
check "is told" says "luma: $work/fails.lua failed; what it had defined until then is here"
check "its globals are there" shows 3
done_testing
