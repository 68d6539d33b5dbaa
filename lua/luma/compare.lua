-- luma compare A B: what differs between two recorded runs.
--
-- Numbers are compared exactly: the same script, arguments and data give the same bits whatever the machine, so
-- any difference has a reason, and where two curves part is where to look for it. Times, memory and the names of
-- the records differ always and count as nothing.

local json = require "luma.json"
local runs = require "luma.runs"

local compare = {}

local LINES_MAX = 12

local function list_of(run, name)
    return type(run[name]) == "table" and run[name] or {}
end

local function is_number(value)
    return math.type(value) ~= nil
end

local function text_of(value)
    if value == nil then
        return "(none)"
    elseif type(value) == "string" then
        return value
    elseif is_number(value) then
        return json.digits(value)
    end
    return json.encode(value)
end

-- Two numbers with as many digits as it takes to tell them apart, at least six.
local function pair_text(a, b)
    if not (is_number(a) and is_number(b)) or a == b then
        return text_of(a), text_of(b)
    end
    for precision = 6, 16 do
        local form = ("%%.%dg"):format(precision)
        local at, bt = form:format(a), form:format(b)
        if at ~= bt then
            return at, bt
        end
    end
    return json.digits(a), json.digits(b)
end

-- "0.5 | 0.75  (+0.25)"
local function difference(a, b)
    local at, bt = pair_text(a, b)
    local by = is_number(a) and is_number(b) and a - b == a - b and ("  (%+.3g)"):format(b - a) or ""
    return at .. " | " .. bt .. by
end

