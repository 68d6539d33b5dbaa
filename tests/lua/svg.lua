-- Pictures of figures: text that is safe, axes people read, the same bytes for the same figures.
local test = require "luma.test"
local curves = require "luma.curves"
local lines = require "luma.svg_lines"
local bars = require "luma.svg_bars"
local palette = require "luma.palette"
local svg = require "luma.svg"

test("text is escaped, and what nobody sees is shown", function()
    test.eq(svg.escape [[<a b="c" d='e'>&amp;</script>]],
        "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;&lt;/script&gt;")
    test.eq(svg.escape "tab\tline\n", "tab\tline\n")
    test.eq(svg.escape "a\0b\27[31mc\127\r", "a\u{2400}b\u{241B}[31mc\u{2421}\u{240D}")
    test.eq(svg.escape "ok \u{E9} \u{1F600} bad \xFF\xC3( \xE2\x82",
        "ok \u{E9} \u{1F600} bad \u{FFFD}\u{FFFD}( \u{FFFD}\u{FFFD}")
    test.eq(svg.escape "\xC0\x80 \xED\xA0\x80 \xF4\x90\x80\x80", ("\u{FFFD}"):rep(2) .. " "
        .. ("\u{FFFD}"):rep(3) .. " " .. ("\u{FFFD}"):rep(4), "overlong, surrogate, beyond the last")
    test.eq(svg.escape "x\u{202E}y\u{2066}", "x[U+202E]y[U+2066]")
    test.eq(svg.escape "\u{85}\u{FFFE}\u{FFFF}\u{1FFFE}\u{FDD0}", ("\u{FFFD}"):rep(5))
    test.eq(svg.escape "", "")
end)

test("numbers are written as people read them", function()
    test.eq(svg.commas(0), "0")
    test.eq(svg.commas(-1234567), "-1,234,567")
    test.eq(svg.commas(1 / 0), "inf")
    test.eq(svg.number(121930), "121930")
    test.eq(svg.number(0.1), "0.1")
    test.eq(svg.number(-0.0), "0")
    test.eq(svg.number(0 / 0), "nan")
    test.eq(svg.at(-0.01), "0")
    test.eq(svg.at(12.04), "12")
    test.eq(svg.at(12.06), "12.1")
end)

local function texts(axis)
    local list = {}
    for i, tick in ipairs(axis.ticks) do
        list[i] = tick.text
    end
    return table.concat(list, " ")
end

test("ticks are round numbers that differ", function()
    test.eq(texts(svg.axis(0, 1)), "0.0 0.2 0.4 0.6 0.8 1.0")
    test.eq(texts(svg.axis(0.03, 0.97)), "0.0 0.2 0.4 0.6 0.8 1.0")
    test.eq(texts(svg.axis(-1.7, 2.9)), "-2 -1 0 1 2 3")
    test.eq(texts(svg.axis(0.9731, 0.9912, { text = "percent" })), "97.0 % 97.5 % 98.0 % 98.5 % 99.0 % 99.5 %")
    test.eq(texts(svg.axis(0.95, 0.999, { text = "percent", ceiling = 1 })), "95 % 96 % 97 % 98 % 99 % 100 %")
    test.eq(texts(svg.axis(1, 3, { tight = true, least = 1 })), "1 2 3")
    test.eq(texts(svg.axis(1, 1, { least = 1 })), "0 1 2")
    test.eq(texts(svg.axis(0, 0)), "-1.0 -0.5 0.0 0.5 1.0")
    test.eq(texts(svg.axis(0, 3e7)), "0 1e7 2e7 3e7")
    test.eq(texts(svg.axis(0, 4e-7)), "0 1e-7 2e-7 3e-7 4e-7")
    test.eq(texts(svg.log_axis(0.01, 10)), "0.01 0.03 0.1 0.3 1 3 10")
    test.eq(texts(svg.log_axis(0.5, 1e9)), "1 100 1e4 1e6 1e8")
end)

