#!/bin/sh
# luma batch: its reports of real runs, read by those who read them.
set -u
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
here=$PWD/tests/cli
venv=$PWD/build/venv/bin/python3
top=$PWD
cd "$work" || exit 1
unset GITHUB_ACTIONS GITLAB_CI GITHUB_STEP_SUMMARY GITHUB_WORKSPACE

# batch CODE WORD...: must exit so; stdout to out, stderr to err.
batch() {
    batch_want=$1
    shift
    "$LUMA" batch "$@" >out 2>err
    batch_got=$?
    [ "$batch_got" -eq "$batch_want" ] || { echo "exit $batch_got"; cat out err; false; }
}
holds() { grep -qF -- "$2" "$1" || { echo "not in $1: $2"; tail -n 9 "$1"; false; }; }
lacks() { ! grep -qF -- "$2" "$1" || { echo "in $1: $2"; false; }; }

cat >good.lua <<'E'
local args = luma.args{ seed = 1, worse = 0.0 }
luma.log("train loss", 0.25 + args.worse)
luma.expect("accuracy", 0.97 - args.worse, ">=", 0.9)
luma.expect(true, 'a <b> & "c" ]]>')
E
cat >figure.lua <<'E'
local args = luma.args{ seed = 1, bound = 0.32 }
luma.expect("loss", 0.3 + 0.01 * (args.seed % 3), "<", args.bound)
E
printf '%s\n' 'luma.args{ seed = 1 } print "\27[31m\0::warning::x" error "it broke <here>"' >bad.lua
echo 'luma.args{ seed = 1 } os.execute "kill -SEGV $PPID" while true do end' >crash.lua
echo 'luma.args{ seed = 1 } while true do end' >slow.lua

# --- JUnit ---

check "a mixed batch" batch 3 good.lua figure.lua bad.lua crash.lua slow.lua seed=1..2 --timeout 0.5 --jobs 2 \
    --junit j.xml --json j.json --html j.html
check "junit: an expectation" holds j.xml '<testcase classname="good" name="accuracy &gt;= 0.9 [seed=1]" time="0.000"/>'
check "junit: a failed one" holds j.xml '<failure message="loss 0.32 &lt; 0.32" type="expectation">loss 0.32 &lt; 0.32'
check "junit: its line" holds j.xml 'figure.lua:2</failure>'
check "junit: an error" holds j.xml '<error message="ended with an error: bad.lua:1: it broke &lt;here&gt;" type="error">'
check "junit: a crash" holds j.xml '<error message="crashed by SIGSEGV" type="crashed">'
check "junit: a timeout" holds j.xml '<error message="ran out of time: after 0.5 s" type="timeout">'
check "junit: output without control codes" holds j.xml '<system-out>::warning::x'
check "junit: sums" holds j.xml '<testsuites name="luma batch" tests="16" failures="1" errors="6"'
if command -v xmllint >/dev/null; then
    check "junit: xmllint reads it" is_silent xmllint --noout j.xml
else
    skip "junit: no xmllint"
fi
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null; then
    check "junit: keeps to the rules of Jenkins' schema" is_silent python3 "$here/help_junit.py" j.xml
    sed 's/time="0.000"/file="x" time="0,1"/; s/errors="6"/errors="5"/' j.xml >wrong.xml
    for text in "may not have file" "time is 0,1" "errors are added wrong"; do
        check "junit: rules that are broken are found: $text" prints "$text" python3 "$here/help_junit.py" wrong.xml
    done
else
    skip "junit: no python3"
fi
reader=
for p in ${PYTHON:-} "$venv" python3; do
    "$p" -c 'import junitparser' 2>/dev/null && reader=$p && break
done
if [ -n "$reader" ]; then
    check "junit: junitparser reads it" prints "figure.lua seed=2 2 1 0 2" "$reader" "$here/help_junit.py" \
        --junitparser j.xml
else
    skip "junit: no junitparser"
fi

# --- JSON ---

cat >member.lua <<'E'
local json = require "luma.json"
local file <close> = assert(io.open(luma.args.file))
local value = assert(json.decode(file:read "a"))
for name in luma.args.path:gmatch "[^.]+" do
    value = value[tonumber(name) or name]
