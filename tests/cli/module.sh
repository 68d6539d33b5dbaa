#!/bin/sh
# build/luma.so in programs that are not luma: the same results, and the manners of a guest.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
here=$PWD
module_dir=$(dirname "$LUMA")
export LUA_CPATH="$module_dir/?.so" LUA_PATH="$work/?.lua"
[ -f "$module_dir/luma.so" ] || { echo "make module first"; exit 1; }

# What a training from pixels to weights ends with, and how often each host says it ran.
cat >"$work/train.lua" <<'X'
local luma <const> = require "luma"
local args = luma.args{ epochs = 1, train = 600 }
local train, test = luma.dataset.digits{ train = args.train, test = 100 }
local scale = luma.generator{ luma.rescale(1/255), luma.standardize "feature" }:fit(train)
local turned = scale:augment{ luma.rotate(10), luma.shift{ height = 0.1, width = 0.1 } }
local nn = luma.nn
local model = luma.model{ input = train.shape, nn.conv{ 8, act = "relu" }, nn.maxpool{ 2 }, nn.dropout{ 0.25 },
    nn.flatten{}, nn.dense{ 10, act = "softmax" } }
model:fit{ turned:flow(train, { batch = 32, workers = 2 }), epochs = args.epochs, progress = false }
local digests = { ("%d correct"):format(model:evaluate(scale:flow(test, { shuffle = false })).correct) }
local weights = model:weights()
for _, name in ipairs(weights) do
    digests[#digests + 1] = name .. " " .. weights[name]:sha256()
end
local text = table.concat(digests, "\n")
print(text)
return text
X

exports() { nm -D --defined-only "$1" | awk '{ print $3 }'; }
check "nothing but luaopen_luma is to be seen of it" [ "$(exports "$module_dir/luma.so")" = luaopen_luma ]
check "Lua is the host's" sh -c "! ldd '$module_dir/luma.so' | grep -q liblua"

if command -v lua5.4 >/dev/null 2>&1; then
    cd "$work" || exit 1
    # ends CODE COMMAND...
    ends() {
        ends_wanted=$1
        shift
        "$@" >out 2>err </dev/null
        ends_got=$?
        [ "$ends_got" -eq "$ends_wanted" ] || { echo "exit $ends_got"; cat out err; false; }
    }
    says() { grep -qF -- "$1" err || { cat err; false; }; }
    shows() { grep -qxF -- "$1" out || { cat out; false; }; }
    same_weights() {
        "$LUMA" run train.lua "$@" >wanted 2>/dev/null && lua5.4 train.lua "$@" >got 2>err &&
            [ -s got ] && cmp wanted got
    }
    check "a pipeline under lua5.4 gives the program's weights" same_weights epochs=2
    check "with other arguments too" same_weights
    check "which are others" sh -c "'$LUMA' run train.lua epochs=2 2>/dev/null | cmp -s - got; [ \$? -eq 1 ]"
    check "on the naive kernels" env LUMA_ISA=ref sh -c "lua5.4 train.lua 2>/dev/null | cmp - got"
    check "on one thread" env LUMA_THREADS=1 sh -c "lua5.4 train.lua 2>/dev/null | cmp - got"
    check "a pipeline file as it is runs with -l luma" \
        ends 0 lua5.4 -l luma "$here/pipelines/01_normalize.lua" data=digits epochs=1 train=500 test=100
    grep -v '^ *[0-9]' out >got
    "$LUMA" run "$here/pipelines/01_normalize.lua" data=digits epochs=1 train=500 test=100 2>/dev/null |
        grep -v '^ *[0-9]' >wanted
    check "and prints what it prints in the program" cmp wanted got

    try() { ends "$1" lua5.4 -e "$2"; }
    check "it makes no global" try 0 'require "luma" assert(rawget(_G, "luma") == nil)'
    check "and leaves globals alone" try 0 'require "luma" assert(getmetatable(_G) == nil and no_such_name == nil)'
    check "os.exit is the host's" try 7 'require "luma" os.exit(7)'
    check "isa says what runs" try 0 'assert(("avx512 avx2 ref"):find(require "luma".isa))'
    check "errors can be caught" try 0 'local luma = require "luma"
        local ok, e = pcall(luma.zeros, { 0, 0, "x" })
        assert(not ok and e.code == "EARG" and tostring(e):find "luma.zeros")'
    check "one that is not ends the script as others do" try 1 'require "luma".datset.digits{}'
    check "with its text" says "lua5.4: (command line):1: luma has no 'datset'; did you mean 'dataset'?"
    check "so does LUMA_ISA" ends 1 env LUMA_ISA=avx9 lua5.4 -e 'require "luma"'
    check "with what there is" says "LUMA_ISA: no kernels named 'avx9' run on this machine"
    check "and LUMA_THREADS" ends 1 env LUMA_THREADS=x lua5.4 -e 'require "luma"'
    check "with what it wants" says 'LUMA_THREADS: wants an integer from 1 to 64, got "x"'
    echo 'local a = require "luma".args{ epochs = 5, data = "mnist" } print(a.epochs, a.data)' >args.lua
    check "arguments come from the host's table" ends 0 lua5.4 args.lua -v epochs=7
    check "words of other forms are the host's" shows "$(printf '7\tmnist')"
    check "an unknown one is refused" ends 1 lua5.4 args.lua epoch=7
    check "by the script's name" says "args.lua has no argument 'epoch'; did you mean 'epochs'?"
    echo 'local luma = require "luma" luma.expect(1 + 1 == 3, "sums") luma.expect(true, "yes")
        print(luma.expectations()) os.exit(luma.expectations() == 0)' >expect.lua
    check "expectations are counted" ends 1 lua5.4 expect.lua
    check "and printed" shows "FAILED  sums  (expect.lua:1)"
    check "for the script to end by" shows "$(printf '1\t2')"
    echo 'local luma = require "luma"
        local train = luma.dataset.digits{ train = 500, test = 10 }
        local flow = luma.generator{ luma.rescale(1/255) }:flow(train, { batch = 8, workers = 2 })
        local n = 0
        for x in flow:batches() do n = n + 1 if n == 3 then os.exit(5, arg[1] == "close") end end' >leave.lua
    leaves() { for _ in 1 2 3 4 5 6 7 8; do ends 5 lua5.4 leave.lua "$1" || return; done; }
    check "the process may end while batches are made" leaves now
    check "or close its state then" leaves close
    echo 'local keep = setmetatable({}, { __gc = function(t)
            local train = t.luma.dataset.digits{ train = 900, test = 9 }
            print(#t.luma.generator{ t.luma.center "feature" }:fit(train):flow(train) .. " late") end })
        keep.luma = require "luma"' >late.lua
    check "finalizers that run after its own may use it" ends 0 lua5.4 late.lua
    check "and do" shows '15 late'
    cat >long.lua <<'X'
local luma = require "luma"
local train = luma.dataset.digits{ train = 20000, test = 10 }
local nn = luma.nn
local model = luma.model{ input = train.shape, nn.conv{ 32, act = "relu" }, nn.conv{ 64, act = "relu" }, nn.flatten{},
    nn.dense{ 10 } }
local flow = luma.generator{ luma.rescale(1/255) }:flow(train)
io.stdout:write("begun\n"):flush()
local started = os.time()
local ok, why = pcall(function() model:fit{ flow, epochs = 100 } end)
print(ok, why)
model:fit{ luma.generator{ luma.rescale(1/255) }:flow(train:take(64)), progress = false }
print(#model:digest())
X
    interrupted() {
        lua5.4 long.lua >out 2>err &
        pid=$!
        for _ in $(seq 200); do grep -q begun out && break; sleep 0.05; done
        sleep 0.3
        kill -INT $pid
        # A second one, or a wait of the epoch, would be too late: 100 epochs take minutes.
        for _ in $(seq 60); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done
        if kill -0 $pid 2>/dev/null; then kill -KILL $pid; echo "still runs"; return 1; fi
        wait $pid
    }
    check "Ctrl-C stops a training within its epoch" interrupted
    check "as the host says it" grep -q "^false[[:space:]].*interrupted!" out
    check "and the model can be used" shows 64
    cd "$here" || exit 1
else
    skip "lua5.4 is not installed: the module is tested in a host of its own alone"
fi

# shellcheck disable=SC2046 # words
if ${CC:-cc} -std=c11 -pthread -o "$work/host" tests/cli/module_host.c $(pkg-config --cflags --libs lua5.4) 2>"$work/err"; then
    "$work/host" "$work/train.lua" >"$work/host.out" 2>"$work/host.err"
    check "a host of its own ends well" [ $? -eq 0 ]
    sed -n 's/^\(ok\|not ok\) - //p' "$work/host.out" | while read -r name; do
        check "$name" grep -qxF "ok - $name" "$work/host.out"
    done >"$work/checks"
    cat "$work/checks"
    n_passed=$((n_passed + $(grep -c '^ok' "$work/checks")))
    n_failed=$((n_failed + $(grep -c '^not ok' "$work/checks")))
    check "all of its checks were made" [ "$(wc -l <"$work/checks")" -eq 8 ]
else
    check "the test's host builds" cat "$work/err" false
fi
done_testing
