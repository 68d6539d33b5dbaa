-- The report of a batch of runs as one HTML file: luma batch --html FILE.
--
-- It needs nothing but itself: no script, no style, font or picture from elsewhere; whoever opens it in ten
-- years sees what was seen today. Members that a record does not have are left out, never an error.

local internal = require "luma.internal"
local judged = require "luma.html_judged"
local lists = require "luma.html_lists"
local run_page = require "luma.html_run"
local source = require "luma.html_source"
local sweep = require "luma.html_sweep"
local text = require "luma.html_text"

local html = {}

local get, list, raw = text.get, text.list, text.raw

-- Pictures of all runs together; those of failed runs come first.
local PICTURES_MAX <const> = 8000000
-- Failed runs that stand open at the start.
local OPEN_MAX <const> = 8

-- --- head ---

local function count_passed(runs)
    local n = 0
    for _, run in ipairs(runs) do
        n = n + (text.has_passed(run) and 1 or 0)
    end
    return n
end

local function title_of(batch, runs)
    local n, n_seeds = count_passed(runs), judged.count_failed_seeds(batch)
    if #runs == 0 then
        return "No run was executed"
    elseif #runs == 1 then
        return (get(runs[1], "name", "string") or "One run") .. (n == 1 and ": passed" or ": " .. text.status(runs[1]))
    end
    local passed = n == #runs and ("All %d runs passed"):format(n) or ("%d of %d runs passed"):format(n, #runs)
    return n_seeds == 0 and passed or passed .. ", " .. text.plural(n_seeds, "interval") .. " over seeds failed"
end

