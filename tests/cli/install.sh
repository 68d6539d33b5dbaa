#!/bin/sh
# make install into a folder of its own, what is there then, and that it works from elsewhere; LuaRocks.
. tests/help_sh.sh
BUILD=${BUILD:-build}
unset MAKEFLAGS MFLAGS MAKELEVEL LUMA
root="$work/the root"
manage() { make --no-print-directory BUILD="$BUILD" DESTDIR="$root" PREFIX=/opt/luma "$@" >"$work/out" 2>&1; }
says() { manage "$@" || { cat "$work/out"; false; }; }

check "make install" says install
cat >"$work/wanted" <<'X'
bin/luma
lib/lua/5.4/luma.so
share/bash-completion/completions/luma
share/doc/luma/README.md
share/fish/vendor_completions.d/luma.fish
share/luma/luma.lua
share/man/man1/luma.1
share/zsh/site-functions/_luma
X
installed() { (cd "$root/opt/luma" && find . -type f | sed 's/^..//' | grep -v /examples/ | sort); }
there() { installed | diff "$work/wanted" -; }
check "puts files where they belong" there
check "and nothing beside the prefix" [ "$(ls "$root")" = opt ]
check "with the tutorial" cmp pipelines/TUTORIAL.md "$root/opt/luma/share/doc/luma/examples/TUTORIAL.md"
check "with the pipelines" cmp pipelines/01_normalize.lua "$root/opt/luma/share/doc/luma/examples/01_normalize.lua"

prefix=$root/opt/luma
cd "$work" || exit 1
PATH=$prefix/bin:$PATH
check "the program runs from another folder" sh -c "luma --version | grep -q '^luma '"
check "and an example with it" \
    luma run "$prefix/share/doc/luma/examples/01_normalize.lua" data=digits epochs=1 train=2000 test=500
if command -v lua5.4 >/dev/null 2>&1; then
    check "lua5.4 finds the module there" \
        env LUA_CPATH="$prefix/lib/lua/5.4/?.so" lua5.4 -e 'assert(require "luma".zeros{ 2 }:sum() == 0)'
else
    skip "lua5.4 is not installed: the module is not loaded from where it was put"
fi
check "the completions are those of the program" \
    sh -c "luma help --completion=bash | cmp - '$prefix/share/bash-completion/completions/luma'"

page=$prefix/share/man/man1/luma.1
if command -v man >/dev/null 2>&1; then
    # shellcheck disable=SC2069 # what is said, without the page
    clean() { LC_ALL=C.UTF-8 man -l --warnings=w -E UTF-8 -Tutf8 -Z "$page" 2>&1 >/dev/null; }
    check "man shows the page without a warning" is_silent clean
fi
if command -v groff >/dev/null 2>&1; then
    # shellcheck disable=SC2069
    strict() { groff -ww -man -Tutf8 "$page" 2>&1 >"$work/page"; }
    check "groff has none either" is_silent strict
    sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' "$work/page" >"$work/page.txt"
    for part in NAME SYNOPSIS COMMANDS ENVIRONMENT "EXIT STATUS" EXAMPLES FUNCTIONS; do
        check "the page has $part" grep -qx "$part" "$work/page.txt"
    done
    check "it shows options as they are typed" grep -q -- "--progress=bar|plain|none" "$work/page.txt"
    # Every command and every option of the program.
    luma --help | sed -n 's/^  luma \([a-z][a-z]*\).*/\1/p' | sort -u >"$work/commands"
    for command in $(cat "$work/commands"); do
        check "the page has luma $command" grep -q "^ *luma $command" "$work/page.txt"
        luma "$command" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' >"$work/options"
        lacks() { while read -r o; do grep -qF -- "$o" "$work/page.txt" || echo "$o"; done <"$work/options"; }
        check "and its options" is_silent lacks
    done
    check "there are commands" [ "$(wc -l <"$work/commands")" -ge 4 ]
fi
if command -v mandoc >/dev/null 2>&1; then
    lint() { mandoc -Tlint "$page" 2>&1; }
    check "mandoc finds nothing wrong" is_silent lint
fi
check "the page is the same on every day where that is asked for" sh -c "SOURCE_DATE_EPOCH=0 luma help --man >a &&
    SOURCE_DATE_EPOCH=0 luma help --man | cmp - a && grep -q '^.TH LUMA 1 1970-01-01 ' a"

cd "$OLDPWD" || exit 1
check "make uninstall" says uninstall
check "leaves no file" [ -z "$(find "$root" -type f)" ]
check "twice does no harm" says uninstall

if command -v luarocks >/dev/null 2>&1; then
    if [ "$BUILD" = build ]; then
        check "LuaRocks builds the module" sh -c "luarocks --lua-version 5.4 --tree '$work/rocks' make \
            lua/luma-scm-1.rockspec >'$work/out' 2>&1 || { cat '$work/out'; false; }"
        so=$(find "$work/rocks/lib/lua" -name luma.so)
        check "and puts it into its tree" [ -n "$so" ]
        if command -v lua5.4 >/dev/null 2>&1; then
            check "where lua5.4 loads it" env LUA_CPATH="$so" lua5.4 -e 'assert(require "luma".version)'
        fi
        check "it can be removed" sh -c "luarocks --lua-version 5.4 --tree '$work/rocks' remove luma >/dev/null 2>&1"
    fi
else
    skip "luarocks is not installed: the rockspec is read as Lua alone"
fi
# Fields LuaRocks wants, whether it is here or not.
cat >"$work/spec.lua" <<'X'
local spec = {}
assert(loadfile("lua/luma-scm-1.rockspec", "t", spec))()
assert(spec.package == "luma" and spec.version == "scm-1" and spec.source.url and spec.build.type == "make")
assert(#spec.description.summary > 0 and spec.dependencies[1]:find "lua >= 5.4")
X
check "the rockspec is complete" "$PWD/$BUILD/luma" run "$work/spec.lua"
done_testing
