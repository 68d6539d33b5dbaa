local test = require "luma.test"

local INT_MAX = math.maxinteger

test("permute", function()
    local t = luma.tensor({ { { 1, 2 }, { 3, 4 }, { 5, 6 } } }, "u8")
    local p = t:permute { 3, 1, 2 }
    test.eq(p.shape, { 2, 1, 3 })
    test.eq(p:table(), { { { 1, 3, 5 } }, { { 2, 4, 6 } } })
    test.ok(p:permute { 2, 3, 1 }:equal(t))
    test.eq(p.dtype, "u8")
    test.fails("tensor:permute: an order of dimensions names each of 1 to 3 once", function() t:permute { 1, 1, 2 } end)
    test.fails("tensor:permute: a tensor of rank 3 wants 3 dimensions, got 2", function() t:permute { 1, 2 } end)
end)

test("luma.tensor takes nested lists of any depth", function()
    local t = luma.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    test.eq(t.shape, { 2, 3 })
    test.eq(t.dtype, "f32")
    test.eq(#t, 2)
    test.eq(t:table(), { { 1.0, 2.0, 3.0 }, { 4.0, 5.0, 6.0 } })
    test.eq(luma.tensor({ 1, 2 }, "i32").dtype, "i32")
    test.eq(luma.tensor({ 1, 2, dtype = "u8" }).dtype, "u8")
    test.eq(luma.tensor({ { { { { { { { 7 } } } } } } } }).shape, { 1, 1, 1, 1, 1, 1, 1, 1 })
    test.eq(tostring(t), "f32 tensor 2x3")
end)

test("luma.tensor refuses what is not a block of numbers", function()
    local function make(...)
        local args = table.pack(...)
        return function()
            return luma.tensor(table.unpack(args, 1, args.n))
        end
    end
    test.fails("luma.tensor: the argument wants a list of numbers, or of lists of them, got nothing",
        make())
    test.fails("luma.tensor: wants numbers, or lists of numbers, got 0 list items", make {})
    test.fails("luma.tensor: there is no number in the lists", make { {}, {} })
    test.fails("luma.tensor: all rows of one level must be equally long: [2] has 1 item, those "
        .. "before it have 2", make { { 1, 2 }, { 3 } })
    test.fails('luma.tensor: item [2][1] wants a number, got "x"', make { { 1 }, { "x" } })
    test.fails('luma.tensor: item [1] wants a number or a list of numbers, got "1"', make { "1" })
    test.fails("luma.tensor: item [2] wants a number, got a table", make { 1, { 2 } })
    test.fails("luma.tensor: item [2] wants a list of numbers, as those before it, got 2",
        make { { 1 }, 2 })
    test.fails('luma.tensor: argument 2 (dtype) wants "u8", "i32", "f32" or "f64", got "f23"; '
        .. 'did you mean "f32"?', make({ 1 }, "f23"))
    test.fails("luma.tensor: unknown option 'dtyp'; did you mean 'dtype'? (options: dtype)",
        make { 1, dtyp = "u8" })
    test.fails("luma.tensor: the list has a gap: item 3 is there, but an earlier one is nil",
        make { 1, nil, 3 })
    test.fails("~256", make({ 256 }, "u8"))
    test.fails("~luma.tensor: .*1.*nan", make({ 0 / 0 }, "i32"))
    local deep = 1
    for _ = 1, 9 do
        deep = { deep }
    end
    test.fails("~luma.tensor: item .* wants a number or a list of numbers, got a table", make(deep))
end)

test("luma.zeros", function()
    test.eq(luma.zeros({ 2, 3 }):table(), { { 0.0, 0.0, 0.0 }, { 0.0, 0.0, 0.0 } })
    test.eq(luma.zeros({ 2 }, "u8"):table(), { 0, 0 })
    test.eq(luma.zeros({ 0, 3 }).shape, { 0, 3 })
    test.fails("luma.zeros: argument 1 (shape) wants a list of extents like {64, 28, 28, 1}, got 3",
        function() luma.zeros(3) end)
    test.fails("luma.zeros: extent 2 wants an integer of at least 0, got -1",
        function() luma.zeros { 2, -1 } end)
    test.fails("luma.zeros: extent 1 wants an integer of at least 0, got 1.5",
        function() luma.zeros { 1.5 } end)
    test.fails("luma.zeros: a shape has 1 to 8 extents, got 0", function() luma.zeros {} end)
    test.fails("luma.zeros: a shape has 1 to 8 extents, got 9",
        function() luma.zeros { 1, 1, 1, 1, 1, 1, 1, 1, 1 } end)
    test.eq(test.fails("~more elements than can be addressed",
        function() luma.zeros { INT_MAX, INT_MAX } end).code, "ESHAPE")
    local err = test.fails("~memory", function() luma.zeros { 1 << 50 } end)
    test.eq(err.code, "EMEM")
    test.eq(err.exit_code, 5)
    test.fails("luma.zeros: wants 2 arguments, got 3", function() luma.zeros({ 1 }, "u8", 1) end)
end)

test("t[i] is a number at rank 1 and a view above", function()
    local t = luma.tensor { { 1, 2 }, { 3, 4 } }
    test.eq(t[2][1], 3.0)
    local row = t[1]
    row[2] = 9
    test.eq(t:get(1, 2), 9.0, "views share")
    test.eq(luma.tensor({ 7 }, "u8")[1], 7)
    test.eq(t[2.0]:table(), { 3.0, 4.0 })
end)

test("indexes out of range say what there is", function()
    local t = luma.zeros { 2, 3 }
    test.fails("tensor[i]: index 1 is 0, but this 2x3 tensor has 1 to 2 there (indexes count from 1)",
        function() return t[0] end)
    test.fails("tensor[i]: index 1 is 3, but this 2x3 tensor has 1 to 2 there",
        function() return t[3] end)
    test.fails("tensor[i]: index 1 is -1, but this 2x3 tensor has 1 to 2 there",
        function() return t[-1] end)
    test.fails("tensor[i]: index 1 wants an integer, got 1.5", function() return t[1.5] end)
    test.fails("tensor has no field or method 'shap'; did you mean 'shape'?",
        function() return t.shap end)
    test.fails("tensor cannot be indexed with true", function() return t[true] end)
    test.fails("tensor:get: wants 2 indexes for a tensor of shape 2x3, got 1",
        function() t:get(1) end)
    test.fails("tensor:get: index 2 is 4, but this 2x3 tensor has 1 to 3 there",
        function() t:get(1, 4) end)
    test.fails('tensor:get: index 1 wants an integer, got "1"', function() t:get("1", 1) end)
    test.fails("tensor:set: wants 2 indexes and a value for a tensor of shape 2x3, got 1",
        function() t:set(1, 2) end)
    test.fails("tensor:set: wants 2 indexes and a value for a tensor of shape 2x3, got 0",
        function() t:set() end)
    test.fails("tensor:set: the value wants a number, got nil", function() t:set(1, 2, nil) end)
end)

test("t[i] = v and t:set", function()
    local t = luma.zeros { 3 }
    t[2] = 0.5
    test.eq(t:set(3, 0 / 0):get(2), 0.5)
    test.ok(t[3] ~= t[3])
    test.fails("tensor[i] = v: works on tensors of rank 1, this one is 2x2; use t:set(i, j, v)",
        function() luma.zeros({ 2, 2 })[1] = 3 end)
    test.fails('fields of a tensor cannot be set (got key "shape")', function() t.shape = {} end)
    test.fails("tensor[i] = v: the value wants a number, got a table", function() t[1] = {} end)
    test.fails("~tensor%[i%] = v: .*256", function() luma.zeros({ 1 }, "u8")[1] = 256 end)
    test.fails("tensor[i] = v: index 1 is 4, but this 3 tensor has 1 to 3 there",
        function() t[4] = 1 end)
end)

test("narrow and reshape are views", function()
    local t = luma.tensor { 1, 2, 3, 4, 5, 6 }
    test.eq(t:narrow(2, 3):table(), { 2.0, 3.0, 4.0 })
    test.eq(t:narrow(1, 0).shape, { 0 })
    test.eq(t:reshape({ 2, -1 }):table(), { { 1.0, 2.0, 3.0 }, { 4.0, 5.0, 6.0 } })
    t:reshape({ 2, 3 })[2][1] = 40
    test.eq(t[4], 40.0)
    test.fails("tensor:narrow: 3 items from position 5 do not lie within 1 to 6, the items of this "
        .. "tensor", function() t:narrow(5, 3) end)
    test.fails("tensor:narrow: argument 1 (first) wants an integer of at least 1, got 0",
        function() t:narrow(0, 3) end)
    test.fails("tensor:narrow: argument 2 (count) wants an integer of at least 0, got nothing",
        function() t:narrow(1) end)
    test.fails("~do not lie within", function() t:narrow(INT_MAX, INT_MAX) end)
    test.fails("tensor:reshape: cannot reshape 6 (6 elements) to 4x2",
        function() t:reshape { 4, 2 } end)
    test.fails("tensor:reshape: only one extent may be -1, got it at places 1 and 2",
        function() t:reshape { -1, -1 } end)
    test.fails("tensor:reshape: extent 1 wants an integer of at least -1, got -2",
        function() t:reshape { -2 } end)
end)

test("a view outlives the handle it was taken from", function()
    local view
    do
        local t <close> = luma.tensor { { 1, 2 }, { 3, 4 } }
        view = t[2]
    end
    collectgarbage()
    test.eq(view:table(), { 3.0, 4.0 })
end)

test("to rounds to nearest even and refuses what does not fit", function()
    local t = luma.tensor { 0.5, 1.5, 2.5, 254.6 }
    test.eq(t:to("u8"):table(), { 0, 2, 2, 255 })
    test.eq(t:to("f64").dtype, "f64")
    test.fails("~tensor:to: ", function() luma.tensor({ -1 }):to "u8" end)
    test.fails("~tensor:to: ", function() luma.tensor({ 0 / 0 }):to "i32" end)
    test.fails('tensor:to: argument 1 (dtype) wants "u8", "i32", "f32" or "f64", got nothing',
        function() t:to() end)
    local c = t:clone()
    c[1] = 9
    test.eq(t[1], 0.5)
end)

test("facts", function()
    local t = luma.tensor({ 1, 2, 3, 4 }, "u8")
    test.eq({ t:min(), t:max(), t:sum(), t:mean() }, { 1, 4, 10, 2.5 })
    test.eq(math.type(t:sum()), "integer")
    test.eq(t:std(), math.sqrt(1.25))
    test.eq(luma.tensor({ 1, 3 }, "f64"):std(), 1.0)
    test.fails("~tensor:mean: ", function() luma.zeros({ 0 }):mean() end)
    test.fails("tensor:min: wants 0 arguments, got 1", function() t:min(1) end)
end)

test("arithmetic", function()
    local t = luma.tensor { 1, 2 }
    local u = luma.tensor { 10, 20 }
    test.eq((t + u):table(), { 11.0, 22.0 })
    test.eq((t - 1):table(), { 0.0, 1.0 })
    test.eq((1 - t):table(), { 0.0, -1.0 })
    test.eq((2 * t):table(), { 2.0, 4.0 })
    test.eq((u / t):table(), { 10.0, 10.0 })
    test.eq((1 / t):table(), { 1.0, 0.5 })
    test.eq((-t):table(), { -1.0, -2.0 })
    test.eq(1 / (-luma.zeros({ 1 }))[1], -math.huge, "the sign of zero")
    test.eq((luma.tensor({ 1 }, "u8") + 1).dtype, "f32")
    test.eq((luma.tensor({ 1 }, "f64") + 1).dtype, "f64")
    test.fails("tensor + tensor: cannot combine tensors of shapes 2 and 3: they must be equal",
        function() return t + luma.zeros { 3 } end)
    test.fails('tensor * tensor: the right side wants a tensor or a number, got "2"',
        function() return t * "2" end)
    test.fails("tensor - tensor: the left side wants a tensor or a number, got nil",
        function() return nil - t end)
end)

test("equal, max_abs_diff, sha256", function()
    local t = luma.tensor { 1, 2 }
    test.ok(t:equal(t:clone()))
    test.ok(not t:equal(luma.tensor { 1, 3 }))
    test.ok(not t:equal(t:to "f64"))
    test.ok(not t:equal(t:reshape { 1, 2 }))
    test.eq(t:max_abs_diff(luma.tensor { 1, 5 }), 3.0)
    test.fails("~tensor:max_abs_diff: cannot compare", function() t:max_abs_diff(luma.zeros { 3 }) end)
    test.fails("tensor:equal: argument 1 wants a tensor, got 3", function() t:equal(3) end)
    test.eq(luma.tensor({ 97, 98, 99 }, "u8"):sha256(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
end)

test("save and load", function()
    local path = test.path ".npy"
    local t = luma.tensor({ { 1, 2 }, { 3, 4 } }, "i32")
    test.eq(t:save(path), t)
    test.ok(luma.npy.load(path):equal(t))
    os.remove(path)
    local png = test.path ".png"
    luma.zeros({ 4, 4, 1 }, "u8"):save(png)
    test.ok(io.open(png, "rb"):read(8) == "\137PNG\r\n\26\n")
    os.remove(png)
    test.fails('tensor:save: "x.jpg" ends neither in .npy nor in .png', function() t:save "x.jpg" end)
    test.fails("tensor:save: argument 1 (path) wants a string, got nothing", function() t:save() end)
    local err = test.fails("~^tensor:save: .*/no/such/dir", function() t:save "/no/such/dir/t.npy" end)
    test.eq(err.exit_code, 4)
    err = test.fails("~^luma.npy.load: .*nowhere.npy", function() luma.npy.load "nowhere.npy" end)
    test.eq(err.code, "ENOTFOUND")
    test.write(path, "no array")
    test.eq(test.fails("~" .. "^luma.npy.load: ", function() luma.npy.load(path) end).code, "EFORMAT")
    os.remove(path)
end)

test("methods called with a dot say so", function()
    test.fails("tensor:mean: called on nothing instead of a tensor; write x:mean(...), with a colon",
        function() luma.zeros({ 1 }).mean() end)
    test.fails("tensor:get: called on 1 instead of a tensor; write x:get(...), with a colon",
        function() luma.zeros({ 1 }).get(1) end)
end)

test.done()