local function put_facts(page, batch, runs)
    local expectations, failed = 0, 0
    for _, run in ipairs(runs) do
        for _, e in ipairs(list(run, "expectations")) do
            expectations, failed = expectations + 1, failed + (text.is_missed(e) and 1 or 0)
        end
    end
    local n = count_passed(runs)
    local seconds = get(batch, "seconds", "number") or #runs == 1 and get(runs[1], "seconds", "number") or nil
    local facts = { { "runs", ("%d of %d ok"):format(n, #runs) },
        { "expectations", ("%d of %d held"):format(expectations - failed, expectations) },
        { "time", seconds and text.duration(seconds) },
        { "at once", get(batch, "jobs", "number") and text.value(batch.jobs) } }
    page:put '<dl class="facts">'
    for _, fact in ipairs(facts) do
        if fact[2] then
            page:put("<div><dt>%s</dt><dd>%s</dd></div>", fact[1], fact[2])
        end
    end
    page:put "</dl>"
end

local function put_header(page, batch, runs)
    local started = get(batch, "started", "string") or runs[1] and get(runs[1], "started", "string")
    local command = {}
    for i, word in ipairs(get(batch, "command", "table") or {}) do
        command[i] = text.value(word)
    end
    page:put('<header><h1>%s</h1>', title_of(batch, runs))
    if started then
        page:put('<p class="quiet">%s</p>', text.moment(started))
    end
    if #command > 0 then
        page:put('<p><code>%s</code></p>', table.concat(command, " "))
    end
    put_facts(page, batch, runs)
    page:put "</header>\n"
end

-- --- contents ---

-- Without the folder of the file: "01_normalize.lua epochs=1".
local function short_name(run)
    return ((get(run, "name", "string") or "a run"):gsub("^[^%s=]*/", ""))
end

local function put_contents(page, parts, runs)
    page:put '<nav aria-label="Contents"><ul>\n'
    for _, part in ipairs(parts) do
        page:put('<li><a href="#%s">%s</a>', part.id, part.name)
        if part.id == "details" and #runs > 1 then
            page:put "<ul>\n"
            for i, run in ipairs(runs) do
                local has_passed = text.has_passed(run)
                page:put('<li><a href="#run-%d"%s>%s%s</a></li>\n', i, raw(has_passed and "" or ' class="bad"'),
                    has_passed and "" or "✗ ", short_name(run))
            end
            page:put "</ul>"
        end
        page:put "</li>\n"
    end
    page:put "</ul></nav>\n"
end

-- --- parts ---

local function put_details(page, runs)
    lists.section(page, "details", #runs == 1 and "The run" or "Every run")
    local n_open, failed_first = 0, {}
    for _, has_passed in ipairs { false, true } do
        for _, run in ipairs(runs) do
            failed_first[#failed_first + 1] = text.has_passed(run) == has_passed and run or nil
        end
    end
    for _, run in ipairs(failed_first) do
        local is_open = #runs == 1 or not text.has_passed(run) and n_open < OPEN_MAX
        n_open = n_open + (is_open and 1 or 0)
        run_page.put(page, run, is_open, #runs == 1)
    end
    if page.n_left_out > 0 then
        page:put('<p class="quiet small">Sheets of images left out, so that this file opens at once: %d; they are in '
            .. "the folders of their runs.</p>\n", page.n_left_out)
    end
    page:put "</section>\n"
end

-- The parts that have something to say, in order: id, name in the contents, put().
local function parts_of(page, batch, runs)
    local parts = {}
    local function add(is_there, id, name, put)
        parts[#parts + 1] = is_there and { id = id, name = name, put = put } or nil
    end
    local groups = sweep.groups(runs)
    add(#runs > 0, "expectations", "Expectations", function()
        lists.expectations(page, runs, judged.worse_runs(batch), function() judged.put_failed(page, batch) end)
    end)
    add(#list(batch, "seeds") > 0, "seeds", "Seeds together", function() judged.seeds(page, batch) end)
    add(judged.has_baseline(batch), "baseline", "Against the baseline", function() judged.baseline(page, batch) end)
    add(#runs > 1, "runs", "Runs", function() lists.runs(page, runs) end)
    add(#groups > 0, "sweeps", "Figures over arguments", function() sweep.put(page, groups) end)
    add(#runs > 0, "details", #runs == 1 and "The run" or "Every run", function() put_details(page, runs) end)
    add(#page.sources > 0, "sources", "Sources", function() source.put(page) end)
    return parts
end

-- --- the file ---

local function new_page(runs)
    local page = text.page()
    page.number_of, page.source_of, page.sources = {}, {}, {}
    page.n_plots, page.n_sheets, page.picture_bytes, page.n_left_out = 0, 0, 0, 0
    page.PICTURES_MAX, page.sheet_of, page.first_with = PICTURES_MAX, {}, {}
    for i, run in ipairs(runs) do
        page.number_of[run] = i
    end
    source.collect(page, runs)
    return page
end

local function luma_version(batch, runs)
    local environment = get(batch, "environment", "table") or runs[1] and get(runs[1], "environment", "table") or {}
    return get(environment, "luma", "string")
end

-- The report's text. A batch as luma.batch makes it, whose runs may lack anything.
function html.render(batch)
    local runs = list(batch, "runs")
    local page = new_page(runs)
    page:put('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        .. "<title>%s – luma</title>\n", title_of(batch, runs))
    page:put '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    page:put '<meta name="color-scheme" content="light dark">\n<meta name="generator" content="luma">\n'
    page:put('<link rel="icon" href="data:,">\n<style>\n%s</style>\n</head>\n<body>\n', raw(require "luma.html_style"))
    page:put '<a class="skip" href="#main">To the results</a>\n<div class="layout">\n'
    put_header(page, batch, runs)
    local parts = parts_of(page, batch, runs)
    put_contents(page, parts, runs)
    page:put '<main id="main" tabindex="-1">\n'
    for _, part in ipairs(parts) do
        part.put()
    end
    page:put "</main>\n"
    local version = luma_version(batch, runs)
    local before = page:text()
    local after = '<footer><p class="quiet small">%sThis file needs nothing but itself: %s.</p></footer>\n'
        .. "</div>\n</body>\n</html>\n"
    return before .. after:format(version and "luma " .. require "luma.svg".escape(version) .. ". " or "",
        text.size(#before + #after))
end

-- Writes the report, the whole file or nothing; returns its bytes.
function html.write(path, batch)
    local page = html.render(batch)
    internal.write("--html", path, page)
    return #page
end

return html
