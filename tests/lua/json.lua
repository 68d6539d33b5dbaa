-- JSON out and in again: every kind of value, escapes, damaged texts; and the file helpers beside it.
local test = require "luma.test"
local internal = require "luma.internal"
local json = require "luma.json"

local function is_written(value, text)
    test.eq(json.encode(value), text)
    test.eq(json.encode(json.decode(text)), text, "read and written again")
end

test("values", function()
    is_written({}, "{}")
    is_written(json.array(), "[]")
    is_written({ b = 1, a = { 1, 2.5, "x" }, c = json.array() }, '{"a":[1,2.5,"x"],"b":1,"c":[]}')
    is_written({ true, false, json.null }, "[true,false,null]")
    is_written(-9007199254740993, "-9007199254740993")
    is_written(0.1, "0.1")
    is_written(1 / 3, "0.3333333333333333")
    is_written(33.318421449829934, "33.318421449829934")
    is_written(1e300, "1e+300")
    test.eq(json.encode { 0 / 0, 1 / 0, -1 / 0 }, "[null,null,null]")
    test.eq(json.encode { a = 0 / 0 }, '{"a":null}')
end)

test("texts", function()
    is_written('"\\\n\r\t\1\127', [["\"\\\n\r\t\u0001\u007f"]])
    is_written("päd\u{1F600}", '"päd\u{1F600}"')
    test.eq(json.encode "a\xffb\xc3", '"a\u{FFFD}b\u{FFFD}"')
    test.eq(json.encode "\xed\xa0\x80", '"\u{FFFD}\u{FFFD}\u{FFFD}"', "half a surrogate pair")
    test.eq(json.decode [["\u0000\ud83d\ude00"]], "\0\u{1F600}")
end)

test("indentation", function()
    test.eq(json.encode({ a = { 1, 2 }, b = { { c = 1 } }, d = {} }, 2),
        '{\n  "a": [1,2],\n  "b": [\n    {\n      "c": 1\n    }\n  ],\n  "d": {}\n}')
end)

test("null members are absent, null items are there", function()
    local t = json.decode '{"a":null,"b":[null,1]}'
    test.eq(next(t), "b")
    test.ok(t.b[1] == json.null)
    test.eq(#t.b, 2)
end)

test("damaged texts", function()
    for _, text in ipairs { "", "{", "[1,]", '{"a":1,"a":2}', "1e999", "[1] x", '"\xff"', "nan", "{1:2}", ("["):rep(3000) } do
        local value, why = json.decode(text)
        test.eq(value, nil, text:sub(1, 20))
        test.ok(why:find "^line %d+: ", why)
    end
end)

test("what JSON cannot say", function()
    test.fails("JSON has no function", json.encode, { print })
    test.fails("JSON wants strings as keys, got 1.5", json.encode, { [1.5] = 1 })
end)

test("base64", function()
    for text, want in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", ["\xff\xfe\0"] = "//4A" } do
        test.eq(internal.base64(text), want)
    end
end)

test("folders and files", function()
    local folder = test.path ""
    test.eq(internal.make_new_folder(folder), true)
    local _, why, is_there = internal.make_new_folder(folder)
    test.eq(why, "File exists")
    test.eq(is_there, true)
    test.eq(#internal.list_folder(folder), 0)
    for _, name in ipairs { "b", "a", ".c" } do
        test.write(folder .. "/" .. name, "12345")
    end
    test.eq(table.concat(internal.list_folder(folder), " "), ".c a b")
    test.eq({ internal.file_kind(folder .. "/a") }, { "file", 5 })
    test.eq((internal.file_kind(folder)), "folder")
    test.eq({ internal.file_kind(folder .. "/none") }, { nil, "No such file or directory" })
    test.eq({ internal.list_folder(folder .. "/none") }, { nil, "No such file or directory" })
    test.eq({ internal.remove(folder) }, { nil, "Directory not empty" })
    for _, name in ipairs { "b", "a", ".c" } do
        test.eq(internal.remove(folder .. "/" .. name), true)
    end
    test.eq(internal.remove(folder), true)
end)

test.done()