test("an axis of any range has few, different ticks inside it", function()
    for _, pair in ipairs { { 0, 1e300 }, { -1e300, 1e300 }, { 1e-300, 2e-300 }, { 1, 1 + 1e-15 }, { -5e-324, 5e-324 },
        { 1e15, 1e15 + 3 }, { 0.1, 0.3 }, { 99.99999, 100.00001 } } do
        local axis, seen = svg.axis(pair[1], pair[2]), {}
        test.ok(#axis.ticks >= 2 and #axis.ticks <= 12, ("%g..%g: %d ticks"):format(pair[1], pair[2], #axis.ticks))
        for _, tick in ipairs(axis.ticks) do
            local share = axis.share(tick.value)
            test.ok(share > -1e-6 and share < 1 + 1e-6, ("%g..%g: a tick at %g"):format(pair[1], pair[2], share))
            test.ok(pair[2] - pair[1] < 1e-9 or not seen[tick.text], "twice " .. tick.text)
            seen[tick.text] = true
        end
    end
end)

-- Elements close in order, attributes are quoted, no bare "<" or "&" stays.
local function check_xml(text)
    local stack, n = {}, 0
    local rest = text:gsub("<(/?)([%w:]+)([^<>]*)>", function(close, name, attributes)
        n = n + 1
        local left = attributes:gsub('%s[%w:_-]+="[^"<&]*"', ""):gsub('%s[%w:_-]+="[^"<]*"', "")
        if close == "/" then
            test.eq(table.remove(stack), name)
        else
            test.ok(left == "" or left == "/", "attributes: " .. attributes)
            if left ~= "/" then
                stack[#stack + 1] = name
            end
        end
        return ""
    end)
    test.eq(#stack, 0, "open elements")
    test.ok(not rest:find "[<>]", "a bare angle")
    test.ok(not rest:gsub("&#?%w+;", ""):find "&", "a bare ampersand")
    return n
end

local function history(n, change)
    local h = { columns = { "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate", "seconds" }, rows = {} }
    for i = 1, n do
        h.rows[i] = { i, 2 / i, 1 - 0.8 / i, 2.2 / i, 1 - 0.9 / i, 0.001, 0.5 }
        if change then
            change(h.rows[i], i)
        end
    end
    return h
end

local function count(text, piece)
    local _, n = text:gsub(piece, "")
    return n
end

test("curves: a panel a figure, a line for training and one for validation", function()
    local text = curves.file(history(5))
    check_xml(text)
    test.eq(count(text, '<path class="line'), 4)
    test.eq(count(text, '<g class="hit">'), 10)
    test.ok(text:find('<svg xmlns="http://www.w3.org/2000/svg" class="plot" width="872" height="288"', 1, true),
        text:sub(1, 200))
    test.ok(text:find("<title>epoch 2: training 1, validation 1.1</title>", 1, true))
    test.ok(text:find("<title>epoch 5: training 84.00 %, validation 82.00 %</title>", 1, true))
    test.ok(text:find("prefers-color-scheme:dark", 1, true))
    test.ok(text:find("training from 2 in epoch 1 to 0.4 in epoch 5", 1, true))
    test.ok(not text:find "rate", "a constant rate has no panel")
    test.eq(text, curves.file(history(5)), "the same bytes")
end)

test("curves: a rate that changes has a panel, figures of one's own too", function()
    local text = curves.file(history(5, function(row, i) row[6] = 0.1 / i end))
    test.ok(text:find(">rate<", 1, true))
    local h = { columns = { "epoch", "<figure>" }, rows = { { 1, 5 }, { 2, 7 } } }
    text = curves.file(h)
    check_xml(text)
    test.ok(text:find(">&lt;figure&gt;<", 1, true))
end)

test("curves: what is not finite is a gap, one point a dot, none a line of text", function()
    local text = curves.file(history(6, function(row, i) row[2] = i == 3 and 0 / 0 or i == 5 and 1 / 0 or row[2] end))
    check_xml(text)
    test.eq(count(text, '<path class="line'), 3 + 3)
    test.ok(text:find 'M[%d.]+ [%d.]+h0"', "a dot")
    text = curves.file(history(1))
    check_xml(text)
    test.ok(text:find("Curves of 1 epoch<", 1, true))
    for _, value in ipairs { 0 / 0, 1 / 0, false, "x", 1e301 } do
        text = curves.file { columns = { "epoch", "loss" }, rows = { { 1, value }, { 2, value } } }
        test.ok(text:find("no finite figures", 1, true))
    end
    test.ok(curves.file({ columns = { "epoch" }, rows = {} }):find("no finite figures", 1, true))
    check_xml(curves.file { columns = { "loss" }, rows = { { 1e300 }, { -1e300 } } })
    check_xml(curves.file { columns = { "loss" }, rows = { { 0 }, { 0 }, {} } })
end)

test("curves: a long history is thinned, keeps its peaks, and says so", function()
    local text = curves.file(history(5000, function(row, i)
        row[2], row[4] = i == 2503 and 9 or i == 77 and 0.001 or 1, 1
    end))
    check_xml(text)
    test.ok(#text < 150000, #text .. " bytes")
    test.ok(text:find("5000 epochs; drawn: the lowest and the highest of every 20; figures shown under the pointer: "
        .. "every 42.", 1, true))
    local path = text:match '<path class="line fine s1" d="M([^"]*)"'
    test.ok(count(path, "L") <= 500, "points")
    local top, bottom = 1e9, 0
    for y in path:gmatch "[%d.]+ ([%d.]+)" do
        top, bottom = math.min(top, tonumber(y)), math.max(bottom, tonumber(y))
    end
    test.ok(top == 34 and bottom == 198, "the peak and the hole are in the line")
    test.eq(lines.note(120), nil)
    test.eq(lines.note(500), "figures shown under the pointer: every 5.")
end)

test("history:save draws what luma.curves draws", function()
    local h, path = require "luma.history".new(), test.path() .. ".svg"
    local History = require "luma.history"
    for i = 1, 3 do
        History.add(h, { loss = 2 / i, accuracy = 1 - 0.8 / i, val_loss = 2.2 / i, val_accuracy = 1 - 0.9 / i,
            rate = 0.001, seconds = 0.5 })
    end
    test.eq(h:save(path), h)
    local file <close> = assert(io.open(path))
    test.eq(file:read "a", curves.file(history(3)))
    h.val_loss[2], h.val_accuracy = nil, nil
    check_xml(curves.file(history(0)))
    h:save(path)
    os.remove(path)
end)

test("bars: few enough, a logarithm where one bin hides the others", function()
    local edges, counts = { 0 }, {}
    for i = 1, 256 do
        edges[i + 1], counts[i] = i, i == 1 and 40000000 or i % 7
    end
    local text = bars.panel { title = "before", x_name = "pixel", width = 440, height = 240, edges = edges,
        counts = counts }
    check_xml(text)
    test.eq(count(text, '<rect class="bar"'), 64)
    test.ok(text:find("before (log scale)", 1, true))
    test.ok(text:find("<title>0 to 4: 40,000,009 (", 1, true))
    text = bars.panel { title = "t", x_name = "x", width = 440, height = 240, edges = { 0, 1, 2 }, counts = { 0, 3 } }
    test.eq(count(text, '<rect class="bar"'), 1)
    test.ok(not text:find "log scale")
end)

test("bars: numbers that fit together are asked for first", function()
    test.ok(bars.is_good { edges = { 0, 1, 2 }, counts = { 0, 3 } })
    for _, h in ipairs { { edges = { 0, 1 }, counts = { 0, 3 } }, { edges = { 0, 0 }, counts = { 1 } },
        { counts = { 1 } },
        { edges = { 0, 1 }, counts = { -1 } }, { edges = { 0, 0 / 0 }, counts = { 1 } },
        { edges = { 0 }, counts = {} }, {} } do
        test.ok(not bars.is_good(h))
    end
    test.ok(not bars.is_good(nil))
end)

test("every text has a contrast of 4.5:1 on every ground, light and dark", function()
    test.ok(math.abs(palette.contrast("#000000", "#ffffff") - 21) < 1e-9)
    test.ok(math.abs(palette.contrast("#777777", "#ffffff") - 4.48) < 0.01)
    for _, theme in ipairs { palette.light, palette.dark } do
        local function reads(text, ground)
            local c = palette.contrast(theme[text] or text, theme[ground] or ground)
            test.ok(c >= 4.5, ("%s on %s: %.2f"):format(text, ground, c))
        end
        for _, ground in ipairs { "ground", "panel", "code" } do
            for _, text in ipairs { "text", "quiet", "link", "ok", "bad", "warn", "series1", "series2", "series3",
                "series4" } do
                reads(text, ground)
            end
        end
        for _, text in ipairs { "text", "comment", "literal", "word", "quiet" } do
            reads(text, "code")
        end
        for _, text in ipairs { "text", "bad", "quiet", "link" } do
            reads(text, "bad_ground")
        end
        for _, text in ipairs { "text", "ok", "quiet", "link" } do
            reads(text, "ok_ground")
        end
        for step = 1, palette.steps do
            reads("text", palette.shade(theme, "right", step))
            reads("text", palette.shade(theme, "wrong", step))
        end
    end
end)

test.done()
