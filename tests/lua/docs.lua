-- Docstrings cannot rot: every one is complete, and every example runs.
local test = require "luma.test"

local names, docs = test.docs()

-- What the examples print is not for the test's output; files go where the test's own go.
local function environment()
    local env = { print = function() end }
    env.os = setmetatable({ tmpname = test.path }, { __index = os })
    return setmetatable(env, { __index = _G })
end

-- A type's own entry has no call; close is the same for all types and is tested in handles.lua.
local function needs_example(name)
    return not name:find ":close$"
end

for _, name in ipairs(names) do
    local doc = docs[name]
    test(name .. ": the docstring is complete", function()
        test.ok(doc.signature and #doc.signature > 0, "signature")
        test.ok(doc.text and doc.text:find "%.$", "text ending in a full stop")
        test.ok(not needs_example(name) or doc.example, "example")
        local last = name:match "[^.:]*$"
        test.ok(doc.signature:find(last, 1, true), "signature naming " .. last)
        for _, option in ipairs(doc.options or {}) do
            test.ok(option.name and option.text, "option with a text")
        end
    end)
    if doc.example then
        test(name .. ": the example runs", function()
            local chunk, err = load(doc.example, "=example of " .. name, "t", environment())
            test.ok(chunk, err)
            chunk()
        end)
    end
end

test("everything in luma and its methods is documented", function()
    local function check(prefix, module)
        for key, value in pairs(module) do
            local name = prefix .. key
            local is_module = type(value) == "table" and tostring(value):find "^module "
            if is_module then
                check(name .. ".", value)
            elseif name ~= "luma.args" then
                test.ok(docs[name], name .. " has no docstring")
            end
        end
    end
    check("luma.", luma)
end)

test.done()
