-- stats:show(): how often each pixel value occurs, as bars in the terminal.
--
-- Backgrounds of drawings make one or two values so frequent that nothing else would be seen: their bars are cut,
-- and their share is stated. Statistics without a histogram show their numbers, one a pixel as a picture.

local draw = require "luma.draw"
local internal = require "luma.internal"
local svg = require "luma.svg"

local FN <const> = "stats:show"
local ROWS <const>, ROWS_OF_CHANNEL <const> = 10, 6
local N_CUT_MAX <const> = 2 -- bars that are cut, where each is this many times the next one
local CUT_FROM <const> = 4
local N_LEAST <const> = 8  -- bars
local N_CHANNELS_MAX <const> = 16 -- with a histogram of their own

local EIGHTHS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local NAMES <const> = { "red", "green", "blue", "alpha" }

local function n_images(s)
    return svg.commas(#s) .. (#s == 1 and " image" or " images")
end

-- Values are of number j (a channel), or of all.
local function facts(s, j)
    local function of(value)
        return j and value[j] or value
    end
    return ("mean %.6g, std %.6g, min %g, max %g"):format(of(s.mean), of(s.std), of(s.min), of(s.max))
end

-- Shares of n bars that hold 256 / n values each.
local function shares_of(counts, n)
    local bars, total = {}, 0
    for i = 1, 256 do
        total = total + counts[i]
    end
    for i = 1, n do
        local sum = 0
        for v = (i - 1) * 256 // n + 1, i * 256 // n do
            sum = sum + counts[v]
        end
        bars[i] = sum / total
    end
    return bars
end

-- The height of the chart, and the bars that are higher: { [i] = true }.
local function cut(bars)
    local order, is_cut = {}, {}
    for i = 1, #bars do
        order[i] = i
    end
    table.sort(order, function(a, b) return bars[a] > bars[b] or bars[a] == bars[b] and a < b end)
    local n = 0
    for k = 1, N_CUT_MAX do
        if bars[order[k + 1]] > 0 and bars[order[k]] > CUT_FROM * bars[order[k + 1]] then
            n = k
        end
    end
    for k = 1, n do
        is_cut[order[k]] = true
    end
    return bars[order[n + 1]], is_cut
end

-- What one cell of a bar holds, `level` of its height (in cells) being left from this row on.
local function cell_of(style, level, is_first)
    if style.is_fine then
        return level >= 1 and EIGHTHS[8] or EIGHTHS[math.floor(level * 8 + 0.5)]
            or is_first and level > 0 and EIGHTHS[1] or nil
    end
    return level >= 0.5 and "#" or is_first and level > 0 and "." or nil
end

local function bars_canvas(style, bars, is_cut, y, rows, color)
    local canvas = draw.canvas(style, #bars, rows)
    for i, share in ipairs(bars) do
        local height = is_cut[i] and rows or y.share(share) * rows
        for row = 0, rows - 1 do
            local from_below = rows - 1 - row
            local text = cell_of(style, height - from_below, from_below == 0)
            if is_cut[i] and row == 0 then
                text = style.is_fine and "▲" or "^"
            end
            canvas:put(i - 1, row, color, text)
        end
    end
    return canvas
end

local function range_text(i, n)
    local first, last = (i - 1) * 256 // n, i * 256 // n - 1
    return first == last and ("value %d"):format(first) or ("values %d to %d"):format(first, last)
end

local function add_cuts(lines, bars, is_cut)
    for i, share in ipairs(bars) do
        if is_cut[i] then
            lines[#lines + 1] = ("cut: %s, %.3g %% of all"):format(range_text(i, #bars), 100 * share)
        end
    end
end

local function add_histogram(lines, style, counts, rows, color)
    local n = 256
    while n > N_LEAST and n > style.columns - 10 do
        n = n // 2
    end
    local bars = shares_of(counts, n)
    local most, is_cut = cut(bars)
    local y = svg.axis(0, most, { count = rows // 3, text = "percent" })
    rows = draw.rows(y, rows)
    local x = { ticks = {} }
    for _, value in ipairs { 0, 64, 128, 192, 255 } do
        x.ticks[#x.ticks + 1] = { value = value, text = tostring(value) }
    end
    local canvas = bars_canvas(style, bars, is_cut, y, rows, color)
    local chart = draw.framed(canvas, x, y, function(value) return value * n // 256 end, true)
    table.move(chart, 1, #chart, #lines + 1, lines)
    add_cuts(lines, bars, is_cut)
end

local function add_all(lines, style, s, has_histogram)
    lines[1] = ("%s: %s"):format(n_images(s), facts(s))
    if has_histogram then
        add_histogram(lines, style, s:histogram(), ROWS, draw.colors.first)
    end
end

local function add_channels(lines, style, s, has_histogram)
    local n = #s.mean
    lines[1] = n_images(s)
    for j = 1, n do
        local name = (n == 3 or n == 4) and NAMES[j]
        lines[#lines + 1] = ""
        lines[#lines + 1] = ("channel %d%s: %s"):format(j, name and " (" .. name .. ")" or "", facts(s, j))
        if has_histogram and n <= N_CHANNELS_MAX then
            add_histogram(lines, style, s:histogram(j), ROWS_OF_CHANNEL, draw.colors[name] or draw.colors.first)
        end
    end
end

-- The text of statistics with a number for all or one a channel.
local function text_of(s, style, has_histogram)
    local lines = {};
    (s.axis == "all" and add_all or add_channels)(lines, style, s, has_histogram)
    if not has_histogram then
        lines[#lines + 1] = "no histogram: only u8 data has one"
    end
    lines[#lines + 1] = ""
    return table.concat(lines, "\n")
end

local function show_means(s, columns)
    local mean = s.mean
    local h, w, c = table.unpack(mean.shape)
    if c ~= 1 and c ~= 3 and c ~= 4 then
        internal.raise("ESHAPE", ("%s: means of %dx%dx%d pixels are no picture: want 1, 3 or 4 channels"):format(
            FN, h, w, c))
    end
    io.stdout:write(("%s: the mean of each pixel\n"):format(n_images(s)))
    mean:show{ columns = columns }
end

local function show(s, columns, has_histogram)
    if s.axis == "pixel" then
        show_means(s, columns)
    else
        io.stdout:write(text_of(s, draw.style(FN, columns), has_histogram))
    end
end

return { show = show, text = text_of }
