local test = require "luma.test"

-- Files of this test, removed at its end.
local files = {}

local function path_of(ending)
    files[#files + 1] = test.path(ending)
    return files[#files]
end

local function write(path, bytes)
    test.write(path, bytes)
    return path
end

local function read(path)
    local file <close> = assert(io.open(path, "rb"))
    return file:read "a"
end

local function saved(pixels, kind)
    local path = path_of ".png"
    luma.tensor(pixels, kind or "u8"):save(path)
    return path
end

local colors = { { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 10, 20, 30 } } }

test("luma.image.load gives back what was saved", function()
    local path = saved(colors)
    local t = luma.image.load(path)
    test.eq(tostring(t), "u8 tensor 2x2x3")
    test.eq(t:table(), colors)
    test.eq(luma.image.load(path, { color = "rgba" }):table()[2][2], { 10, 20, 30, 255 })
    test.eq(luma.image.load(path, { color = "gray" }):table(), { { { 76 }, { 150 } }, { { 29 }, { 18 } } })
    test.eq(luma.image.load(path, { color = "file" }).shape, { 2, 2, 3 })
    local gray = saved { { 0, 255 }, { 7, 9 } }
    test.eq(luma.image.load(gray).shape, { 2, 2, 3 })
    test.eq(luma.image.load(gray, { color = "file" }).shape, { 2, 2, 1 })
end)

test("luma.image.load resizes", function()
    local path = saved { { 0, 100, 200 }, { 50, 150, 250 } }
    local function load(options)
        options.color = "gray"
        return luma.image.load(path, options):reshape({ -1 }):table()
    end
    test.eq(load { size = { 1, 1 }, resize = "box" }, { 125 })
    test.eq(load { size = { 4, 3 }, resize = "nearest" }, { 0, 100, 200, 0, 100, 200, 50, 150, 250, 50, 150, 250 })
    test.eq(load { size = 2, resize = "nearest" }, { 0, 200, 50, 250 })
    test.eq(load { size = 2, resize = "nearest", keep_aspect_ratio = true }, { 0, 100, 50, 150 })
    test.eq(load { size = { 2, 3 }, resize = "lanczos" }, { 0, 100, 200, 50, 150, 250 })
end)

test("luma.image.load reads other formats", function()
    local ppm = write(path_of ".ppm", "P6 2 1 255\nabcdef")
    test.eq(luma.image.load(ppm):table(), { { { 97, 98, 99 }, { 100, 101, 102 } } })
    test.eq(luma.image.info(ppm).format, "PNM")
    local bmp = write(path_of ".bmp", "BM" .. string.pack("<I4I4I4I4i4i4I2I2I4I4I4I4I4I4",
        58, 0, 54, 40, 1, 1, 1, 24, 0, 0, 0, 0, 0, 0) .. "\3\2\1\0")
    test.eq(luma.image.load(bmp):table(), { { { 1, 2, 3 } } })
end)

test("16-bit images keep their values or are scaled, by choice", function()
    local path = write(path_of ".pgm", "P5 3 1 65535\n\0\0\1\2\255\255")
    test.eq(luma.image.info(path).depth, 16)
    test.eq(test.fails("~ has 16 bits a channel: say depth=8 to have them scaled to 0%.%.255 ", function() luma.image.load(path) end).code, "EFORMAT")
    local wide = luma.image.load(path, { depth = 16, color = "gray" })
    test.eq(tostring(wide), "i32 tensor 1x3x1")
    test.eq(wide:table(), { { { 0 }, { 258 }, { 65535 } } })
    test.eq(luma.image.load(path, { depth = 8, color = "gray" }):table(), { { { 0 }, { 1 }, { 255 } } })
    test.eq(luma.image.load(saved(colors), { depth = 16 }).dtype, "u8")
end)

test("luma.image.info", function()
    local path = saved(colors)
    test.eq(luma.image.info(path),
        { format = "PNG", height = 2, width = 2, channels = 3, depth = 8, orientation = 1 })
    test.fails("luma.image.info: argument 1 (path) wants a string, got nothing", function() luma.image.info() end)
    test.fails("~^luma.image.info: .*none.png", function() luma.image.info(test.path "none.png") end)
end)

test("damaged files are refused and named", function()
    local path = saved(colors)
    local bytes = read(path)
    local function fails(changed, part)
        write(path, changed)
        local err = test.fails("~^luma.image.load: .*%.png: " .. part, function() luma.image.load(path) end)
        test.eq(err.code, "EFORMAT")
        test.eq(err.exit_code, 4)
    end
    local at = bytes:find("IDAT", 1, true) + 6
    fails(bytes:sub(1, at) .. string.char(bytes:byte(at + 1) ~ 1) .. bytes:sub(at + 2),
        "the PNG is damaged: wrong checksum %(CRC%) of chunk IDAT at byte 33")
    fails(bytes:sub(1, -2), "the PNG is cut off")
    fails("", "not an image %(PNG, JPEG, BMP, GIF, TGA or PNM%): it is an empty file")
    fails("<html>", "not an image .*: it is an HTML page")
    fails("II*\0.......", "a TIFF image cannot be read: convert it to PNG or JPEG")
end)

test("luma.image.load checks its options", function()
    local function load(options)
        return function() luma.image.load("x.png", options) end
    end
    test.fails("luma.image.load: argument 1 (path) wants a string, got nothing", function() luma.image.load() end)
    test.fails("luma.image.load: option 'depth' wants 8 or 16, got 9", load { depth = 9 })
    test.fails("luma.image.load: option 'size' wants an integer from 1 to 65535, or {rows, columns}, got {0, 5}",
        load { size = { 0, 5 } })
    for got, size in pairs{ ["{2}"] = { 2 }, ['{"a", 1.5, true}'] = { "a", 1.5, true }, ["a table"] = { 1, 2, 3, 4, 5 },
        ["a table "] = {}, ["{a table, 2}"] = { {}, 2 } } do
        test.fails("luma.image.load: option 'size' wants an integer from 1 to 65535, or {rows, columns}, got "
            .. got:gsub(" $", ""), load { size = size })
    end
    test.fails([[luma.image.load: option 'color' wants "file", "gray", "rgb" or "rgba", got "grey"; ]]
        .. [[did you mean "gray"?]], load { color = "grey" })
    test.fails([[luma.image.load: option 'resize' wants "nearest", "box", "bilinear", "hamming", "bicubic" or ]]
        .. [["lanczos", got "linear"; did you mean "bilinear"?]], load { resize = "linear" })
    test.fails("~^luma.image.load: unknown option 'interpolation'", load { interpolation = "box" })
end)

test("luma.image.resize", function()
    local t = luma.tensor(colors, "u8")
    local flat = luma.tensor({ { 0, 100 }, { 100, 200 } }, "u8")
    test.eq(luma.image.resize(t, { 4, 2 }, { resize = "nearest" }):table(),
        { colors[1], colors[1], colors[2], colors[2] })
    test.eq(t:table(), colors)
    test.eq(luma.image.resize(flat, 1, { resize = "box" }):table(), { { 100 } })
    test.eq(luma.image.resize(flat, 1).shape, { 1, 1 })
    -- PIL's bilinear: weights 1, 3/4 and 1/4.
    test.eq(luma.image.resize(luma.tensor({ { 0, 100 } }, "u8"), { 1, 4 }):table(), { { 0, 25, 75, 100 } })
    local wide = luma.image.resize(luma.tensor({ { 0, 60000 } }, "i32"), { 1, 4 })
    test.eq(wide.dtype, "i32")
    test.eq(wide:table(), { { 0, 15000, 45000, 60000 } })
    -- An invisible colour weighs nothing.
    local pair = luma.tensor({ { { 200, 255 }, { 9, 0 } } }, "u8")
    test.eq(luma.image.resize(pair, { 1, 1 }, { resize = "box" }):table()[1][1][1], 199)
    local like = luma.image.load(saved(colors), { size = { 5, 7 }, resize = "bicubic" })
    test.ok(luma.image.resize(t, { 5, 7 }, { resize = "bicubic" }):equal(like))
end)

test("luma.image.resize refuses what is no image", function()
    local function resize(...)
        local args = table.pack(...)
        return function() luma.image.resize(table.unpack(args, 1, args.n)) end
    end
    local t = luma.zeros({ 3, 3 }, "u8")
    test.fails("luma.image.resize: wants u8 pixels (or i32 ones, 0 to 65535), got f32",
        resize(luma.zeros { 3, 3 }, { 2, 2 }))
    test.fails("luma.image.resize: a tensor of shape 3x3x5 is no image: want height x width, or height x width x "
        .. "1 to 4", resize(luma.zeros({ 3, 3, 5 }, "u8"), { 2, 2 }))
    test.fails("luma.image.resize: a tensor of shape 0x3 is no image: want height x width, or height x width x 1 "
        .. "to 4", resize(luma.zeros({ 0, 3 }, "u8"), { 2, 2 }))
    test.fails("luma.image.resize: argument 2 (size) wants an integer from 1 to 65535, or {rows, columns}, got "
        .. "{2}", resize(t, { 2 }))
    test.fails("luma.image.resize: argument 2 (size) wants an integer from 1 to 65535, or {rows, columns}, got "
        .. "nothing", resize(t))
    test.fails("luma.image.resize: pixels of an i32 image are 0 to 65535, got -1",
        resize(luma.tensor({ { -1 } }, "i32"), { 2, 2 }))
    test.fails("luma.image.resize: pixels of an i32 image are 0 to 65535, got 65536",
        resize(luma.tensor({ { 65536 } }, "i32"), { 2, 2 }))
    test.fails("luma.image.resize: unknown option 'filter'; the options are resize, keep_aspect_ratio",
        resize(t, { 2, 2 }, { filter = "box" }))
end)

for _, path in ipairs(files) do
    os.remove(path)
end
test.done()