end
print(type(value) == "table" and json.encode(value) or tostring(value))
E
member() { # FILE PATH WANTED
    said=$("$LUMA" run member.lua file="$1" path="$2" 2>&1)
    [ "$said" = "$3" ] || { echo "$2 is $said"; false; }
}
check "json: schema" member j.json schema luma.batch/1
check "json: counts" member j.json counts "$(printf '{"expectations":6,"expectations_excused":0,%s}' \
    '"expectations_failed":1,"failed":7,"passed":3,"runs":10,"seeds_failed":0')"
check "json: the order is that of the plan" member j.json runs.3.name "figure.lua seed=1"
check "json: a run" member j.json runs.4.status failed
check "json: its expectation" member j.json runs.4.expectations "$(printf '[{"bound":0.32,"name":"loss",%s}]' \
    '"operator":"<","passed":false,"text":"loss 0.32 < 0.32","value":0.32,"where":"figure.lua:2"')"
check "json: a crash" member j.json runs.7.signal SIGSEGV
check "json: the command" member j.json command.3 good.lua
check "html: is there" holds j.html "<h1>3 of 10 runs passed</h1>"
check "no temporary files are left" sh -c '[ "$(ls j.* | tr "\n" " ")" = "j.html j.json j.xml " ]'

# --- seeds ---

check "seeds: one that missed is excused" batch 0 figure.lua seed=1..9 bound=0.3195 --expect-seeds --json s.json --junit s.xml
check "seeds: the interval is told" holds out \
    "loss < 0.3195 over 9 seeds: mean 0.31, 95 % interval 0.303343 to 0.316657 (Student's t)"
check "seeds: what was excused" holds out "9 passed, 0 failed"
check "seeds: and counted" holds out "6 of 9 expectations held, 3 excused"
check "seeds: json: group" member s.json seeds.1.name "figure.lua bound=0.3195"
check "seeds: json: seeds" member s.json seeds.1.seeds "[1,2,3,4,5,6,7,8,9]"
check "seeds: json: verdict" member s.json seeds.1.expectations.1.passed true
check "seeds: json: excused" member s.json runs.2.expectations.1.excused seeds
check "seeds: junit: no failure" holds s.xml 'tests="19" failures="0" errors="0"'
check "seeds: too few to be sure" batch 3 figure.lua seed=1..3 bound=0.325 --expect-seeds
check "seeds: though all kept the bound" holds out "3 passed, 0 failed"
check "seeds: why" holds out "which crosses the bound"
check "seeds: a crash stays a failure" batch 1 figure.lua crash.lua seed=1..9 bound=0.3195 --expect-seeds
check "seeds: none to compare" batch 0 good.lua --expect-seeds
check "seeds: is told" holds err "luma: --expect-seeds: no runs differ in their seed alone"

# --- baseline ---

check "baseline: one is made" batch 0 good.lua --json base.json
check "baseline: the same" batch 0 good.lua --baseline base.json
sed 's/"good.lua"/"good.lua worse=0.01"/' base.json >worse.json
check "baseline: a worse run" batch 3 good.lua worse=0.01 --baseline worse.json --json b.json --junit b.xml --html b.html
check "baseline: by how much" holds out \
    "good.lua worse=0.01: accuracy 0.96, was 0.97: worse by 0.01 (1.03 %), there is no tolerance"
check "baseline: a figure by its name" holds out "train loss 0.26, was 0.25: worse by 0.01 (4 %), there is no tolerance"
check "baseline: the run counts as failed" holds out "0 passed, 1 failed"
check "baseline: json" member b.json baseline.comparisons.1.passed false
check "baseline: json: the run" member b.json runs.1.status failed
check "baseline: junit" holds b.xml 'name="baseline: accuracy [worse=0.01]"'
check "baseline: html" holds b.html "compared with worse.json"
check "baseline: within tolerances" batch 0 good.lua worse=0.01 --baseline worse.json \
    --tolerance "accuracy=0.01,train loss=5%,peak_memory=100x"
