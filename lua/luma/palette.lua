-- The colours of reports and pictures of curves, once for light and once for dark.
--
-- Names say what a colour is for. Everything that is read as text keeps a contrast of 4.5:1 or more
-- against every ground it stands on (WCAG 2.2, 1.4.3); a test computes that from this table, shades of
-- the confusion matrix included.

local palette = {}

palette.light = {
    ground = "#fbfaf8", panel = "#ffffff", text = "#1f1d1a", quiet = "#605c55", rule = "#dad6ce",
    grid = "#e9e6e0", link = "#0b5c8a", ok = "#2a6b2e", bad = "#b3261e", warn = "#8a5300",
    ok_ground = "#e9f3e8", bad_ground = "#fbe9e7", code = "#f4f2ee", comment = "#5f6b58",
    literal = "#8f3f14", word = "#31518f",
    series1 = "#0b6a96", series2 = "#b3471b", series3 = "#4a7320", series4 = "#7a4fa3",
    right = "#5fa8d3", wrong = "#ef8f5a",
}

palette.dark = {
    ground = "#15171a", panel = "#1b1e22", text = "#e9e7e2", quiet = "#a9a69f", rule = "#3b3f46",
    grid = "#2a2e34", link = "#86c5ee", ok = "#8ad08e", bad = "#ff9b91", warn = "#e8b563",
    ok_ground = "#1c2d20", bad_ground = "#3a2120", code = "#202429", comment = "#9aa98f",
    literal = "#e9a57c", word = "#a3bdf2",
    series1 = "#69b9e6", series2 = "#f0955f", series3 = "#9fcb6b", series4 = "#c8a4ea",
    right = "#1d6a96", wrong = "#9d4f1e",
}

-- Shares of a row in the confusion matrix are drawn in so many steps between the panel and these.
palette.steps = 6

local function channels(color)
    local r, g, b = color:match "^#(%x%x)(%x%x)(%x%x)$"
    return { tonumber(r, 16), tonumber(g, 16), tonumber(b, 16) }
end

-- A colour `share` of the way from one to the other.
function palette.mix(from, to, share)
    local a, b = channels(from), channels(to)
    for i = 1, 3 do
        a[i] = math.floor(a[i] + (b[i] - a[i]) * share + 0.5)
    end
    return ("#%02x%02x%02x"):format(a[1], a[2], a[3])
end

-- The ground of a cell: kind is "right" or "wrong", step 1..palette.steps.
function palette.shade(theme, kind, step)
    return palette.mix(theme.panel, theme[kind], step / palette.steps)
end

local function luminance(color)
    local sum, weights = 0, { 0.2126, 0.7152, 0.0722 }
    for i, channel in ipairs(channels(color)) do
        local c = channel / 255
        sum = sum + weights[i] * (c <= 0.04045 and c / 12.92 or ((c + 0.055) / 1.055) ^ 2.4)
    end
    return sum
end

-- The contrast of two colours, 1 to 21, as WCAG 2 defines it.
function palette.contrast(a, b)
    local x, y = luminance(a), luminance(b)
    return (math.max(x, y) + 0.05) / (math.min(x, y) + 0.05)
end

local function variables(theme)
    local parts = {}
    for name, color in pairs(theme) do
        parts[#parts + 1] = ("--%s:%s"):format(name:gsub("_", "-"), color)
    end
    for _, kind in ipairs { "right", "wrong" } do
        for step = 1, palette.steps do
            parts[#parts + 1] = ("--%s%d:%s"):format(kind, step, palette.shade(theme, kind, step))
        end
    end
    table.sort(parts)
    return table.concat(parts, ";")
end

-- The colours as CSS variables of `selector`, dark where the reader's system is; print is light.
function palette.css(selector)
    return ("%s{color-scheme:light dark;%s}\n@media screen and (prefers-color-scheme:dark){%s{%s}}\n"):format(selector,
        variables(palette.light), selector, variables(palette.dark))
end

-- How pictures look; selector comes before every rule.
function palette.plot_css(selector)
    local rules = {
        " text{font:12px system-ui,sans-serif;fill:var(--quiet);font-variant-numeric:tabular-nums}",
        " .head{font-weight:600;fill:var(--text)}",
        " .grid{stroke:var(--grid);fill:none}",
        " .axis{stroke:var(--rule);fill:none}",
        " .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}",
        " .fine{stroke-width:1}",
        " .hit rect{fill:transparent}",
        " .hit:hover rect{fill:var(--grid);fill-opacity:.6}",
        " .hit circle{opacity:0;stroke:var(--panel)}",
        " .dots .hit circle,.hit:hover circle{opacity:1}",
        " .bar{fill:var(--series1)}",
        " .bar:hover{fill:var(--series2)}",
    }
    for i = 1, 4 do
        rules[#rules + 1] = (" .s%d{stroke:var(--series%d)}"):format(i, i)
        rules[#rules + 1] = (" .f%d{fill:var(--series%d)}"):format(i, i)
    end
    return selector .. table.concat(rules, "\n" .. selector) .. "\n"
end

return palette
