-- The report of a batch: what is in it, in what order, and what can never be.
-- How it looks is tested in a browser, by tests/cli/report_html.sh.
local test = require "luma.test"
local html = require "luma.html"
local internal = require "luma.internal"
local source = require "luma.html_source"
local text = require "luma.html_text"

local folder = test.path()

local function has(page, piece)
    test.ok(page:find(piece, 1, true), "not in the page: " .. piece)
end

local function has_not(page, piece)
    test.ok(not page:find(piece, 1, true), "in the page: " .. piece)
end

local function count(page, piece)
    local n, at = 0, 1
    while true do
        local _, last = page:find(piece, at, true)
        if not last then
            return n
        end
        n, at = n + 1, last + 1
    end
end

test("numbers, sizes and times are written as people read them", function()
    test.eq(text.duration(0), "0.00 s")
    test.eq(text.duration(9.994), "9.99 s")
    test.eq(text.duration(59.94), "59.9 s")
    test.eq(text.duration(59.96), "1 min 00 s")
    test.eq(text.duration(3599.6), "1 h 00 min")
    test.eq(text.duration(7384), "2 h 03 min")
    test.eq(text.size(999), "999 B")
    test.eq(text.size(1000), "1.00 kB")
    test.eq(text.size(187654321), "187.7 MB")
    test.eq(text.size(3e15), "3000.0 TB")
    test.eq(text.moment "2026-01-31T12:00:00Z", "2026-01-31 12:00:00 UTC")
    test.eq(text.moment "yesterday", "yesterday")
    test.eq(text.plural(1, "run"), "1 run")
    test.eq(text.plural(1234, "run"), "1,234 runs")
    test.eq(text.value { 1, "x" }, '[1,"x"]')
    test.eq(text.status { status = "passed" }, "ok")
    test.eq(text.status { status = "timeout" }, "TIMEOUT")
    test.eq(text.status {}, "UNKNOWN")
end)

test("what is put into a page is escaped, markup has to say that it is", function()
    local page = text.page()
    page:put('<a title="%s">%s</a>%s', '"x"', "<b>", text.raw "<i>")
    test.eq(page:text(), '<a title="&quot;x&quot;">&lt;b&gt;</a><i>')
end)

test("files are read in the folder of the run alone", function()
    internal.make_folder("test", folder)
    test.write(folder .. "/a.txt", "0123456789")
    local run = { folder = folder }
    test.eq(text.read(run, "a.txt"), "0123456789")
    local tail, is_cut = text.read(run, "a.txt", 4)
    test.eq({ tail, is_cut }, { "6789", true })
    test.eq({ text.read(run, "a.txt", 10) }, { "0123456789", false })
    for _, name in ipairs { "../a.txt", "x/a.txt", "/etc/hostname", "..", ".", "no.txt", "a.txt\0", "" } do
        test.eq(text.read(run, name), nil, name)
    end
    test.eq(text.read({}, "a.txt"), nil)
    test.eq(text.read(run, 7), nil)
end)

test("no run at all is said", function()
    local page = html.render {}
    has(page, "<h1>No run was executed</h1>")
    has_not(page, "<section")
end)

test("failed expectations stand before those that held, and failed runs before others", function()
    local function run(name, ...)
        local list = {}
        for i, passed in ipairs { ... } do
            list[i] = { name = name .. i, passed = passed, value = 0.5, operator = ">=", bound = 0.25,
                where = "x.lua:3" }
        end
        return { name = name, status = name == "bad" and "failed" or "passed", expectations = list }
    end
    local page = html.render { runs = { run("good", true), run("bad", true, false), { name = "dead", status = "crashed",
        message = "ended by SIGSEGV" } } }
    has(page, "<h1>1 of 3 runs passed</h1>")
    has(page, "<dd>2 of 3 held</dd>")
    test.ok(page:find("bad2", 1, true) < page:find("good1", 1, true))
    test.ok(page:find("✗</span> CRASHED", 1, true) < page:find("bad2", 1, true))
    test.ok(page:find('<details class="run" id="run-2" open>', 1, true) < page:find('id="run-1">', 1, true))
    has(page, '<details class="run" id="run-3" open>')
    has(page, '<td class="n">0.5</td><td class="n">&gt;= 0.25</td>')
    has(page, "<td>x.lua:3</td>")
end)

