-- Results for CI servers: the exact text, names that stay and are unique, characters XML has not.
local test = require "luma.test"
local junit = require "luma.junit"

local function batch(runs)
    return { seconds = 2.5, runs = runs }
end

test("a good run, to the letter", function()
    test.eq(junit.text(batch{ {
        name = "dir/a.lua rate=0.1", file = "dir/a.lua", given = { rate = "0.1" },
        arguments = { rate = 0.1, epochs = 2 },
        status = "passed", seconds = 1.25, started = "2026-01-31T12:00:00Z", peak_memory_bytes = 1000,
        figures = { { name = "accuracy", value = 0.97510000000001 } },
        expectations = {
            { name = "accuracy", operator = ">=", bound = 0.9, value = 0.9751, passed = true,
                text = "accuracy 0.9751 >= 0.9", where = "dir/a.lua:7" },
            { name = "fine", text = "fine", passed = true, where = "dir/a.lua:8" },
        },
    } }), [[
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="luma batch" tests="3" failures="0" errors="0" time="2.500">
  <testsuite id="0" name="dir/a.lua rate=0.1" tests="3" failures="0" errors="0" time="1.250"]]
        .. [[ timestamp="2026-01-31T12:00:00Z" file="dir/a.lua">
    <properties>
      <property name="argument.epochs" value="2"/>
      <property name="argument.rate" value="0.1"/>
      <property name="figure.accuracy" value="0.9751"/>
      <property name="status" value="passed"/>
      <property name="peak_memory_bytes" value="1000"/>
    </properties>
    <testcase classname="dir.a" name="runs to its end [rate=0.1]" time="1.250"/>
    <testcase classname="dir.a" name="accuracy &gt;= 0.9 [rate=0.1]" time="0.000"/>
    <testcase classname="dir.a" name="fine [rate=0.1]" time="0.000"/>
  </testsuite>
</testsuites>
]])
end)

local function cases(run, more)
    more = more or {}
    local text = junit.text{ runs = { run }, seconds = 1, baseline = more.baseline, seeds = more.seeds }
    local body = text:match "    <testcase.*</testcase>" or text:match "    <testcase.*/>"
    return text:match "<testsuites[^>]*>", body, text
end

test("a failed expectation", function()
    local head, body = cases{ name = "a.lua", file = "a.lua", status = "failed", seconds = 1, expectations = {
        { name = "accuracy", operator = ">=", bound = 1, value = 0.5, text = "accuracy 0.5 >= 1", where = "a.lua:3",
            passed = false } } }
    test.eq(head, '<testsuites name="luma batch" tests="2" failures="1" errors="0" time="1.000">')
    test.eq(body, [[
    <testcase classname="a" name="runs to its end" time="1.000"/>
    <testcase classname="a" name="accuracy &gt;= 1" time="0.000">
      <failure message="accuracy 0.5 &gt;= 1" type="expectation">accuracy 0.5 &gt;= 1
a.lua:3</failure>
    </testcase>]])
end)

test("an excused one is no failure", function()
    local head, body = cases{ name = "a.lua", file = "a.lua", status = "passed", seconds = 1, expectations = {
        { name = "x", operator = "<", bound = 1, value = 2, text = "x 2 < 1", passed = false, excused = "seeds" } } }
    test.ok(head:find('failures="0"', 1, true))
    test.ok(body:find("<system-out>x 2 &lt; 1: not counted, the interval over all seeds keeps the bound</system-out>",
        1, true), body)
end)

test("ends that are none", function()
    local head, body = cases{ name = "a.lua", file = "a.lua", status = "error", message = "a.lua:3: it broke",
        seconds = 0.5, exit_code = 1 }
    test.ok(head:find('failures="0" errors="1"', 1, true))
    test.eq(body, [[
    <testcase classname="a" name="runs to its end" time="0.500">
      <error message="ended with an error: a.lua:3: it broke" type="error">ended with an error: a.lua:3: it broke
a.lua:3</error>
    </testcase>]])
    local _
    _, body = cases{ name = "a.lua", file = "a.lua", status = "timeout", message = "after 2 s", seconds = 2 }
    test.ok(body:find('<error message="ran out of time: after 2 s" type="timeout">', 1, true), body)
    _, body = cases{ name = "a.lua", file = "a.lua", status = "crashed", signal = "SIGSEGV", seconds = 2 }
    test.ok(body:find('<error message="crashed by SIGSEGV" type="crashed">', 1, true), body)
end)

test("failed by what no case tells", function()
    local head, body = cases{ name = "a.lua", file = "a.lua", status = "failed", seconds = 1 }
    test.ok(head:find('failures="1"', 1, true))
    test.ok(body:find('<failure message="failed" type="failed">failed</failure>', 1, true), body)
end)

test("equal names are told apart", function()
    local again = { name = "n", text = "n", passed = true }
    local _, _, text = cases{ name = "a.lua", file = "a.lua", status = "passed", seconds = 1,
        expectations = { again, again, again } }
    for _, name in ipairs{ "n", "n (2)", "n (3)" } do
        test.ok(text:find(('name="%s"'):format(name), 1, true), name)
    end
end)

test("classes have no dots but those between folders", function()
    local _, body = cases{ name = "./a.b/c.d.lua", file = "./a.b/c.d.lua", status = "passed", seconds = 1 }
    test.ok(body:find('classname="a_b.c_d"', 1, true), body)
end)

test("characters that would end an element, or that XML has not", function()
    local _, _, text = cases{ name = "a.lua", file = "a.lua", status = "failed", seconds = 0 / 0, expectations = {
        { name = "x", passed = false, where = "a.lua:1",
            text = "<b> & \"q\" ]]> \0\27[31m \u{FFFF}\u{FFFE}\xFF tab\t line\nend\r \u{1F600}" } } }
    test.ok(text:find('message="&lt;b&gt; &amp; &quot;q&quot; ]]&gt; [31m \u{FFFD} tab&#9; line&#10;end&#13; '
        .. '\u{1F600}"', 1, true), text)
    test.ok(not text:find "[\0-\8\11\12\14-\31]")
    test.ok(text:find('time="0.000"', 1, true))
end)

test("comparisons with a baseline and expectations over seeds", function()
    local head, body = cases({ name = "a.lua", file = "a.lua", status = "failed", seconds = 1 }, {
        baseline = { comparisons = {
            { run = "a.lua", figure = "loss", passed = false, text = "loss 0.3, was 0.2: 0.1 worse" },
            { run = "a.lua", figure = "accuracy", passed = true, text = "accuracy 0.9, was 0.9" },
            { run = "other", figure = "loss", passed = false, text = "not here" },
        } },
        seeds = { { name = "a.lua rate=1", file = "a.lua", seeds = { 1, 2 }, expectations = {
            { name = "accuracy", operator = ">=", bound = 0.9, passed = false, text = "too wide" } } } },
    })
    test.ok(head:find('tests="4" failures="2" errors="0"', 1, true), head)
    test.ok(body:find('name="baseline: loss"', 1, true), body)
    test.ok(body:find('type="baseline">loss 0.3, was 0.2: 0.1 worse</failure>', 1, true), body)
    test.ok(body:find('name="accuracy &gt;= 0.9 [rate=1 over seeds]"', 1, true), body)
    test.ok(not body:find "not here")
end)

test("a run that is hardly known, and none", function()
    test.ok(junit.text(batch{ { status = "data", name = "x" } }):find 'classname="x"')
    test.eq(junit.text(batch{}), '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="luma batch" tests="0" '
        .. 'failures="0" errors="0" time="2.500">\n</testsuites>\n')
end)

test.done()
