#!/bin/sh
# Ctrl-C and Tab at the prompt, in a real terminal.
. tests/help_sh.sh
. tests/cli/help_prompt.sh

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# How long a key takes to show here: what the terminal and this test add to every measurement.
measure() {
    fresh && began=$(milliseconds) && write "'echo'" && sees "'echo'" && echo_ms=$(($(milliseconds) - began)) &&
        keys Enter && sees_line echo && is_ready
}
# stops TEXT: it says "running", Ctrl-C ends it within 100 ms beside what keys take (many of them, as
# other programs run), and the prompt is back.
stops() {
    fresh && enter "$1" && sees_line "running" || return 1
    began=$(milliseconds)
    keys C-c
    sees "interrupted" && is_ready || return 1
    took=$(($(milliseconds) - began))
    [ "$took" -le $((100 + 10 * echo_ms + 200)) ] || { echo "$took ms, a key takes $echo_ms ms"; return 1; }
}

check "a terminal" open_terminal
check "the prompt" prompt
measure
check "keys show" test -n "$echo_ms"
check "a Lua loop" stops "print 'running' while true do end"
check "that catches errors" stops "print 'running' while true do pcall(function() while true do end end) end"
check "a coroutine" stops "co = coroutine.wrap(function() print 'running' while true do end end) co()"
check "one in one" stops "coroutine.wrap(function() coroutine.resume(coroutine.create(function() print 'running' while true do end end)) while true do end end)()"
check "objects" gives "train = luma.dataset.digits{ train=2000, test=10 }
flow = luma.generator{ luma.rescale(1/255) }:flow(train, { shuffle=true }) model = luma.model{ input={28, 28, 1}, seed=1, luma.nn.conv{ 8, act='relu' }, luma.nn.flatten{}, luma.nn.dense{ 10, act='softmax' } } before = model:digest() return 'made'" made
check "a training" stops "print 'running' for step in model:steps{ flow, epochs=100000 } do end"
check "a fit" stops "print 'running' model:fit{ flow, epochs=100000, progress=false }"
check "keeps the weights of its last step" gives "model:digest() ~= before" true
check "which are finite" gives "model:evaluate(flow).loss < 100" true
check "a flow" stops "print 'running' while true do for x, y in flow:batches() do end end"
check "goes on afterwards" gives "#flow:next() > 0" true

tab() { fresh && write "$1" && keys Tab && sees "$2" && keys C-c && is_ready; }
lists() { fresh && write "$1" && keys Tab Tab && sees "$2" && keys C-c && is_ready; }
check "Tab: a field" tab "luma.dataset.fash" "luma.dataset.fashion_mnist"
check "Tab: a method" tab "train:sta" "train:stats"
check "Tab: an option" tab "luma.model{ inp" "luma.model{ input="
check "Tab: a choice" tab 'luma.nn.conv{ 8, padding="v' 'padding="valid"'
check "Tab: a data set" tab 'luma.dataset.open("mn' 'luma.dataset.open("mnist"'
: >"$work/some_file.lua"
check "Tab: a file" tab 'dofile("some_' 'dofile("some_file.lua"'
check "Tab: a keyword" tab "whi" "luma> while"
check "Tab: help" tab "?luma.nn.con" "?luma.nn.conv"
check "twice lists" lists "luma.schedule." "plateau"
check "options too" lists "luma.nn.conv{ 8, " "padding="
check "?name" gives "?luma.nn.conv" "Example"
pid_of_luma() { ps -o pid= --ppid "$($terminal display-message -p '#{pane_pid}')" | tr -d ' '; }
# Every sleep is a process of its own: each signal finds the prompt at another place.
storm() {
    luma_pid=$(pid_of_luma)
    for _ in $(seq 1000); do
        kill -INT "$luma_pid" || return 1
        sleep 0
    done
}
check "signals that come between two texts" storm
keys C-c
check "end no session" gives "#flow:next() > 0" true
done_testing