local function is_equal(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then
        return a == b
    end
    return json.encode(a) == json.encode(b)
end

local function sorted_keys(a, b)
    local keys, is_known = {}, {}
    for _, t in ipairs{ a, b } do
        for key in pairs(t) do
            if not is_known[key] then
                is_known[key] = true
                keys[#keys + 1] = key
            end
        end
    end
    table.sort(keys, function(x, y) return tostring(x) < tostring(y) end)
    return keys
end

-- Lines of the members that differ.
local function members(a, b)
    local lines = {}
    for _, key in ipairs(sorted_keys(a, b)) do
        if not is_equal(a[key], b[key]) then
            lines[#lines + 1] = tostring(key) .. "  " .. difference(a[key], b[key])
        end
    end
    return lines
end

-- Calls f(name, item of a or nil, item of b or nil) for the items called the same, the n-th with the n-th.
local function each_pair(a, b, name_of, f)
    local function numbered(list)
        local order, by_key, n = {}, {}, {}
        for _, item in ipairs(list) do
            local name = tostring(name_of(item))
            n[name] = (n[name] or 0) + 1
            local key = n[name] == 1 and name or ("%s (%d)"):format(name, n[name])
            order[#order + 1], by_key[key] = key, item
        end
        return order, by_key
    end
    local order_a, of_a = numbered(a)
    local order_b, of_b = numbered(b)
    for _, key in ipairs(order_a) do
        f(key, of_a[key], of_b[key])
    end
    for _, key in ipairs(order_b) do
        if not of_a[key] then
            f(key, nil, of_b[key])
        end
    end
end

local function only_in(name, a)
    return ("%s  only in %s"):format(name, a and "a" or "b")
end

local function name_of(item)
    return item.name
end

local function title_of(item)
    return item.title
end

local function figures(a, b)
    local lines = {}
    each_pair(list_of(a, "figures"), list_of(b, "figures"), name_of, function(name, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(name, x)
        elseif x.value ~= y.value then
            lines[#lines + 1] = name .. "  " .. difference(x.value, y.value)
        end
    end)
    return lines
end

local function outcome(check)
    return check.passed and "passed" or "failed"
end

local function expectations(a, b)
    local lines = {}
    each_pair(list_of(a, "expectations"), list_of(b, "expectations"), name_of, function(name, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(name, x)
        elseif x.passed ~= y.passed then
            lines[#lines + 1] = ("%s  %s | %s"):format(name, outcome(x), outcome(y))
        elseif x.bound ~= y.bound or x.operator ~= y.operator then
            lines[#lines + 1] = ("%s  %s %s | %s %s"):format(name, text_of(x.operator), text_of(x.bound),
                text_of(y.operator), text_of(y.bound))
        end
    end)
    return lines
end

local function data(a, b)
    local lines = {}
    each_pair(list_of(a, "datasets"), list_of(b, "datasets"), name_of, function(name, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(name, x)
        elseif x.sha256 ~= y.sha256 then
            lines[#lines + 1] = ("%s  other %s: %s images | %s images, %s | %s"):format(name,
                x.digest_of or "contents", text_of(x.count), text_of(y.count), text_of(x.sha256):sub(1, 12),
                text_of(y.sha256):sub(1, 12))
        end
    end)
    return lines
end

-- --- histories ---

-- The first epoch of which a column but `seconds` differs, and how.
local function part(x, y)
    local at = {}
    for k, column in ipairs(list_of(y, "columns")) do
        at[column] = k
    end
    local rows_x, rows_y = list_of(x, "rows"), list_of(y, "rows")
    for epoch = 1, math.min(#rows_x, #rows_y) do
        local parts = {}
        for k, column in ipairs(list_of(x, "columns")) do
            local v, w = rows_x[epoch][k], at[column] and rows_y[epoch][at[column]]
            if column ~= "seconds" and at[column] and v ~= w then
                parts[#parts + 1] = column .. " " .. difference(v, w)
            end
        end
        if #parts > 0 then
            return epoch, table.concat(parts, ", ")
        end
    end
end

local function histories(a, b)
    local lines = {}
    each_pair(list_of(a, "histories"), list_of(b, "histories"), title_of, function(title, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(title, x)
            return
        end
        local n_x, n_y = #list_of(x, "rows"), #list_of(y, "rows")
        local epoch, how = part(x, y)
        if epoch then
            lines[#lines + 1] = ("%s  part in epoch %d: %s"):format(title, epoch, how)
        elseif n_x ~= n_y then
            lines[#lines + 1] = ("%s  equal for %d epochs, then only %s goes on (%d | %d)"):format(title,
                math.min(n_x, n_y), n_x > n_y and "a" or "b", n_x, n_y)
        end
    end)
    return lines
end

local function evaluations(a, b)
    local lines = {}
    each_pair(list_of(a, "evaluations"), list_of(b, "evaluations"), title_of, function(title, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(title, x)
            return
        end
        local parts = {}
        for _, name in ipairs{ "dataset", "count", "loss", "accuracy" } do
            if x[name] ~= y[name] then
                parts[#parts + 1] = name .. " " .. difference(x[name], y[name])
            end
        end
        if #parts == 0 and not is_equal(x.confusion, y.confusion) then
            parts[1] = "other confusions"
        end
        if #parts > 0 then
            lines[#lines + 1] = title .. "  " .. table.concat(parts, ", ")
        end
    end)
    return lines
end

local function warnings(a, b)
    local lines = {}
    local function text(warning)
        return warning
    end
    each_pair(list_of(a, "warnings"), list_of(b, "warnings"), text, function(name, x, y)
        if not (x and y) then
            lines[#lines + 1] = only_in(name, x)
        end
    end)
    return lines
end

-- --- scripts ---

local TABLE_MAX = 4000000

local function lines_of(run)
    local file = run.folder and io.open(run.folder .. "/script.lua", "rb")
    if not file then
        return nil
    end
    local list = {}
    for line in file:lines() do
        list[#list + 1] = line
    end
    file:close()
    return list
end

-- lengths[i][j]: of the longest common subsequence of x from i on and y from j on (Wagner and Fischer's table).
local function common_lengths(x, y)
    local lengths = { [#x + 1] = setmetatable({}, { __index = function() return 0 end }) }
    for i = #x, 1, -1 do
        local row, below = { [#y + 1] = 0 }, lengths[i + 1]
        for j = #y, 1, -1 do
            row[j] = x[i] == y[j] and below[j + 1] + 1 or math.max(below[j], row[j + 1])
        end
        lengths[i] = row
    end
    return lengths
end

-- List of { sign, line number, text } of the lines that are in one only.
function compare.lines(x, y)
    local changes = {}
    local first, n_x, n_y = 1, #x, #y
    while first <= n_x and first <= n_y and x[first] == y[first] do
        first = first + 1
    end
    while n_x >= first and n_y >= first and x[n_x] == y[n_y] do
        n_x, n_y = n_x - 1, n_y - 1
    end
    local a, b = { table.unpack(x, first, n_x) }, { table.unpack(y, first, n_y) }
    local lengths = #a * #b <= TABLE_MAX and common_lengths(a, b)
    local i, j = 1, 1
    while i <= #a or j <= #b do
        if lengths and i <= #a and j <= #b and a[i] == b[j] then
            i, j = i + 1, j + 1
        elseif i <= #a and (j > #b or not lengths or lengths[i + 1][j] >= lengths[i][j + 1]) then
            changes[#changes + 1] = { "-", first + i - 1, a[i] }
            i = i + 1
        else
            changes[#changes + 1] = { "+", first + j - 1, b[j] }
            j = j + 1
        end
    end
    return changes
end

local function scripts(a, b)
    local x, y = lines_of(a), lines_of(b)
    if not (x and y) then
        return (x or y) and { only_in("script.lua", x) } or {}
    end
    local changes = compare.lines(x, y)
    local lines = {}
    for k, change in ipairs(changes) do
        lines[k + 1] = k <= LINES_MAX and ("%s%4d  %s"):format(table.unpack(change)) or nil
    end
    if #changes > 0 then
        lines[1] = ("%d line%s differ%s"):format(#changes, #changes == 1 and "" or "s", #changes == 1 and "s" or "")
    end
    if #changes > LINES_MAX then
        lines[#lines + 1] = ("... %d more"):format(#changes - LINES_MAX)
    end
    return lines
end

-- --- all together ---

local function pick(run, names)
    local picked = {}
    for _, name in ipairs(names) do
        picked[name] = run[name]
    end
    return picked
end

local function of_members(...)
    local names = { ... }
    return function(a, b)
        return members(pick(a, names), pick(b, names))
    end
end

local function of_table(name)
    return function(a, b)
        return members(list_of(a, name), list_of(b, name))
    end
end

local sections = {
    { "status", of_members("status", "exit_code", "signal", "message") },
    { "file", of_members("file") },
    { "arguments", of_table "arguments" },
    { "environment", of_table "environment" },
    { "data", data },
    { "script", scripts },
    { "figures", figures },
    { "expectations", expectations },
    { "histories", histories },
    { "evaluations", evaluations },
    { "warnings", warnings },
}

-- List of { title, lines } of what differs, and whether nothing does.
function compare.records(a, b)
    local differing = {}
    for _, section in ipairs(sections) do
        local lines = section[2](a, b)
        if #lines > 0 then
            differing[#differing + 1] = { title = section[1], lines = lines }
        end
    end
    return differing, #differing == 0
end

local function print_section(title, lines)
    for k, line in ipairs(lines) do
        print((("%-13s %s"):format(k == 1 and title or "", line:gsub("%c", " "))))
    end
end

local function cost_lines(a, b)
    local lines = {}
    for _, row in ipairs{ { "seconds", 1, "%.2f s" }, { "cpu_seconds", 1, "%.2f s of processors" },
        { "peak_memory_bytes", 1e6, "%.0f MB of memory" } } do
        local x, y = a[row[1]], b[row[1]]
        if is_number(x) and is_number(y) then
            lines[#lines + 1] = row[3]:format(x / row[2]) .. " | " .. row[3]:format(y / row[2])
        end
    end
    return lines
end

-- Exit code: 0 equal, 1 different, 2 one is not to be had.
function compare.command(word_a, word_b, folder)
    local pair = {}
    for k, word in ipairs{ word_a, word_b } do
        local run, why = runs.get(word, folder)
        if not run then
            io.stderr:write("luma: ", why, "\n")
            return 2
        end
        pair[k] = run
    end
    local a, b = pair[1], pair[2]
    print_section("a", { ("%s  %s"):format(a.id, text_of(a.name)) })
    print_section("b", { ("%s  %s"):format(b.id, text_of(b.name)) })
    local differing, is_same = compare.records(a, b)
    for _, section in ipairs(differing) do
        print_section(section.title, section.lines)
    end
    print_section("cost", cost_lines(a, b))
    if is_same then
        print "equal in all but cost"
    end
    return is_same and 0 or 1
end

return compare
