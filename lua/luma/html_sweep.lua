-- Runs of one file that differ in their arguments: what a figure does when an argument moves.

local curves = require "luma.curves"
local json = require "luma.json"
local lines = require "luma.svg_lines"
local lists = require "luma.html_lists"
local svg = require "luma.svg"
local text = require "luma.html_text"

local sweep = {}

local FIGURES_MAX <const>, PLOTS_MAX <const> = 8, 4

local function argument(run, name)
    local value = (text.get(run, "arguments", "table") or {})[name]
    return value ~= json.null and value or nil
end

-- Names of arguments that differ between the runs.
local function moving(runs)
    local names = {}
    for _, run in ipairs(runs) do
        for _, name in ipairs(text.sorted(text.get(run, "arguments", "table") or {})) do
            names[name] = true
        end
    end
    local list = {}
    for _, name in ipairs(text.sorted(names)) do
        local first = text.value(argument(runs[1], name))
        for _, run in ipairs(runs) do
            if text.value(argument(run, name)) ~= first then
                list[#list + 1] = name
                break
            end
        end
    end
    return list
end

-- The last value of every figure of a run.
local function figures_of(run)
    local values = {}
    for _, f in ipairs(text.list(run, "figures")) do
        local name = text.get(f, "name", "string")
        if name then
            values[name] = text.get(f, "value", "number")
        end
    end
    return values
end

local function figure_names(runs)
    local names, seen = {}, {}
    for _, run in ipairs(runs) do
        for _, f in ipairs(text.list(run, "figures")) do
            local name = text.get(f, "name", "string")
            if name and not seen[name] and #names < FIGURES_MAX then
                seen[name] = true
                names[#names + 1] = name
            end
        end
    end
    return names
end

-- Groups of runs that are worth a table: { file, runs, arguments, figures }.
function sweep.groups(runs)
    local by_file, groups = {}, {}
    for _, run in ipairs(runs) do
        local file = text.get(run, "file", "string")
        if file and not by_file[file] then
            by_file[file] = {}
            groups[#groups + 1] = { file = file, runs = by_file[file] }
        end
        if file then
            table.insert(by_file[file], run)
        end
    end
    local kept = {}
    for _, group in ipairs(groups) do
        group.arguments, group.figures = moving(group.runs), figure_names(group.runs)
        local is_worth = #group.runs > 1 and #group.arguments > 0 and #group.figures > 0
        kept[#kept + 1] = is_worth and group or nil
    end
    return kept
end

-- The one argument, but for the seed, that moves and is a number in every run; or nil.
local function axis_of(group)
    local found
    for _, name in ipairs(group.arguments) do
        if name ~= "seed" then
            if found then
                return nil
            end
            found = name
        end
    end
    for _, run in ipairs(found and group.runs or {}) do
        if not svg.is_finite(argument(run, found)) then
            return nil
        end
    end
    return found
end

-- Means over the runs of equal x, in order of x.
local function means(group, x_name, figure)
    local sums, xs = {}, {}
    for _, run in ipairs(group.runs) do
        local x, y = argument(run, x_name), figures_of(run)[figure]
        if svg.is_finite(y) then
            if not sums[x] then
                sums[x] = { 0, 0 }
                xs[#xs + 1] = x
            end
            sums[x][1], sums[x][2] = sums[x][1] + y, sums[x][2] + 1
        end
    end
    table.sort(xs)
    local points, most = {}, 0
    for i, x in ipairs(xs) do
        points[i], most = { x, sums[x][1] / sums[x][2] }, math.max(most, sums[x][2])
    end
    return points, most
end

-- A figure that stays the same needs no picture.
local function differ(points)
    for _, p in ipairs(points) do
        if p[2] ~= points[1][2] then
            return true
        end
    end
    return false
end

local function plots(page, group)
    local x_name, n = axis_of(group), 0
    page:put '<div class="panels">'
    for _, figure in ipairs(x_name and group.figures or {}) do
        local points, most = means(group, x_name, figure)
        if differ(points) and n < PLOTS_MAX then
            n = n + 1
            page.n_plots = page.n_plots + 1
            local title = figure .. (most > 1 and " (mean)" or "")
            local body = lines.panel { title = title, x_name = x_name, width = curves.width, height = curves.height,
                series = { { name = figure, color = 1, points = points } } }
            page:put("<figure>%s</figure>\n", text.raw(svg.inline("plot-" .. page.n_plots, curves.width, curves.height,
                title .. " over " .. x_name, "The values are in the table below.", body)))
        end
    end
    page:put "</div>\n"
end

local function put_table(page, group)
    local columns = { { "status" }, { "run", "n" } }
    for _, name in ipairs(group.arguments) do
        columns[#columns + 1] = { name, "n" }
    end
    for _, name in ipairs(group.figures) do
        columns[#columns + 1] = { name, "n" }
    end
    lists.open_box(page)
    lists.head(page, ("%s: %s"):format(group.file, text.plural(#group.runs, "run")), columns)
    for _, run in ipairs(group.runs) do
        local values = figures_of(run)
        page:put('<tr><td>%s</td><th scope="row" class="n"><a href="#run-%d">%d</a></th>',
            text.mark(text.has_passed(run), text.status(run)), page.number_of[run], page.number_of[run])
        for _, name in ipairs(group.arguments) do
            page:put('<td class="n">%s</td>', text.value(argument(run, name)))
        end
        for _, name in ipairs(group.figures) do
            page:put('<td class="n">%s</td>', text.value(values[name]))
        end
        page:put "</tr>\n"
    end
    page:put "</tbody></table></div>\n"
end

function sweep.put(page, groups)
    lists.section(page, "sweeps", "Figures over arguments")
    for _, group in ipairs(groups) do
        plots(page, group)
        put_table(page, group)
    end
    page:put "</section>\n"
end

return sweep
