-- The curves of a training: one panel a figure, training and validation in it.
--
-- Reports and history:save draw the same panels; the file has them side by side, with its own colours
-- for light and dark.

local lines = require "luma.svg_lines"
local palette = require "luma.palette"
local svg = require "luma.svg"

local curves = {}

local WIDTH <const>, HEIGHT <const> = 400, 240

-- Columns with panels, in their order; others follow, but for those that are no figures of the model.
local order = { "loss", "accuracy" }
local skipped = { epoch = true, seconds = true }

local function column(history, name)
    for i, column_name in ipairs(history.columns) do
        if column_name == name then
            return i
        end
    end
end

local function points(history, index)
    local x, list = column(history, "epoch"), {}
    for i, row in ipairs(history.rows) do
        list[i] = { x and svg.is_finite(row[x]) and row[x] or i, row[index] }
    end
    return list
end

local function is_constant(history, index)
    for _, row in ipairs(history.rows) do
        if row[index] ~= history.rows[1][index] then
            return false
        end
    end
    return true
end

-- Names of figures with a panel: "val_x" belongs to "x". The rate has one where it changes.
local function figures(history)
    local names, seen = {}, {}
    local function add(name)
        if not seen[name] and not skipped[name] then
            seen[name] = true
            names[#names + 1] = name
        end
    end
    for _, name in ipairs(order) do
        if column(history, name) or column(history, "val_" .. name) then
            add(name)
        end
    end
    for i, name in ipairs(history.columns) do
        if name ~= "rate" or not is_constant(history, i) then
            add((name:gsub("^val_", "")))
        end
    end
    return names
end

local function series(history, name)
    local list = {}
    local own, other = column(history, name), column(history, "val_" .. name)
    if own then
        list[1] = { name = other and "training" or name, color = 1, points = points(history, own) }
    end
    if other then
        list[#list + 1] = { name = "validation", color = 2, points = points(history, other) }
    end
    return list
end

-- What a reader who does not see the panel should know: where each line begins and ends.
local function describe(panel)
    local parts = {}
    local show = panel.text == "percent" and svg.percent or function(v) return svg.number(v, 4) end
    for _, s in ipairs(panel.series) do
        local first, last
        for _, p in ipairs(s.points) do
            if svg.is_finite(p[2]) then
                first, last = first or p, p
            end
        end
        parts[#parts + 1] = first and ("%s from %s in epoch %s to %s in epoch %s"):format(s.name, show(first[2]),
            svg.number(first[1]), show(last[2]), svg.number(last[1])) or nil
    end
    return table.concat(parts, "; ") .. "."
end

-- The panels of { columns = names, rows = { one an epoch } } that have something to show: title, text
-- (the description), body (the inside of a picture of curves.width x curves.height).
function curves.panels(history)
    local list = {}
    for _, name in ipairs(figures(history)) do
        local panel = { title = name, x_name = "epoch", x_least = 1, width = WIDTH, height = HEIGHT,
            series = series(history, name), text = name:find "accuracy$" and "percent" or nil }
        if lines.has_points(panel.series) then
            list[#list + 1] = { title = name, text = describe(panel), body = lines.panel(panel) }
        end
    end
    return list
end

curves.width, curves.height = WIDTH, HEIGHT
curves.note = lines.note

local GAP <const> = 24

-- A file of its own: all panels in a row.
function curves.file(history)
    local panels = curves.panels(history)
    local put, text = svg.writer()
    local note = #panels > 0 and lines.note(#history.rows)
    local width, height = math.max(1, #panels) * (WIDTH + GAP) + GAP, HEIGHT + 2 * GAP
    local titles = {}
    for i, panel in ipairs(panels) do
        titles[i] = panel.title .. ": " .. panel.text
    end
    put('<svg xmlns="http://www.w3.org/2000/svg" class="plot" width="%d" height="%d" viewBox="0 0 %d %d" role="img" '
        .. 'aria-labelledby="t d">', width, height, width, height)
    put('<title id="t">Curves of %d epoch%s</title>', #history.rows, #history.rows == 1 and "" or "s")
    put('<desc id="d">%s</desc>', #titles == 0 and "Nothing to draw." or svg.escape(table.concat(titles, " ")))
    put("<style>\n%s%s</style>", palette.css ".plot", palette.plot_css ".plot")
    put('<rect width="%d" height="%d" style="fill:var(--panel)"/>', width, height)
    if note then
        put('<text x="%d" y="%d">%d epochs; %s</text>', GAP + 2, height - 10, #history.rows, note)
    end
    for i, panel in ipairs(panels) do
        put('<g transform="translate(%d %d)">\n%s\n</g>', (i - 1) * (WIDTH + GAP) + GAP, GAP, panel.body)
    end
    if #panels == 0 then
        put('<text x="%d" y="%d">no finite figures</text>', GAP, GAP + 16)
    end
    put("</svg>\n")
    return text()
end

return curves
