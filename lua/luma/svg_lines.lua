-- Lines over a common axis: one panel, its names written beside the lines.
--
-- Readers find every value without a script: a column over each point shows its figures as a title.
-- A long line is drawn through the lowest and the highest point of every stretch, so that no peak is
-- lost; what a picture leaves out is said in lines.note.

local svg = require "luma.svg"

local lines = {}

-- Points of a line and columns with titles: more than the pixels of the panel show.
local POINTS_MAX <const> = 500
local COLUMNS_MAX <const> = 120
local DOTS_MAX <const> = 40

-- --- what is drawn ---

-- The finite values of x and y, in order, in stretches without a gap.
local function stretches(points)
    local list, current = {}, nil
    for _, p in ipairs(points) do
        if svg.is_finite(p[1]) and svg.is_finite(p[2]) then
            if not current then
                current = {}
                list[#list + 1] = current
            end
            current[#current + 1] = p
        else
            current = nil
        end
    end
    return list
end

-- Of every `size` points the lowest and the highest, in their order, with both ends.
local function thin(points, size)
    if size <= 2 then
        return points
    end
    local kept = { points[1] }
    for first = 2, #points - 1, size do
        local low, high = first, first
        for i = first, math.min(first + size - 1, #points - 1) do
            low = points[i][2] < points[low][2] and i or low
            high = points[i][2] > points[high][2] and i or high
        end
        kept[#kept + 1] = points[math.min(low, high)]
        kept[#kept + 1] = low ~= high and points[math.max(low, high)] or nil
    end
    kept[#kept + 1] = points[#points]
    return kept
end

-- How many points share two drawn ones; 1: all are drawn.
local function stretch_size(n)
    return n <= POINTS_MAX and 1 or math.ceil(2 * n / POINTS_MAX)
end

-- What is left out of a picture of n points, or nil.
function lines.note(n)
    if n <= COLUMNS_MAX then
        return nil
    end
    local parts = {}
    if n > POINTS_MAX then
        parts[1] = ("drawn: the lowest and the highest of every %d"):format(stretch_size(n))
    end
    parts[#parts + 1] = ("figures shown under the pointer: every %d."):format(math.ceil(n / COLUMNS_MAX))
    return table.concat(parts, "; ")
end

-- --- axes ---

local function range(series, field)
    local low, high = math.huge, -math.huge
    for _, s in ipairs(series) do
        for _, p in ipairs(s.points) do
            if svg.is_finite(p[1]) and svg.is_finite(p[2]) then
                low, high = math.min(low, p[field]), math.max(high, p[field])
            end
        end
    end
    return low, high
end

-- Values that are spread over decades are readable on a logarithm alone.
local SPREAD <const> = 60

local function value_axis(series, text)
    local low, high = range(series, 2)
    if text == "percent" then
        return svg.axis(low, high, { text = text, floor = low >= 0 and 0 or nil, ceiling = high <= 1 and 1 or nil })
    elseif low > 0 and high / low > SPREAD then
        return svg.log_axis(low, high)
    end
    return svg.axis(low > 0 and low < 0.4 * high and 0 or low, high)
end

-- --- drawing ---

local function draw_line(put, f, s, n)
    for _, points in ipairs(stretches(s.points)) do
        local parts = {}
        for i, p in ipairs(thin(points, stretch_size(n))) do
            parts[i] = svg.at(f.x(p[1])) .. " " .. svg.at(f.y(p[2]))
        end
        -- A lone point is a line to itself: the round cap makes it a dot.
        put('<path class="line%s s%d" d="M%s%s"/>', n > COLUMNS_MAX and " fine" or "", s.color,
            table.concat(parts, "L"), #parts == 1 and "h0" or "")
    end
end

-- Names at the ends of the lines, pushed apart where they would touch.
local function draw_names(put, f, series)
    local names = {}
    for _, s in ipairs(series) do
        local all = stretches(s.points)
        local last = all[#all] and all[#all][#all[#all]]
        if last then
            names[#names + 1] = { name = s.name, color = s.color, y = f.y(last[2]), x = f.x(last[1]) }
        end
    end
    table.sort(names, function(a, b) return a.y < b.y or a.y == b.y and a.color < b.color end)
    local above = f.top
    for _, name in ipairs(names) do
        name.y = math.max(name.y + 4, above)
        above = name.y + 14
    end
    for _, name in ipairs(names) do
        local over = math.max(0, above - 14 - f.bottom)
        put('<text class="f%d" x="%s" y="%s">%s</text>', name.color, svg.at(f.right + 8), svg.at(name.y - over),
            svg.escape(name.name))
    end
end

-- x -> what is there: { color, name, y } of each series.
local function columns(series)
    local xs, at = {}, {}
    for _, s in ipairs(series) do
        for _, p in ipairs(s.points) do
            if svg.is_finite(p[1]) and svg.is_finite(p[2]) then
                if not at[p[1]] then
                    at[p[1]] = {}
                    xs[#xs + 1] = p[1]
                end
                table.insert(at[p[1]], { color = s.color, name = s.name, y = p[2] })
            end
        end
    end
    table.sort(xs)
    return xs, at
end

local function every(xs, most)
    local step, kept = math.ceil(#xs / most), {}
    for i = 1, #xs, step do
        kept[#kept + 1] = xs[i]
    end
    return kept
end

local function column_title(o, x, values)
    local parts = {}
    for _, v in ipairs(values) do
        parts[#parts + 1] = v.name .. " " .. (o.text == "percent" and svg.percent(v.y) or svg.number(v.y, 5))
    end
    return ("%s %s: %s"):format(o.x_name, svg.number(x), table.concat(parts, ", "))
end

local function draw_columns(put, f, o)
    local all, at = columns(o.series)
    local xs = every(all, COLUMNS_MAX)
    put('<g%s>', #all <= DOTS_MAX and ' class="dots"' or "")
    for i, x in ipairs(xs) do
        local from = i == 1 and f.left or (f.x(xs[i - 1]) + f.x(x)) / 2
        local to = i == #xs and f.right or (f.x(x) + f.x(xs[i + 1])) / 2
        local circles = {}
        for _, v in ipairs(at[x]) do
            circles[#circles + 1] = ('<circle class="f%d" cx="%s" cy="%s" r="3"/>'):format(v.color, svg.at(f.x(x)),
                svg.at(f.y(v.y)))
        end
        put('<g class="hit"><title>%s</title><rect x="%s" y="%d" width="%s" height="%d"/>%s</g>',
            svg.escape(column_title(o, x, at[x])), svg.at(from), f.top, svg.at(math.max(to - from, 0)),
            f.bottom - f.top, table.concat(circles))
    end
    put("</g>")
end

-- --- panels ---

-- Whether there is a point to draw.
function lines.has_points(series)
    return range(series, 2) <= 1e300
end

-- The inside of a picture: o.title, o.width, o.height, o.x_name, o.text ("percent"), o.series: { name, color
-- 1..4, points = { { x, y }, ... } }; at least one point is finite. o.is_scatter: points without lines.
function lines.panel(o)
    local put, text = svg.writer()
    local n, right = 0, 0
    for _, s in ipairs(o.series) do
        n = math.max(n, #s.points)
        right = math.max(right, svg.width(s.name) + 12)
    end
    local first, last = range(o.series, 1)
    local is_wide = not o.x_least and first > 0 and last / first > SPREAD
    local x = is_wide and svg.log_axis(first, last)
        or svg.axis(first, last, { tight = first < last, least = o.x_least, count = 6 })
    local y = value_axis(o.series, o.text)
    local f = svg.frame { width = o.width, height = o.height, right = #o.series > 1 and right or nil, x = x, y = y }
    svg.draw_axes(put, f, { x = x, y = y, x_name = o.x_name .. (is_wide and " (log scale)" or ""),
        title = o.title .. (y.is_log and " (log scale)" or "") })
    for _, s in ipairs(o.is_scatter and {} or o.series) do
        draw_line(put, f, s, n)
    end
    draw_columns(put, f, o)
    if #o.series > 1 then
        draw_names(put, f, o.series)
    end
    return text()
end

return lines