test("seeds and a baseline: what failed stands at the top, what is excused does not", function()
    local one = { name = "one", status = "passed", expectations = {
        { name = "accuracy", passed = false, excused = "seeds", value = 0.1, operator = ">=", bound = 0.2 } } }
    local two = { name = "two", status = "failed" }
    local b = { runs = { one, two }, seeds = { { name = "f.lua", seeds = { 1, 2 }, expectations = {
        { name = "held", passed = true }, { name = "missed", passed = false, low = 0.1, high = 0.3, confidence = 0.95,
            method = "Wilson", operator = ">=", bound = 0.5, mean = 0.2, n = 2 } } } },
        baseline = { file = "old.json", notes = { "no run 'x'" }, comparisons = {
            { run = "one", figure = "fine", passed = true }, { run = "two", figure = "loss", was = 1, is = 2,
                tolerance = 0.5, passed = false, text = "worse by 1" } } } }
    local page = html.render(b)
    has(page, "<h1>1 of 2 runs passed, 1 interval over seeds failed</h1>")
    has(page, "<dd>1 of 1 held</dd>")
    has(page, "≈</span> excused")
    has(page, '<td class="n">0.1 to 0.3</td><td>95 %, Wilson</td>')
    has(page, "no run &#39;x&#39;")
    has_not(page, "did not end well")
    test.eq(count(page, ">missed</th>"), 2)
    test.eq(count(page, ">worse by 1</td>"), 2)
    test.ok(page:find(">missed</th>", 1, true) < page:find(">held</th>", 1, true))
    two.name = "three"
    has(html.render(b), "1 run that did not end well")
end)

