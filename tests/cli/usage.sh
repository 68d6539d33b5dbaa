#!/bin/sh
# What the command line accepts and refuses, and the exit codes it promises.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

# ends CODE ARGS...: luma must exit so; its output is in $work/out and $work/err.
ends() {
    ends_wanted=$1
    shift
    "$LUMA" "$@" >"$work/out" 2>"$work/err" </dev/null
    ends_got=$?
    [ "$ends_got" -eq "$ends_wanted" ] || { echo "exit $ends_got"; cat "$work/out" "$work/err"; false; }
}
says() { grep -qF -- "$1" "$work/err" || { cat "$work/err"; false; }; }
prints() { grep -qxF -- "$1" "$work/out" || { cat "$work/out"; false; }; }
quiet() { [ ! -s "$work/$1" ] || { cat "$work/$1"; false; }; }
script() { cat >"$work/$1"; }

check "--version exits 0" ends 0 --version
check "it names version, kernels, threads and Lua" \
    grep -qE '^luma [0-9]+\.[0-9]+\.[0-9]+ \([a-z0-9]+ kernels, [0-9]+ threads?, Lua 5\.4\.[0-9]+\)$' "$work/out"
check "and writes nothing to stderr" quiet err
check "-v is the same" ends 0 -v
check "--help exits 0" ends 0 --help
check "it lists the commands" grep -q 'luma run' "$work/out"
check "--help takes no argument" ends 2 --help x
check "--version takes no argument" ends 2 --version x

check "an unknown command is a usage error" ends 2 rnu
check "with a suggestion" says "luma: unknown command 'rnu'; did you mean 'run'?"
check "with the usage" says "usage: luma"
check "and nothing on stdout" quiet out
check "an unknown option is a usage error" ends 2 --versoin
check "with a suggestion too" says "unknown option '--versoin'; did you mean '--version'?"
check "a file without run" ends 2 x.lua
check "gets the whole command" says "did you mean 'luma run x.lua'?"
check "something far off gets no suggestion" ends 2 zzzzzz
check "but the usage" says "unknown command 'zzzzzz'"

check "run needs a file" ends 2 run
check "and says so" says "luma: run needs a file"
check "with its own usage alone" sh -c '[ "$(grep -c "luma run" "$0/err")" -eq 2 ] && ! grep -q "luma batch" "$0/err"' "$work"
check "run refuses unknown options" ends 2 run --trace x.lua
check "with a suggestion" says "unknown option '--trace' of run; did you mean '--traceback'?"
check "a file that is not there" ends 2 run "$work/none.lua"
check "is named" says "cannot open $work/none.lua"
check "a folder is no script" ends 2 run "$work"

script ok.lua <<'E'
local a = luma.args
print(("%s %s %s %s"):format(a.a, math.type(a.n), a.flag, a.f))
E
check "arguments reach the script" ends 0 run "$work/ok.lua" a=x=y n=12 flag=true f=1e-3
check "numbers and booleans as such" prints "x=y integer true 0.001"
check "an empty value is an empty string" ends 0 run "$work/ok.lua" a= n=1 flag=0 f=0
check "a word that is no pair" ends 2 run "$work/ok.lua" word
check "is quoted" says "luma: 'word' is not of the form name=value"
check "a name must be a name" ends 2 run "$work/ok.lua" 1a=2
check "--name=value is a slip" ends 2 run "$work/ok.lua" --a=2
check "with the right form" says "a script's argument is written a=2"
check "an option behind the file" ends 2 run "$work/ok.lua" -x
check "an argument twice" ends 2 run "$work/ok.lua" a=1 a=2
check "is said" says "luma: argument 'a' is given twice"
check "an argument nobody reads is exit 2" ends 2 run "$work/ok.lua" ff=1
check "with a suggestion" says "never read the argument 'ff'; did you mean 'f'? it reads a, f, flag, n"

script declared.lua <<'E'
local args = luma.args{ epochs = 5, rate = 1e-3, data = "mnist", fast = false }
print(("%s %s %s %s"):format(args.epochs, args.rate, args.data, args.fast))
E
check "declared arguments have defaults" ends 0 run "$work/declared.lua"
check "of their types" prints "5 0.001 mnist false"
check "and can be given" ends 0 run "$work/declared.lua" epochs=1e1 rate=1 data=7 fast=true
check "in any spelling of a number" prints "10 1.0 7 true"
check "an undeclared one is exit 2" ends 2 run "$work/declared.lua" epoch=1
check "before anything runs" quiet out
check "with all that is known" \
    says "has no argument 'epoch'; did you mean 'epochs'? it takes data, epochs, fast, rate"
for pair in epochs=1.5 epochs=abc epochs= epochs=nan epochs=0x rate=fast fast=yes; do
    check "$pair is refused" ends 2 run "$work/declared.lua" $pair
    check "$pair is quoted" says "luma: argument $pair wants "
done

check "an option's value may be the next word" ends 0 run --progress plain "$work/declared.lua"
check "a choice is checked there too" ends 2 run --progress "$work/declared.lua"
check "and said" says "luma: --progress wants bar, plain or none, got '$work/declared.lua'"
check "an option without a value takes none" ends 2 run --quiet=yes "$work/declared.lua"
check "and says so" says "luma: --quiet takes no value, got 'yes'"
check "a value that is missing" ends 2 bench --json
check "is asked for" says "luma: --json of bench needs a value: --json FILE"
for n in 0 100 1.5 x 1e1 99999999999999999999; do
    check "--repeat $n is refused" ends 2 bench --repeat $n
    check "with the bounds" says "luma: --repeat wants an integer from 1 to 99, got '$n'"