check "baseline: nothing to compare fails" batch 3 figure.lua --baseline base.json
check "baseline: and is told" holds out "baseline: nothing was compared, which counts as a failure"
rm -rf runs
echo '{"schema":' >damaged.json
check "baseline: damaged" batch 2 good.lua --baseline damaged.json
check "baseline: and is told before" holds err "luma: --baseline: damaged.json is damaged: line 2: "
check "baseline: missing" batch 2 good.lua --baseline none.json
check "baseline: and is told as such" holds err "luma: --baseline: cannot read none.json"
check "baseline: a tolerance of nothing" batch 2 good.lua --baseline base.json --tolerance acuracy=1
check "baseline: with a hint" holds err "luma: --tolerance: the baseline has no figure 'acuracy'; did you mean 'accuracy'?"
check "baseline: a tolerance alone" batch 2 good.lua --tolerance accuracy=1
check "baseline: and is told what for" holds err \
    "luma: --tolerance says how much worse than --baseline FILE a figure may be: give both"
check "nothing ran in any of these" sh -c '! [ -e runs ]'

# --- CI servers ---

GITHUB_ACTIONS=true
GITHUB_STEP_SUMMARY=$work/summary.md
export GITHUB_ACTIONS GITHUB_STEP_SUMMARY
echo "before" >summary.md
check "github: a batch" batch 3 bad.lua figure.lua good.lua seed=2 --quiet
check "github: an error at its line" holds out \
    "::error file=bad.lua,line=1,title=bad.lua seed=2::ended with an error: bad.lua:1: it broke <here>"
check "github: an expectation" holds out "::error file=figure.lua,line=2,title=figure.lua seed=2::loss 0.32 < 0.32"
check "github: two errors, no more" sh -c '[ "$(grep -c "^::" out)" -eq 2 ]'
check "github: what a run printed is no command" sh -c 'grep -q "| ::warning" out && ! grep -qE "^ *::warning" out'
check "github: the summary is added to" holds summary.md "before"
check "github: its head" holds summary.md "### luma batch: 1 of 3 runs passed"
check "github: a row" holds summary.md "| **failed** | figure.lua seed=2 | 0."
check "github: no markup of ours" holds summary.md "it broke &lt;here&gt; |"
GITHUB_WORKSPACE=$work check "github: paths from the top" sh -c 'mkdir -p in && cp bad.lua in && cd in &&
    "$0" batch bad.lua --quiet | grep -qF "::error file=in/bad.lua,line=1,"' "$LUMA"
printf '%s\n' 'for i = 1, 12 do luma.expect(false, "100%% no\n, %d", i) end' >many.lua
check "github: many problems" batch 3 many.lua --quiet
check "github: ten are shown" sh -c '[ "$(grep -c "^::error" out)" -eq 10 ]'
check "github: the rest is counted" holds out "::notice title=luma batch::2 more problems, 12 in all"
check "github: line ends and percent signs" holds out "::error file=many.lua,line=1,title=many.lua::100%25 no%0A, 10"
mkdir folder
GITHUB_STEP_SUMMARY=folder check "github: no place for a summary" batch 4 good.lua
check "github: is told" holds err "luma: luma batch: cannot write the summary (\$GITHUB_STEP_SUMMARY): "
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

GITLAB_CI=true
export GITLAB_CI
check "gitlab: a batch" batch 3 bad.lua figure.lua good.lua seed=2 --quiet
check "gitlab: sections" sh -c '[ "$(grep -c "section_start:[0-9]*:luma_run_[12]\[collapsed=true\]" out)" -eq 2 ] &&
    [ "$(grep -c "section_end:[0-9]*:luma_run_[12]" out)" -eq 2 ]'
check "gitlab: what to do for its list of tests" holds out "luma batch --junit junit.xml"
check "gitlab: a batch with a report" batch 1 bad.lua --quiet --junit g.xml
check "gitlab: needs no hint" lacks out "luma batch --junit"
unset GITLAB_CI
check "no server: no word of it" batch 3 bad.lua figure.lua good.lua seed=2 --quiet
check "no server: no commands, no sections" sh -c '! grep -qE "^::|section_" out'
cd "$top" && done_testing