test("a source is there once, its lines are numbered and its words told apart", function()
    local code = "-- one\nlocal s = 'a\\'b' --[[ two\nlines ]] .. [==[\n]]x]==] .. \"open\nreturn s[1][2], 'z\\\nq'\n\n"
    local other = test.path()
    internal.make_folder("test", other)
    test.write(folder .. "/script.lua", code)
    test.write(other .. "/script.lua", code)
    local a, b = { folder = folder, file = "x.lua" }, { folder = other, file = "x.lua" }
    local page = { sources = {}, source_of = {} }
    source.collect(page, { a, b, {} })
    test.eq(#page.sources, 1)
    test.eq(page.source_of[b], page.source_of[a])
    test.eq(page.sources[1].n_lines, 7)
    local plain = {}
    for i, line in ipairs(page.sources[1].lines) do
        plain[i] = line:gsub("<[^>]*>", "")
    end
    local wanted = code:gsub("'", "&#39;"):gsub('"', "&quot;")
    test.eq(table.concat(plain, "\n") .. "\n", wanted)
    test.eq(page.sources[1].lines[1], '<span class="c">-- one</span>')
    test.eq(page.sources[1].lines[2], '<span class="k">local</span> s = <span class="q">&#39;a\\&#39;b&#39;</span> '
        .. '<span class="c">--[[ two</span>')
    test.eq(page.sources[1].lines[3], '<span class="c">lines ]]</span> .. <span class="q">[==[</span>')
    test.eq(page.sources[1].lines[4], '<span class="q">]]x]==]</span> .. <span class="q">&quot;open</span>')
    os.remove(other .. "/script.lua")
    os.remove(other)
end)

test("words of a source end whatever it holds", function()
    for _, code in ipairs { "-", "--", "--[", "--[[", "[==", "[==[", "'", "'\\", '"a\\\n', "a.b", "\0\xFF", "-[",
        "]]" } do
        test.write(folder .. "/script.lua", code)
        local page = { sources = {}, source_of = {} }
        source.collect(page, { { folder = folder } })
        test.eq(#page.sources, 1, code)
    end
    test.write(folder .. "/script.lua", ("x\n"):rep(4000))
    local page = { sources = {}, source_of = {} }
    source.collect(page, { { folder = folder } })
    test.eq({ page.sources[1].n_lines, page.sources[1].is_cut }, { 3000, true })
    os.remove(folder .. "/script.lua")
end)

test("an argument that moves has a table, alone and a number a picture too", function()
    local function batch(values)
        local runs = {}
        for i, value in ipairs(values) do
            runs[i] = { name = "r" .. i, status = "passed", file = "x.lua", arguments = value, figures = {
                { name = "accuracy", value = 0.9 + i / 100 }, { name = "same", value = 7 } } }
        end
        return html.render { runs = runs }
    end
    local page = batch { { rate = 0.1, seed = 1 }, { rate = 0.1, seed = 2 }, { rate = 0.001, seed = 1 } }
    has(page, "Figures over arguments")
    has(page, "accuracy (mean) over rate")
    has(page, "<title>rate 0.1: accuracy 0.915</title>")
    has(page, "rate (log scale)")
    has_not(page, "same (mean) over")
    page = batch { { rate = 0.1, size = 1 }, { rate = 0.2, size = 2 } }
    has(page, "Figures over arguments")
    has_not(page, "over rate")
    page = batch { { data = "a" }, { data = "b" } }
    has(page, '<td class="n">a</td>')
    has_not(page, 'class="plot"')
    has_not(batch { { rate = 0.1 }, { rate = 0.1 } }, "Figures over arguments")
end)

test("pictures stay below a size, equal ones are there once", function()
    local signature = "\137PNG\r\n\26\n" .. string.pack(">I4c4I4I4", 13, "IHDR", 28, 14)
    local runs = {}
    for i = 1, 3 do
        local name = ("sheet-%d.png"):format(i)
        test.write(folder .. "/" .. name, signature .. ("x"):rep(3000000 + (i == 2 and 0 or i)))
        runs[i] = { name = "r" .. i, status = "passed", folder = folder, pixels = { { sheet = name, sheet_columns = 2,
            labels = { 4, 5 } } } }
    end
    runs[4] = { name = "again", status = "failed", folder = folder, pixels = runs[3].pixels }
    local page = html.render { runs = runs }
    test.eq(count(page, "base64,"), 2)
    test.eq(count(page, "<use href="), 6)
    has(page, 'aria-label="scaled image of class 5"')
    has(page, '<svg viewBox="15 0 13 14"')
    has(page, "Sheets of images left out, so that this file opens at once: 1;")
    test.ok(#page < 9000000)
    for i = 1, 3 do
        os.remove(folder .. ("/sheet-%d.png"):format(i))
    end
    test.write(folder .. "/not.png", "<svg onload=alert(1)>")
    runs = { { folder = folder, pixels = { { sheet = "not.png", sheet_columns = 2, labels = { 1 } } } } }
    page = html.render { runs = runs }
    has_not(page, "base64")
    os.remove(folder .. "/not.png")
end)

test("precision, recall and F1 come from the confusion matrix", function()
    local e = { confusion = { { 8, 2, 0 }, { 1, 9, 0 }, { 0, 0, 0 } }, classes = { "a", "b", "<c>" }, count = 20,
        correct = 17 }
    local page = html.render { runs = { { evaluations = { e } } } }
    has(page, '<th scope="row">&lt;c&gt;</th><td class="zero">0</td>')
    has(page, 'name">a</th><td class="n">88.89 %</td><td class="n">80.00 %</td><td class="n">84.21 %')
    has(page, 'name">b</th><td class="n">81.82 %</td><td class="n">90.00 %</td><td class="n">85.71 %')
    has(page, 'name">&lt;c&gt;</th><td class="n">–</td><td class="n">–</td><td class="n">–')
    has(page, "Most often: a taken for b (2), b taken for a (1).")
    has(page, "17 of 20 right")
    e.confusion[2][2] = "9"
    has_not(html.render { runs = { { evaluations = { e } } } }, 'class="matrix"')
end)

test("output is what a terminal would show, its end", function()
    test.write(folder .. "/output.txt", "\27[31mred\27[0m\n10%\r20%\r100%\r\n" .. ("line\n"):rep(50) .. "last\n")
    local page = html.render { runs = { { folder = folder } } }
    has(page, "<pre>red\n100%\nline\n")
    has(page, "line\nlast</pre>")
    test.write(folder .. "/output.txt", ("y"):rep(20000) .. "\nlast\n")
    page = html.render { runs = { { folder = folder } } }
    has(page, "<pre>last</pre>")
    has(page, "output.txt in the folder has all")
    os.remove(folder .. "/output.txt")
end)

test("a long history is a page of modest size", function()
    local rows = {}
    for i = 1, 5000 do
        rows[i] = { i, 1 / i, 1 - 1 / i, 1.1 / i, 1 - 1.1 / i }
    end
    local page = html.render { runs = { { histories = { { title = "model:fit 1", rows = rows,
        columns = { "epoch", "loss", "accuracy", "val_loss", "val_accuracy" } } } } } }
    test.ok(#page < 150000, #page .. " bytes")
    has(page, "5,000 epochs; drawn: the lowest and the highest of every 20")
    has(page, "one of every 84 of the 5,000 epochs, and the last")
end)

test("the old file stays where a page cannot be written", function()
    test.fails("--html: cannot write " .. folder .. "/no/x.html: its folder does not exist", html.write,
        folder .. "/no/x.html", {})
    local path = folder .. "/x.html"
    test.eq(html.write(path, { runs = { { name = "x" } } }), #html.render { runs = { { name = "x" } } })
    os.remove(path)
end)

os.remove(folder .. "/a.txt")
os.remove(folder)
test.done()