done
check "bench takes no words" ends 2 bench mnist
check "which is said" says "luma: bench takes options only, got 'mnist'"
check "-- ends the options" sh -c "cd '$work' && cp declared.lua ./-d.lua && '$LUMA' run -- -d.lua rate=2"
check "every command explains itself" ends 0 run --help
check "with its options" prints "  --quiet                        neither progress nor warnings"
check "help does the same" ends 0 help bench
check "for every command" grep -qF -- "--curves FILE" "$work/out"

script error.lua <<'E'
local t = nil
print "before"
print(t.x)
E
check "a script's error is exit 1" ends 1 run "$work/error.lua"
check "what was printed stays" prints "before"
check "the error has file and line" says "luma: $work/error.lua:3: attempt to index a nil value (local 't')"
check "and the line itself" says "     3 | print(t.x)"
check "and no traceback" sh -c "! grep -q traceback '$work/err'"
check "but with --traceback" ends 1 run --traceback "$work/error.lua"
check "there is one" says "stack traceback:"
printf 'local x = (\n' >"$work/syntax.lua"
long=$work/a-folder-with-a-name-that-is-longer-than-lua-keeps-in-its-messages
mkdir "$long" && cp "$work/error.lua" "$long/" && printf 'x = = 1' >"$long/syntax.lua"
check "a long path is not cut" ends 1 run "$long/error.lua"
check "in errors" says "luma: $long/error.lua:3: attempt"
check "and their lines are shown" says "     3 | print(t.x)"
check "nor in a syntax error" ends 1 run "$long/syntax.lua"
check "of the script" says "luma: $long/syntax.lua:1: unexpected symbol"
check "a syntax error is exit 1" ends 1 run "$work/syntax.lua"
check "with its line" says "syntax.lua:2: unexpected symbol near <eof>"
printf '\033Lua' >"$work/binary.lua"
check "compiled code is refused" ends 1 run "$work/binary.lua"
printf '#!/usr/bin/env luma\nprint "ran"\n' >"$work/bang.lua"
check "a #! line is fine" ends 0 run "$work/bang.lua"
echo 'error(setmetatable({}, { __tostring = function() error "no" end }))' >"$work/evil.lua"
check "an error whose text fails" ends 1 run "$work/evil.lua"
echo 'error()' >"$work/nil.lua"
check "a nil error" ends 1 run "$work/nil.lua"
check "is told as such" says "the script raised nil as its error"
echo 'error({ 1 })' >"$work/table.lua"
check "a table as error" ends 1 run "$work/table.lua"
check "is told too" says "the script raised a table as its error"
echo 'local function f() return f() + 1 end f()' >"$work/deep.lua"
check "endless recursion is exit 1" ends 1 run "$work/deep.lua"
# Sanitizers need more address space than the limit leaves.
if (ulimit -v 400000 && "$LUMA" --version) >/dev/null 2>&1; then
    echo 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1e6) .. i end' >"$work/mem.lua"
    check "memory that runs out is exit 5" sh -c "ulimit -v 400000; '$LUMA' run '$work/mem.lua' 2>'$work/err'; [ \$? -eq 5 ]"
    check "and said" says "not enough memory"
fi

mkdir "$work/lib" && echo 'return { answer = 42 }' >"$work/lib/helper.lua"
echo 'print(require("helper").answer)' >"$work/lib/main.lua"
check "require finds files beside the script" ends 0 run "$work/lib/main.lua"
check "from any folder" prints 42
check "a script from stdin" sh -c "echo 'print(6*7)' | '$LUMA' run - | grep -qx 42"

echo 'os.exit(7)' >"$work/exit.lua"
check "os.exit gives its code" ends 7 run "$work/exit.lua"
echo 'os.exit(256)' >"$work/exit.lua"
check "one that does not fit is no success" ends 255 run "$work/exit.lua"
echo 'os.exit(false)' >"$work/exit.lua"
check "os.exit(false) is 1" ends 1 run "$work/exit.lua"
echo 'io.write("kept") os.exit(true)' >"$work/exit.lua"
check "os.exit(true) is 0" ends 0 run "$work/exit.lua"
check "and loses no output" grep -q kept "$work/out"
echo 'luma.expect(false, "never") os.exit(0)' >"$work/exit.lua"
check "os.exit hides no failed expectation" ends 3 run "$work/exit.lua"

check "an unknown LUMA_ISA ends at once" env LUMA_ISA=avx9 sh -c "'$LUMA' --version 2>'$work/err'; [ \$? -eq 2 ]"
check "with what there is" says "luma: LUMA_ISA: no kernels named 'avx9' run on this machine"
for n in 0 -1 x 3x 9999; do
    check "LUMA_THREADS=$n is refused" env LUMA_THREADS=$n sh -c "'$LUMA' --version 2>/dev/null; [ \$? -eq 2 ]"
done
check "an empty one is none" env LUMA_THREADS= LUMA_ISA= "$LUMA" --version
check "LUMA_THREADS=1 is taken" sh -c "LUMA_THREADS=1 '$LUMA' --version | grep -q '1 thread,'"
done_testing
