-- The report of luma info as text: a paragraph a set, one table of classes for the sets that belong together,
-- a row of images, then notes and what was found wrong.

local internal = require "luma.internal"
local text = require "luma.info_text"

local out = {}

-- More classes than these are counted, not listed.
local CLASSES_MAX <const>, EMPTY_SHOWN <const> = 62, 20

local function number(value)
    return math.type(value) == "integer" and tostring(value) or ("%.6f"):format(value)
end

local function numbers(list)
    local parts = {}
    for i, value in ipairs(list) do
        parts[i] = number(value)
    end
    return table.concat(parts, " ")
end

local function print_pixels(set)
    local p = set.pixels
    local of = p.images < set.count and (" (of %s)"):format(text.count(p.images, "image")) or ""
    print(("  pixels %g..%g, mean %.6f, std %.6f%s"):format(p.min, p.max, p.mean, p.std, of))
    if p.channels then
        print(("  by channel: mean %s"):format(numbers(p.channels.mean)))
        print(("              std  %s"):format(numbers(p.channels.std)))
    end
end

-- The path stands above, and need not be said twice.
local function print_set(set, path)
    local line = set.name == path and set.line:sub(#path + 3) or set.line
    text.wrap("", text.clean(line))
    if set.pixels then
        print_pixels(set)
    end
    for _, fact in ipairs(set.lines or {}) do
        text.wrap("  ", fact)
    end
end

-- --- classes ---

local function row(cells, widths, tail)
    local line = ("  %5s  %s"):format(cells[1], text.pad(cells[2], widths.name))
    for i = 3, #cells do
        line = line .. (" "):rep(2 + widths.count - #cells[i]) .. cells[i]
    end
    print((line .. tail))
end

local function is_empty(r)
    for _, count in pairs(r.counts) do
        if count > 0 then
            return false
        end
    end
    return true
end

-- Labels of which few are used: those alone, and how many are not.
local function without_empty(rows)
    local kept = {}
    for _, r in ipairs(rows) do
        kept[#kept + 1] = not is_empty(r) and r or nil
    end
    if #rows > EMPTY_SHOWN and #kept < #rows / 2 then
        return kept, #rows - #kept
    end
    return rows, 0
end

-- { label, name, counts = { one a set } }
local function rows_of(sets)
    local rows = {}
    for i, set in ipairs(sets) do
        for k, class in ipairs(set.classes) do
            rows[k] = rows[k] or { label = class.label, name = text.clean(class.name, 24), counts = {} }
            rows[k].counts[i] = class.count
        end
    end
    return rows
end

-- Bars compare the counts of the first set that has images of classes.
local function print_classes(sets)
    local rows, n_empty = without_empty(rows_of(sets))
    local most, widths = 0, { name = 5, count = 6 }
    for _, r in ipairs(rows) do
        most = math.max(most, r.counts[1] or 0)
        widths.name = math.max(widths.name, utf8.len(r.name))
    end
    if #rows == 0 then
        return
    end
    local heads = { "label", "class" }
    for i, set in ipairs(sets) do
        heads[#heads + 1] = text.clean(set.part or "images", 12)
        widths.count = math.max(widths.count, #heads[i + 2])
    end
    local room = text.columns() - 9 - widths.name - #sets * (2 + widths.count) - 2
    print()
    row(heads, widths, "")
    for k = 1, math.min(#rows, CLASSES_MAX) do
        local r = rows[k]
        local cells = { tostring(r.label), r.name }
        for i = 1, #sets do
            cells[#cells + 1] = r.counts[i] and text.commas(r.counts[i]) or "-"
        end
        local bar = text.bar(most > 0 and (r.counts[1] or 0) / most or 0, math.min(room, 40))
        row(cells, widths, bar ~= "" and "  " .. bar or "")
    end
    if #rows > CLASSES_MAX then
        print(("         ... %s more; --json lists them"):format(text.count(#rows - CLASSES_MAX, "class", "classes")))
    end
    if n_empty > 0 then
        print(("         ... %s without any image"):format(text.count(n_empty, "class", "classes")))
    end
end

-- --- all of it ---

local function print_list(title, list)
    if #list > 0 then
        print()
    end
    for _, line in ipairs(list) do
        text.wrap(title, line)
    end
end

-- Tables, whose lines are cut at the terminal's edge rather than wrapped.
local function print_rows(rows)
    local most = internal.columns() and text.columns() - 2
    for i, line in ipairs(rows) do
        print((i == 1 and "\n" or "") .. (line ~= "" and "  " .. text.clean(line, most) or ""))
    end
end

-- Sets of one group stand together.
local function groups_of(sets)
    local groups = {}
    for _, set in ipairs(sets) do
        local last = groups[#groups]
        if not last or last[1].group ~= set.group then
            last = {}
            groups[#groups + 1] = last
        end
        last[#last + 1] = set
    end
    return groups
end

-- `drawn`: the data set images are drawn of, or nil.
function out.report(report, drawn)
    print(("%s: %s"):format(text.clean(report.path), report.format))
    for _, line in ipairs(report.lines or {}) do
        text.wrap("  ", line)
    end
    print_rows(report.rows or {})
    for _, sets in ipairs(groups_of(report.sets)) do
        print()
        for _, set in ipairs(sets) do
            print_set(set, report.path)
        end
        print_classes(sets)
    end
    if drawn then
        require "luma.info_draw"(drawn)
    end
    print_list("note: ", report.notes)
    print_list("problem: ", report.problems)
end

return out
