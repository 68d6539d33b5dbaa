-- Everything about one run, behind its name: what failed first, then curves, evaluations, pixels, and what
-- it takes to run it again.

local bars = require "luma.svg_bars"
local curves = require "luma.curves"
local evaluation = require "luma.html_evaluation"
local lists = require "luma.html_lists"
local svg = require "luma.svg"
local text = require "luma.html_text"

local run_page = {}

local get, list, raw = text.get, text.list, text.raw

local OUTPUT_BYTES <const>, OUTPUT_LINES <const> = 16384, 60
local EPOCHS_MAX <const> = 60
local BARS_WIDTH <const>, BARS_HEIGHT <const> = 400, 210

-- --- curves ---

local function epochs_shown(n)
    local step, shown = math.ceil(n / EPOCHS_MAX), {}
    for i = 1, n, step do
        shown[#shown + 1] = i
    end
    if shown[#shown] ~= n and n > 0 then
        shown[#shown + 1] = n
    end
    return shown, step
end

local function history_table(page, history)
    local shown, step = epochs_shown(#history.rows)
    local columns = {}
    for i, name in ipairs(history.columns) do
        columns[i] = { name, "n" }
    end
    page:put '<details class="fold"><summary>The same as a table</summary>\n'
    lists.open_box(page, "Figures by epoch")
    lists.head(page, step > 1 and ("one of every %d of the %s epochs, and the last"):format(step,
        svg.commas(#history.rows)) or text.plural(#history.rows, "epoch"), columns)
    for _, i in ipairs(shown) do
        page:put "<tr>"
        for j = 1, #history.columns do
            page:put(j == 1 and '<th scope="row" class="n">%s</th>' or '<td class="n">%s</td>',
                text.value(history.rows[i][j]))
        end
        page:put "</tr>\n"
    end
    page:put "</tbody></table></div></details>\n"
end

local function is_history(history)
    return get(history, "columns", "table") and #list(history, "rows") > 0
end

local function put_history(page, history)
    history = { title = history.title, columns = history.columns, rows = list(history, "rows") }
    for i, name in ipairs(history.columns) do
        history.columns[i] = text.value(name)
    end
    local panels, note = curves.panels(history), curves.note(#history.rows)
    page:put('<h4>Curves: %s</h4>\n<div class="panels">', get(history, "title", "string") or "training")
    for _, panel in ipairs(panels) do
        page.n_plots = page.n_plots + 1
        page:put("<figure>%s</figure>\n", raw(svg.inline("plot-" .. page.n_plots, curves.width, curves.height,
            panel.title .. " by epoch", panel.text, panel.body)))
    end
    page:put "</div>\n"
    if note then
        page:put('<p class="quiet small">%s epochs; %s</p>\n', svg.commas(#history.rows), note)
    end
    history_table(page, history)
end

-- --- pixels ---

-- The inside of a histogram's picture, or nil.
local function histogram(h, title, x_name)
    return bars.is_good(h) and bars.panel { title = title, x_name = x_name, width = BARS_WIDTH, height = BARS_HEIGHT,
        edges = h.edges, counts = h.counts } or nil
end

local function put_histogram(page, h, title, body)
    if not body then
        return
    end
    page.n_plots = page.n_plots + 1
    page:put("<figure>%s</figure>\n", raw(svg.inline("plot-" .. page.n_plots, BARS_WIDTH, BARS_HEIGHT,
        "Histogram of pixels " .. title, ("From %s to %s."):format(svg.number(h.edges[1], 4),
        svg.number(h.edges[#h.edges], 4)), body)))
end

-- Runs of a sweep read the same pixels: they are drawn for the first of them.
local function put_histograms(page, run, p)
    local before = histogram(p.before, "before scaling", "value in the file")
    local after = histogram(p.after, "after scaling", "value the network gets")
    local key = (before or "") .. (after or "")
    local first = page.first_with[key]
    if key ~= "" and first and first ~= run then
        page:put('<p class="small">The same histograms as of <a href="#run-%d">%s</a>.</p>\n', page.number_of[first],
            get(first, "name", "string") or "a run")
        return
    end
    page.first_with[key] = run
    page:put '<div class="panels">\n'
    put_histogram(page, p.before, "before scaling", before)
    put_histogram(page, p.after, "after scaling", after)
    page:put "</div>\n"
end

-- Names of the classes, where an evaluation tells them.
local function classes_of(run)
    for _, e in ipairs(list(run, "evaluations")) do
        local classes = get(e, "classes", "table")
        if classes and #classes > 0 then
            return classes
        end
    end
    return {}
end

local function put_pixels(page, run, p)
    local dataset = get(p, "dataset", "string") or "images"
    local labels, classes = get(p, "labels", "table") or {}, classes_of(run)
    local columns = get(p, "sheet_columns", "number")
    local count = get(p, "images", "number") and text.plural(p.images, "image") .. " looked at"
    page:put('<h4>Pixels before and after scaling</h4>\n<p class="quiet small">%s</p>\n',
        table.concat({ dataset, get(p, "title", "string") or "of the training flow", count }, " · "))
    put_histograms(page, run, p)
    evaluation.sheet(page, run, { name = p.sheet, columns = columns, n = #labels, title = "Scaled images",
        text = "As the network gets them, stretched from black to white, with their class.",
        words = function(i)
            local name = text.value(classes[(tonumber(labels[i]) or -1) + 1] or labels[i])
            return name, ("scaled image of class %s"):format(name)
        end })
end

-- --- small tables ---

-- pairs of name and value, in the order given.
local function put_pairs(page, caption, pairs_list)
    if #pairs_list == 0 then
        return
    end
    page:put('<div><h4>%s</h4><table><caption class="unseen">%s</caption><tbody>\n', caption, caption)
    for _, item in ipairs(pairs_list) do
        page:put('<tr><th scope="row">%s</th><td>%s</td></tr>\n', item[1], item[2])
    end
    page:put "</tbody></table></div>\n"
end

local function arguments_of(run)
    local items, arguments, given = {}, get(run, "arguments", "table") or {}, get(run, "given", "table") or {}
    for _, name in ipairs(text.sorted(arguments)) do
        items[#items + 1] = { name, text.value(arguments[name]) .. (given[name] ~= nil and " (given)" or "") }
    end
    return items
end

local environment_names = { "luma", "lua", "isa", "threads", "processors", "processor", "memory_bytes", "system" }

local function environment_of(run)
    local items, seen, environment = {}, {}, get(run, "environment", "table") or {}
    local function add(name)
        if not seen[name] and environment[name] ~= nil then
            local is_size = name:find "_bytes$" and type(environment[name]) == "number"
            items[#items + 1] = { (name:gsub("_bytes$", "")), is_size and text.size(environment[name]) or
                text.value(environment[name]) }
        end
        seen[name] = true
    end
    for _, name in ipairs(environment_names) do
        add(name)
    end
    for _, name in ipairs(text.sorted(environment)) do
        add(name)
    end
    return items
end

local function facts_of(run)
    local items = {}
    local function add(name, value)
        items[#items + 1] = value and { name, value } or nil
    end
    add("started", get(run, "started", "string") and text.moment(run.started))
    add("time", get(run, "seconds", "number") and text.duration(run.seconds))
    add("processor time", get(run, "cpu_seconds", "number") and text.duration(run.cpu_seconds))
    add("most memory", get(run, "peak_memory_bytes", "number") and text.size(run.peak_memory_bytes))
    add("exit code", get(run, "exit_code", "number") and text.value(run.exit_code))
    add("signal", get(run, "signal", "string"))
    add("folder", get(run, "folder", "string"))
    return items
end

local function figures_of(run)
    local items = {}
    for i, f in ipairs(list(run, "figures")) do
        items[i] = { text.value(f.name), text.value(f.value) }
    end
    return items
end

local function put_datasets(page, run)
    local datasets = list(run, "datasets")
    if #datasets == 0 then
        return
    end
    page:put "<h4>Data</h4>\n"
    lists.open_box(page, "Data sets")
    lists.head(page, "what was read, and the digest that tells it from any other", { { "data set", "name" },
        { "images", "n" }, { "shape" }, { "classes", "n" }, { "SHA-256" }, { "of" } })
    for _, d in ipairs(datasets) do
        local shape = {}
        for i, n in ipairs(get(d, "shape", "table") or {}) do
            shape[i] = text.value(n)
        end
        page:put('<tr><th scope="row" class="name">%s</th><td class="n">%s</td><td>%s</td><td class="n">%s</td>'
            .. '<td class="code">%s</td><td>%s</td></tr>\n', text.value(d.name),
            get(d, "count", "number") and svg.commas(d.count) or "–", table.concat(shape, "×"), text.value(d.classes),
            text.value(d.sha256), text.value(d.digest_of))
    end
    page:put "</tbody></table></div>\n"
end

local function put_warnings(page, run)
    local warnings = get(run, "warnings", "table") or {}
    if #warnings == 0 then
        return
    end
    page:put "<h4>Warnings</h4><ul class=\"warnings\">\n"
    for _, warning in ipairs(warnings) do
        page:put("<li>%s</li>\n", text.value(warning))
    end
    page:put "</ul>\n"
end

-- --- output ---

-- What a terminal would show: colours gone, of a line that was written over only the last.
local function plain(output)
    local lines = {}
    for line in output:gsub("\27%[[%d;?]*%a", ""):gsub("\n$", ""):gmatch "[^\n]*" do
        lines[#lines + 1] = line:gsub("\r$", ""):match "[^\r]*$"
    end
    return lines
end

local function put_output(page, run)
    local output, is_tail = text.read(run, "output.txt", OUTPUT_BYTES)
    if not output or output == "" then
        return
    end
    local lines = plain(output)
    local first = math.max(is_tail and 2 or 1, #lines - OUTPUT_LINES + 1)
    page:put('<h4>Output</h4>\n%s<div class="output" tabindex="0" role="group" aria-label="Output"><pre>%s</pre>'
        .. "</div>\n",
        (is_tail or first > 1) and raw '<p class="quiet small">Its end; output.txt in the folder has all.</p>' or "",
        table.concat(lines, "\n", math.min(first, #lines)))
end

-- --- all of it ---

local function put_message(page, run)
    local message, signal = get(run, "message", "string"), get(run, "signal", "string")
    if message or signal then
        local both = message and signal and not message:find(signal, 1, true) and message .. " (" .. signal .. ")"
        page:put('<p class="message">%s</p>\n', both or message or signal)
    end
end

local function put_inside(page, run, is_alone)
    put_message(page, run)
    if not is_alone then
        lists.run_expectations(page, run)
    end
    for _, history in ipairs(list(run, "histories")) do
        if is_history(history) then
            put_history(page, history)
        end
    end
    for _, e in ipairs(list(run, "evaluations")) do
        evaluation.put(page, run, e)
    end
    for _, p in ipairs(list(run, "pixels")) do
        put_pixels(page, run, p)
    end
    put_warnings(page, run)
    page:put '<div class="pairs">\n'
    put_pairs(page, "Figures", figures_of(run))
    put_pairs(page, "Arguments", arguments_of(run))
    put_pairs(page, "Run", facts_of(run))
    put_pairs(page, "Environment", environment_of(run))
    page:put "</div>\n"
    put_datasets(page, run)
    put_output(page, run)
    local source = page.source_of[run]
    if source then
        page:put('<h4>Source</h4>\n<p><a href="#source-%d" class="code">%s</a></p>\n', source.id, source.title)
    end
end

function run_page.put(page, run, is_open, is_alone)
    page:put('<details class="run" id="run-%d"%s><summary>%s<h3>%s</h3><span class="facts-line">%s</span></summary>'
        .. '<div class="inside">\n', page.number_of[run], raw(is_open and " open" or ""),
        text.mark(text.has_passed(run), text.status(run)), get(run, "name", "string") or "a run",
        get(run, "seconds", "number") and text.duration(run.seconds) or "")
    put_inside(page, run, is_alone)
    page:put "</div></details>\n"
end

return run_page
