#!/bin/sh
# What editors and checkers of pipeline files get: luma help --meta and --luacheck.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

"$LUMA" help --meta >"$work/luma.lua"
check "--meta is written" [ -s "$work/luma.lua" ]
check "for the module luma" grep -qx -- "---@meta luma" "$work/luma.lua"
check "twice the same" sh -c "'$LUMA' help --meta | cmp - '$work/luma.lua'"
check "--luacheck is written" sh -c "'$LUMA' help --luacheck >'$work/config'"
check "help takes one thing at a time" sh -c "'$LUMA' help --meta fit 2>'$work/err'; [ \$? -eq 2 ]"
check "and says so" grep -qx "luma: help takes one name or one option" "$work/err"

cat >"$work/wrong.lua" <<'X'
local train = luma.datset.digits{}
local model = luma.model{ luma.nn.cnv{ 8 } }
luma.threads = 2
luma.version = "2"
luma.dataset.digits = print
print(train, model, luma.args.epochs, lma)
X
# finds WORD: luacheck complains about it in wrong.lua.
finds() { grep -qF -- "$1" "$work/found" || { cat "$work/found"; false; }; }
if command -v luacheck >/dev/null 2>&1; then
    check "luacheck finds nothing in the pipelines" luacheck --no-color -q --no-cache --config "$work/config" \
        --max-line-length 120 pipelines
    luacheck --no-color --no-cache --formatter plain --config "$work/config" "$work/wrong.lua" >"$work/found"
    check "a misspelt name is found" finds "wrong.lua:1:15: accessing undefined field 'datset.digits' of global 'luma'"
    check "one in a namespace too" finds "wrong.lua:2:27: accessing undefined field 'nn.cnv' of global 'luma'"
    check "luma.threads may be set" sh -c "! grep -q threads '$work/found'"
    check "luma.version may not" finds "wrong.lua:4:1: setting read-only field 'version' of global 'luma'"
    check "nor may a function" finds "wrong.lua:5:1: setting read-only field 'dataset.digits' of global 'luma'"
    check "arguments have any name" sh -c "! grep -q epochs '$work/found'"
    check "other globals are still found" finds "accessing undefined variable 'lma'"
else
    skip "luacheck is not installed (package lua-check): pipelines are not checked with it"
fi
if command -v lua-language-server >/dev/null 2>&1; then
    mkdir "$work/space"
    cp pipelines/*.lua "$work/space/"
    printf '{ "workspace.library": ["%s"], "diagnostics.globals": [] }' "$work/luma.lua" >"$work/space/.luarc.json"
    check "lua-language-server finds nothing in the pipelines" lua-language-server --check "$work/space" \
        --checklevel=Warning --logpath "$work/log"
else
    skip "lua-language-server is not installed: the annotations are checked as text alone"
fi
done_testing
