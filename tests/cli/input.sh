#!/bin/sh
# Statements through a pipe: what `luma` without arguments does when nobody sits at a terminal.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

# feeds CODE INPUT: printf-formatted input, expected exit code.
feeds() {
    printf "$2" | "$LUMA" >"$work/out" 2>"$work/err"
    feeds_got=$?
    [ "$feeds_got" -eq "$1" ] || { echo "exit $feeds_got"; cat "$work/out" "$work/err"; false; }
}
prints() { printf "$1" | cmp -s - "$work/out" || { cat "$work/out"; false; }; }

check "an expression is shown" feeds 0 '1+1\n'
check "without a prompt" prints '2\n'
check "several values too" feeds 0 '1, "a", nil\n'
check "in one line" prints '1\ta\tnil\n'
check "a statement shows nothing" feeds 0 'x = 5\n'
check "nothing at all" prints ''
check "a global stays" feeds 0 'x = 5\nx * 2\n'
check "for the next line" prints '10\n'
check "statements may span lines" feeds 0 'for i = 1, 2 do\nprint(i)\nend\n'
check "and run once whole" prints '1\n2\n'
check "so may expressions" feeds 0 '1 +\n2\n'
check "and tables" prints '3\n'
check "an empty line is nothing" feeds 0 '\n\n7\n'
check "before others" prints '7\n'
check "tables are shown with what is in them" feeds 0 '{ 1, "b", x = { 2.5 }, [true] = false }\n'
check "the list first" prints '{ 1, "b", [true] = false, x = { 2.5 } }\n'
check "long ones are cut" feeds 0 't = {} for i = 1, 100 do t[i] = i end\nt\n'
check "and say so" grep -q ' 20, ... 80 more }$' "$work/out"
check "a table that holds itself" feeds 0 't = {} t.t = t\nt\n'
check "a local lives on" feeds 0 'local a, b <const> = 1, 2\nb\nlocal function f() return a end\nf()\n'
check "as what it is" prints '2\n1\n'
check "one without a value too" feeds 0 'local a local c, d\na, c, d\n'
check "is nil" prints 'nil\tnil\tnil\n'
check "those of blocks do not" feeds 1 'do local inner = 1 end\ninner\n'
check "and are unknown" grep -q "the variable 'inner' is not defined" "$work/err"
check "a failed expectation is told" feeds 3 'luma.expect(false, "why")\n'
check "without a place: it has none" prints 'FAILED  why\nfalse\n'
check "functions may make globals" feeds 0 'function f() made = 3 end f()\nmade\n'
check "at the prompt" prints '3\n'
check "the last result" feeds 0 '6 * 7, 5\n_ + 1\nx = 9\n_\n'
check "is _" prints '42\t5\n43\n43\n'
check "an error does not end it" feeds 1 'error "no"\n"still here"\n'
check "the rest runs" prints 'still here\n'
check "an error has a line" grep -q "^luma: (input):1: no" "$work/err"
check "a syntax error does not end it" feeds 1 'x ==== 1\n8\n'
check "either" prints '8\n'
check "unfinished input is an error" feeds 1 'x = {\n'
check "that says why" grep -q "near <eof>" "$work/err"
check "an undefined name is an error" feeds 1 'nowhere\n'
check "with the name" grep -q "the variable 'nowhere' is not defined" "$work/err"
check "a failed expectation is exit 3" feeds 3 'luma.expect(false, "x")\n'
check "the end of input without a newline" feeds 0 '4'
check "still counts" prints '4\n'
check "no input at all" feeds 0 ''
check "os.exit leaves" feeds 9 'os.exit(9)\n1\n'
done_testing
