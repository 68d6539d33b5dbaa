-- Expectations: checks that a run makes on its own results.
--
-- A failed one is printed and counted, and the script goes on, so that one run shows all that is
-- wrong; the program then ends with exit code 3. Conditions must be true, false or nil: a number
-- would always count as true, and luma.expect(accuracy, 0.98) would never fail.

local internal = require "luma.internal"

local color = require "luma.color"

local M = {}

local function fail(fmt, ...)
    internal.raise("EARG", fmt:format(...))
end

local checks = {}    -- { name=, value=, op=, bound=, is_ok=, where= } in the order made
local figures = {}   -- { name=, value=, where= }

local compare = {
    ["<"] = function(a, b) return a < b end,
    ["<="] = function(a, b) return a <= b end,
    [">"] = function(a, b) return a > b end,
    [">="] = function(a, b) return a >= b end,
    ["=="] = function(a, b) return a == b end,
    ["~="] = function(a, b) return a ~= b end,
}

local function number_text(v)
    if math.type(v) == "float" then
        return ("%.9g"):format(v)
    end
    return tostring(v)
end

local function record(check)
    check.where = internal.where()
    checks[#checks + 1] = check
    if check.is_ok then
        print(color("green", "ok") .. "      " .. check.text)
    else
        -- What was typed at the prompt has no place.
        local place = check.where ~= "" and "  (" .. check.where .. ")" or ""
        print(color("red", "FAILED") .. "  " .. check.text .. place)
    end
    return check.is_ok
end

local function expect_figure(name, value, op, bound)
    if not compare[op] then
        fail("luma.expect: wants \"<\", \"<=\", \">\", \">=\", \"==\" or \"~=\" "
            .. "between value and bound, got %s", internal.value(op))
    end
    local wrong = type(value) ~= "number" and "value" or type(bound) ~= "number" and "bound"
    if wrong then
        fail("luma.expect: the %s of \"%s\" wants a number, got %s", wrong, name,
            type(value) ~= "number" and internal.value(value) or internal.value(bound))
    end
    figures[#figures + 1] = { name = name, value = value, where = internal.where() }
    return record{
        name = name, value = value, op = op, bound = bound, is_ok = compare[op](value, bound),
        text = ("%s %s %s %s"):format(name, number_text(value), op, number_text(bound)),
    }
end

local function expect_condition(condition, fmt, ...)
    if type(fmt) ~= "string" then
        fail("luma.expect: argument 2 says in words what is expected; got %s",
            internal.value(fmt))
    end
    local is_good, text = pcall(string.format, fmt, ...)
    if not is_good then
        fail("luma.expect: the text does not fit its values: %s", text:match "%((.*)%)$" or text)
    end
    return record{ name = text, is_ok = condition == true, text = text }
end

function M.expect(...)
    local first = ...
    if type(first) == "string" then
        if select("#", ...) ~= 4 then
            fail("luma.expect: wants (name, value, \">=\", bound) after a name, "
                .. "got %d arguments", select("#", ...))
        end
        return expect_figure(...)
    elseif type(first) == "boolean" or (first == nil and select("#", ...) > 0) then
        return expect_condition(...)
    end
    fail("luma.expect: argument 1 wants a condition (true or false) or a name, "
        .. "got %s", internal.value(first))
end

function M.log(name, value)
    if type(name) ~= "string" or name == "" then
        fail("luma.log: argument 1 (name) wants a string that is not empty, got %s",
            internal.value(name))
    elseif type(value) ~= "number" then
        fail("luma.log: argument 2 (value) wants a number, got %s",
            internal.value(value))
    end
    figures[#figures + 1] = { name = name, value = value, where = internal.where() }
    print(("figure  %s %s"):format(name, number_text(value)))
end

function M.checks()
    return checks
end

function M.figures()
    return figures
end

function M.n_failed()
    local n = 0
    for _, check in ipairs(checks) do
        n = n + (check.is_ok and 0 or 1)
    end
    return n
end

internal.define{
    "luma.expect",
    call = M.expect,
    signature = "luma.expect(condition, text, ...) -> boolean or luma.expect(name, value, \">=\", bound) -> boolean",
    text = [[
Checks a result of the run, prints how it went and goes on; a run with a failed check ends with exit
code 3. The text is formatted as by string.format. The second form compares a figure with a bound and
records it; comparisons are < <= > >= == ~=.]],
    example = [[
luma.expect(#"luma" == 4, "%q has four letters", "luma")
luma.expect("accuracy", 0.99, ">=", 0.98)]],
}
internal.define{
    "luma.expectations",
    call = function() return M.n_failed(), #checks end,
    signature = "luma.expectations() -> failed, made",
    text = [[
How many expectations failed so far, and how many there were. The program makes its exit code of them by
itself; a script in another host ends with os.exit(luma.expectations() == 0).]],
    example = [[
local failed, made = luma.expectations()
assert(failed <= made)]],
}
internal.define{
    "luma.log",
    call = M.log,
    signature = "luma.log(name, value)",
    text = "Records and prints a figure of the run that has no bound.",
    example = 'luma.log("loss", 0.25)',
}

return M
