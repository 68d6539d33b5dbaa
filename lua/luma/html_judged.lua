-- What runs say together: several seeds of one run as intervals, figures beside those of a baseline.
--
-- What failed of it stands with the failed expectations too; put_failed gives the same rows to both places.

local lists = require "luma.html_lists"
local svg = require "luma.svg"
local text = require "luma.html_text"

local judged = {}

local get, list = text.get, text.list

-- Items of a list that failed, then those that did not, each in their order.
local function failed_first(items)
    local ordered = {}
    for _, wanted in ipairs { false, true } do
        for _, item in ipairs(items) do
            ordered[#ordered + 1] = (item.passed == true) == wanted and item or nil
        end
    end
    return ordered
end

local function failed_of(items)
    local failed = {}
    for _, item in ipairs(items) do
        failed[#failed + 1] = item.passed ~= true and item or nil
    end
    return failed
end

-- --- seeds ---

local function interval(e)
    local low, high = get(e, "low", "number"), get(e, "high", "number")
    return low and high and ("%s to %s"):format(svg.number(low, 5), svg.number(high, 5)) or "–"
end

local function confidence(e)
    local share = get(e, "confidence", "number")
    return (share and ("%g %%"):format(100 * share) or "–") .. (get(e, "method", "string") and ", " .. e.method or "")
end

local seed_columns = { { "status" }, { "figure", "name" }, { "wanted", "n" }, { "mean", "n" }, { "interval", "n" },
    { "confidence" }, { "seeds", "n" } }

local function seed_caption(group)
    local seeds = {}
    for i, seed in ipairs(get(group, "seeds", "table") or {}) do
        seeds[i] = text.value(seed)
    end
    return (get(group, "name", "string") or "runs") .. ", seeds " .. table.concat(seeds, ", ")
end

local function seed_table(page, caption, expectations)
    lists.open_box(page, caption)
    lists.head(page, caption, seed_columns)
    for _, e in ipairs(expectations) do
        page:put('<tr><td>%s</td><th scope="row" class="name">%s</th><td class="n">%s</td><td class="n">%s</td>'
            .. '<td class="n">%s</td><td>%s</td><td class="n">%s</td></tr>\n', text.mark(e.passed == true),
            get(e, "name", "string") or "", text.value(e.operator) .. " " .. text.value(e.bound), text.value(e.mean),
            interval(e), confidence(e), text.value(e.n))
    end
    page:put "</tbody></table></div>\n"
end

function judged.seeds(page, batch)
    lists.section(page, "seeds", "Seeds together")
    page:put '<p class="quiet small">The same run from several seeds: an interval instead of the luck of one.</p>\n'
    for _, group in ipairs(list(batch, "seeds")) do
        seed_table(page, seed_caption(group), failed_first(list(group, "expectations")))
    end
    page:put "</section>\n"
end

-- Intervals that miss their bound.
function judged.count_failed_seeds(batch)
    local n = 0
    for _, group in ipairs(list(batch, "seeds")) do
        n = n + #failed_of(list(group, "expectations"))
    end
    return n
end

-- --- baseline ---

local baseline_columns = { { "status" }, { "run", "name" }, { "figure", "name" }, { "was", "n" }, { "is", "n" },
    { "tolerance", "n" }, { "judgement", "name" } }

local function baseline_table(page, caption, comparisons)
    lists.open_box(page)
    lists.head(page, caption, baseline_columns, "wide stack")
    for _, c in ipairs(comparisons) do
        page:put('<tr><td>%s</td><td class="name">%s</td><th scope="row" class="name">%s</th>'
            .. '<td class="n" data-l="was">%s</td><td class="n" data-l="is">%s</td>'
            .. '<td class="n" data-l="tolerance">%s</td><td class="name">%s</td></tr>\n', text.mark(c.passed == true),
            text.value(c.run), text.value(c.figure), text.value(c.was), text.value(c.is), text.value(c.tolerance),
            text.value(c.text))
    end
    page:put "</tbody></table></div>\n"
end

local function comparisons_of(batch)
    return list(get(batch, "baseline", "table") or {}, "comparisons")
end

-- Whether the batch was compared with anything.
function judged.has_baseline(batch)
    local baseline = get(batch, "baseline", "table") or {}
    return #comparisons_of(batch) > 0 or #(get(baseline, "notes", "table") or {}) > 0
end

function judged.baseline(page, batch)
    local comparisons = failed_first(comparisons_of(batch))
    lists.section(page, "baseline", "Against the baseline")
    for _, note in ipairs(get(batch.baseline, "notes", "table") or {}) do
        page:put('<p class="small">%s</p>\n', text.value(note))
    end
    if #comparisons > 0 then
        baseline_table(page, "compared with " .. (get(batch.baseline, "file", "string") or "a baseline"), comparisons)
    end
    page:put "</section>\n"
end

-- --- what failed ---

-- Names of runs that are worse than the baseline.
function judged.worse_runs(batch)
    local names = {}
    for _, c in ipairs(failed_of(comparisons_of(batch))) do
        names[text.value(c.run)] = true
    end
    return names
end

-- Among the failures at the top of the page.
function judged.put_failed(page, batch)
    for _, group in ipairs(list(batch, "seeds")) do
        local failed = failed_of(list(group, "expectations"))
        if #failed > 0 then
            page:put '<div class="failures">'
            seed_table(page, "missed by the interval over seeds: " .. seed_caption(group), failed)
            page:put "</div>\n"
        end
    end
    local worse = failed_of(comparisons_of(batch))
    if #worse > 0 then
        page:put '<div class="failures">'
        baseline_table(page, text.plural(#worse, "figure") .. " worse than the baseline", worse)
        page:put "</div>\n"
    end
end

return judged
