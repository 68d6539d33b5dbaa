-- Draws how cost grows, from what `luma bench --curves` measured, as an SVG picture.
--
-- Both axes are logarithmic: a flat line is cost in proportion to the images, a slope of one cost in
-- proportion to what the axis below says.
--
--     luma bench --curves curves.json
--     luma run tests/bench/draw_curves.lua file=curves.json out=curves.svg

local args = luma.args{ file = "build/curves.json", out = "curves.svg" }
local file <close> = assert(io.open(args.file))
local text = file:read("a")

local panels = {
    { curve = "images", title = "images of the set (1 thread)" },
    { curve = "batch", title = "images a batch, training" },
    { curve = "channels", title = "channels of a 3x3 convolution at 16x16" },
    { curve = "threads", title = "threads, training at batch 64" },
}
local colors = { "#0b6e99", "#c2571a", "#5a8f29" }
local width, height, left, top = 340, 220, 56, 34

-- The points of one curve: names of its series in order, points of each.
local function read(curve)
    local names, series = {}, {}
    for point in text:gmatch("%b{}", text:find('"points"', 1, true)) do
        if point:match('"curve": "([^"]*)"') == curve then
            local name = point:match('"series": "([^"]*)"')
            if not series[name] then
                names[#names + 1], series[name] = name, {}
            end
            table.insert(series[name], { x = tonumber(point:match('"x": ([%d.]+)')),
                                         y = tonumber(point:match('"us": ([%d.e+-]+)')) })
        end
    end
    luma.expect(#names > 0, "%s has points of the curve '%s'", args.file, curve)
    return names, series
end

local out = {}
local function put(format, ...) out[#out + 1] = format:format(...) end

-- A scale from the smallest to the largest number of a field, on a logarithm.
local function scale(series, field, from, to)
    local low, high = math.huge, 0
    for _, points in pairs(series) do
        for _, p in ipairs(points) do
            low, high = math.min(low, p[field]), math.max(high, p[field])
        end
    end
    if field == "y" then -- whole decades, so that slopes of different panels can be compared
        low, high = 10 ^ math.floor(math.log(low, 10)), 10 ^ math.ceil(math.log(high, 10))
    end
    local span = math.max(math.log(high / low), 1e-9)
    return function(v) return from + (to - from) * math.log(v / low) / span end, low, high
end

local function label(v)
    if v >= 1e6 then return ("%g M"):format(v / 1e6) end
    if v >= 1e4 then return ("%g k"):format(v / 1e3) end
    return ("%g"):format(v)
end

-- Numbers below the axis: all of them, or every second or third where they would touch.
local function ticks(points, x)
    local step = math.ceil(#points / 7)
    for i = 1, #points, step do
        put('<text x="%.1f" y="%d" text-anchor="middle">%s</text>', x(points[i].x), height - 24,
            label(points[i].x))
    end
end

local function line(points, x, y, color)
    local path = {}
    for i, p in ipairs(points) do
        path[i] = ("%.1f,%.1f"):format(x(p.x), y(p.y))
        put('<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>', x(p.x), y(p.y), color)
    end
    put('<polyline points="%s" fill="none" stroke="%s" stroke-width="1.6"/>',
        table.concat(path, " "), color)
end

local function panel(spec)
    local names, series = read(spec.curve)
    local bottom = height - 40
    local x = scale(series, "x", left + 8, width - 16)
    local y, low, high = scale(series, "y", bottom, top)
    local v = low
    while v <= high * 1.001 do
        put('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>', left, y(v), width - 8, y(v))
        put('<text x="%d" y="%.1f" text-anchor="end">%s µs</text>', left - 4, y(v) + 4, label(v))
        v = v * 10
    end
    put('<text x="%d" y="%d" text-anchor="middle">%s</text>', (left + width) // 2, height - 8,
        spec.title)
    ticks(series[names[1]], x)
    for i, name in ipairs(names) do
        line(series[name], x, y, colors[i])
        put('<text x="%d" y="18" fill="%s">%s</text>', left + (i - 1) * 120, colors[i], name)
    end
end

put('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">',
    2 * width, 2 * height)
put('<rect width="100%%" height="100%%" fill="white"/>')
for i, spec in ipairs(panels) do
    put('<g transform="translate(%d %d)">', (i - 1) % 2 * width, (i - 1) // 2 * height)
    panel(spec)
    put("</g>")
end
put("</svg>\n")

local svg <close> = assert(io.open(args.out, "w"))
svg:write(table.concat(out, "\n"))
print(("%s: microseconds an image, %s"):format(args.out, text:match('"processor": "([^"]*)"')))
