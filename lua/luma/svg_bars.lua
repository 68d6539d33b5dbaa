-- A histogram: one bar a bin, its numbers as a title.
--
-- Pixels of images are often nearly all of one value. Where one bin would flatten all others the axis is
-- a logarithm, and the heading says so: bars then compare powers of ten, not lengths.

local svg = require "luma.svg"

local bars = {}

local BARS_MAX <const> = 64
-- The largest bin over the middle one of those that are not empty.
local SPREAD <const> = 40

-- Neighbours put together until there are few enough to see: edges, counts.
local function merge(edges, counts)
    local size = math.ceil(#counts / BARS_MAX)
    local e, c = { edges[1] }, {}
    for first = 1, #counts, size do
        local sum, last = 0, math.min(first + size - 1, #counts)
        for i = first, last do
            sum = sum + counts[i]
        end
        c[#c + 1], e[#e + 1] = sum, edges[last + 1]
    end
    return e, c
end

local function is_spread(counts)
    local full = {}
    for _, count in ipairs(counts) do
        full[#full + 1] = count > 0 and count or nil
    end
    table.sort(full)
    return #full > 1 and full[#full] > SPREAD * full[(#full + 1) // 2]
end

local function count_axis(counts)
    local most = math.max(1, table.unpack(counts))
    if not is_spread(counts) then
        return svg.axis(0, most, { count = 4 })
    end
    -- From a half: a bin of one pixel is still to be seen.
    return svg.log_axis(0.5, most)
end

local function short(axis)
    for _, tick in ipairs(axis.ticks) do
        local v = tick.value
        tick.text = v >= 1e9 and svg.number(v / 1e9, 3) .. " G" or v >= 1e6 and svg.number(v / 1e6, 3) .. " M"
            or v >= 1e4 and svg.number(v / 1e3, 3) .. " k" or tick.text
    end
end

-- Whether there is something to draw: edges and counts that fit together.
function bars.is_good(h)
    if type(h) ~= "table" or type(h.edges) ~= "table" or type(h.counts) ~= "table" or #h.counts == 0
        or #h.edges ~= #h.counts + 1 then
        return false
    end
    for i, edge in ipairs(h.edges) do
        local count = h.counts[i] or 0
        if not svg.is_finite(edge) or i > 1 and edge <= h.edges[i - 1] or not svg.is_finite(count) or count < 0 then
            return false
        end
    end
    return true
end

-- The inside of a picture: o.title, o.width, o.height, o.x_name, o.edges (n + 1), o.counts (n).
function bars.panel(o)
    local put, text = svg.writer()
    local edges, counts = merge(o.edges, o.counts)
    local total = 0
    for _, count in ipairs(counts) do
        total = total + count
    end
    local x = svg.axis(edges[1], edges[#edges], { tight = true })
    local y = count_axis(counts)
    short(y)
    local f = svg.frame { width = o.width, height = o.height, x = x, y = y }
    svg.draw_axes(put, f, { x = x, y = y, x_name = o.x_name, title = o.title .. (y.is_log and " (log scale)" or "") })
    for i, count in ipairs(counts) do
        if count > 0 then
            local left, right, top = f.x(edges[i]), f.x(edges[i + 1]), f.y(count)
            local gap = right - left > 4 and 1 or 0
            put('<rect class="bar" x="%s" y="%s" width="%s" height="%s"><title>%s to %s: %s (%s)</title></rect>',
                svg.at(left), svg.at(top), svg.at(math.max(right - left - gap, 0.5)),
                svg.at(math.max(f.bottom - top, 0.5)), svg.number(edges[i], 4), svg.number(edges[i + 1], 4),
                svg.commas(count), svg.percent(count / total))
        end
    end
    return text()
end

return bars
