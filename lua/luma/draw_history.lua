-- history:show(): loss and accuracy of a training as charts in the terminal, validation beside training.

local draw = require "luma.draw"
local svg = require "luma.svg"

local ROWS <const> = 11
local COLUMNS_MAX <const> = 110 -- wider is not easier to read

-- What one chart shows: the figure and its values on the validation images.
local charts = {
    { "loss", "val_loss" },
    { "accuracy", "val_accuracy", text = "percent" },
}

-- Where an epoch has no value there is a gap.
local function points(history, name)
    local list = {}
    for epoch = 1, history.epochs do
        list[epoch] = { epoch, history[name][epoch] or 0 / 0 }
    end
    return list
end

local function is_gap(n)
    return n % 4 >= 2
end

local function series_of(history, chart)
    local list = {}
    if history[chart[1]] then
        list[1] = { name = "training", points = points(history, chart[1]), color = draw.colors.first, mark = "*" }
    end
    if history[chart[2]] then
        list[#list + 1] = {
            name = "validation", points = points(history, chart[2]), color = draw.colors.second, mark = "o",
            is_gap = is_gap,
        }
    end
    return list
end

-- Smallest and largest finite value, or nil.
local function range(series)
    local low, high = math.huge, -math.huge
    for _, s in ipairs(series) do
        for _, p in ipairs(s.points) do
            if svg.is_finite(p[2]) then
                low, high = math.min(low, p[2]), math.max(high, p[2])
            end
        end
    end
    if low <= high then
        return low, high
    end
end

local function head(style, name, series)
    local parts = { name }
    for i, s in ipairs(series) do
        local mark = not style.is_fine and s.mark or s.is_gap and "╌╌" or "──"
        parts[i + 1] = draw.paint(style, s.color, mark) .. " " .. s.name
    end
    return table.concat(parts, "   ")
end

-- A list of lines, none where the figure was not kept.
local function chart_lines(style, history, chart)
    local series = series_of(history, chart)
    local low, high = range(series)
    if #series == 0 or not low then
        return #series > 0 and { chart[1] .. ": no value is finite" } or {}
    end
    local is_share = chart.text == "percent"
    local y = svg.axis(low, high, {
        count = 4, text = chart.text, floor = low >= 0 and 0 or nil, ceiling = is_share and high <= 1 and 1 or nil,
    })
    local lines = draw.lines(style, draw.count_axis(math.max(history.epochs, 2)), y, ROWS, series)
    table.insert(lines, 1, head(style, chart[1] .. " by epoch", series))
    return lines
end

-- The charts as one text.
return function(history, style)
    style.columns = math.min(style.columns, COLUMNS_MAX)
    local texts = {}
    for _, chart in ipairs(charts) do
        local lines = chart_lines(style, history, chart)
        texts[#texts + 1] = #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
    end
    return #texts > 0 and table.concat(texts, "\n") or "no epoch yet\n"
end
