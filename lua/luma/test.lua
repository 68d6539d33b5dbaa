-- A tiny test library: named tests, comparisons that say what they saw, exact error messages.
--
--   local test = require "luma.test"
--   test("adds", function() test.eq(1 + 1, 2) end)
--   test.done()
--
-- A failed comparison ends its own test only. test.done() prints what failed and, as the last line,
-- "N passed, N failed"; it ends the program with exit code 1 when a test failed or none ran.

local internal = require "luma.internal"

local test = { passed = 0, failed = 0, skipped = 0 }

-- A test that calls test.skip is left through this value.
local SKIP = {}

-- A failed comparison: its text needs no traceback, its line is that of the comparison.
local Failure = {
    __tostring = function(failure)
        return failure.text
    end,
}

local function fail(level, fmt, ...)
    local info = debug.getinfo(level + 1, "Sl")
    local text = string.format("%s:%d: " .. fmt, info.short_src, info.currentline, ...)
    error(setmetatable({ text = text }, Failure))
end

local function show(v)
    if type(v) == "string" then
        return string.format("%q", v)
    elseif math.type(v) == "float" then
        return string.format("%.17g", v)
    elseif type(v) ~= "table" or getmetatable(v) then
        return tostring(v)
    end
    local parts = {}
    for k, item in pairs(v) do
        parts[#parts + 1] = math.type(k) and show(item) or tostring(k) .. "=" .. show(item)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

-- Where and how a and b differ, or nil. Plain tables are compared item by item.
local function difference(a, b, path)
    local is_deep = type(a) == "table" and type(b) == "table" and not getmetatable(a)
    if not is_deep then
        local is_same = rawequal(a, b) or (a ~= a and b ~= b) or (math.type(a) and a == b)
        return not is_same and string.format("%sgot %s, want %s", path, show(a), show(b)) or nil
    end
    for k, v in pairs(b) do
        local d = difference(a[k], v, path .. "[" .. show(k) .. "] ")
        if d then
            return d
        end
    end
    for k, v in pairs(a) do
        if b[k] == nil then
            return string.format("%s[%s] is %s, want nothing", path, show(k), show(v))
        end
    end
end

-- Equal values; tables item by item, NaN equals NaN.
function test.eq(got, want, what)
    local d = difference(got, want, "")
    if d then
        fail(2, "%s%s", what and what .. ": " or "", d)
    end
end

function test.ok(value, what)
    if not value then
        fail(2, "%s: got %s", what or "not true", show(value))
    end
end

-- |got - want| <= tolerance
function test.near(got, want, tolerance, what)
    if not (math.type(got) and math.abs(got - want) <= tolerance) then
        fail(2, "%sgot %s, want %s +- %g", what and what .. ": " or "", show(got), show(want), tolerance)
    end
end

-- f() must fail with exactly this message, the position left out; returns the error. The position
-- must be a line of the file that called. A message that starts with "~" is a pattern to be found.
function test.fails(want, f, ...)
    local ok, err = pcall(f, ...)
    if ok then
        fail(2, "no error; want %s", show(want))
    end
    local message = type(err) == "table" and err.message or tostring(err):gsub("^.-:%d+: ", "", 1)
    local is_pattern = want:sub(1, 1) == "~"
    if is_pattern and not message:find(want:sub(2)) or not is_pattern and message ~= want then
        fail(2, "got the error %s,\n        want %s", show(message), show(want))
    end
    local file = debug.getinfo(2, "S").short_src
    if type(err) == "table" and err.where:match("^(.*):%d+$") ~= file then
        fail(2, "the error points to %s, not into %s", show(err.where), file)
    end
    return err
end

-- Ends the present test without counting it.
function test.skip(why)
    io.stderr:write("  skipped: ", why, "\n")
    error(SKIP)
end

-- A fresh path in $TMPDIR that nothing has; remove what was written there.
local n_paths = 0
function test.path(ending)
    n_paths = n_paths + 1
    local dir = os.getenv "TMPDIR" or "/tmp"
    local unique = tostring(test):match "0x(%x+)" .. os.time() .. "-" .. n_paths
    return dir .. "/luma-" .. unique .. (ending or "")
end

function test.write(path, text)
    local file <close> = assert(io.open(path, "wb"))
    assert(file:write(text))
end

local function report(err)
    return type(err) == "string" and debug.traceback(err, 2) or err
end

local function run(_, name, f)
    local ok, err = xpcall(f, report)
    if ok then
        test.passed = test.passed + 1
    elseif err == SKIP then
        test.skipped = test.skipped + 1
    else
        test.failed = test.failed + 1
        print(string.format("FAILED %s\n        %s", name, tostring(err)))
    end
end

function test.done()
    print(string.format("%d passed, %d failed", test.passed, test.failed))
    if test.failed > 0 or test.passed + test.skipped == 0 then
        os.exit(1, true)
    end
end

-- Names of the documented things, sorted: for tests of the docs themselves.
function test.docs()
    local names = {}
    for name in pairs(internal.docs) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names, internal.docs
end

return setmetatable(test, { __call = run })
