-- The functions beside Keras' generator: one image changed in a known way, pictures from numbers and files.
--
-- Images are H x W x C unless a channel axis says otherwise; axes count from 1.

local internal = require "luma.internal"
local engine = require "luma.engine.keras"
local luma = require "luma"

local PREFIX = "luma.keras."

local function fail(code, fn, text, ...)
    internal.raise(code, PREFIX .. fn .. ": " .. text:format(...))
end

local function check_image(fn, x)
    if type(x) ~= "userdata" or getmetatable(x) ~= "tensor" then
        fail("EARG", fn, "argument 1 wants a tensor, got %s", internal.value(x))
    elseif #x.shape ~= 3 then
        fail("ESHAPE", fn, "wants an image of rank 3, got rank %d", #x.shape)
    end
    return x.dtype == "f32" and x or x:to "f32"
end

-- Keras turns numbers back into the kind given: bytes are clipped and rounded half up.
local function as_given(changed, given)
    if given.dtype ~= "u8" then
        return changed
    end
    local flat = changed:clone():reshape{ -1 }
    for i = 1, #flat do
        flat:set(i, math.min(255, math.max(0, math.floor(flat[i] + 0.5))))
    end
    return flat:reshape(changed.shape):to "u8"
end

local affine_spec = {
    { name = "theta", kind = "number", default = 0, text = "degrees; above 0 counter-clockwise" },
    { name = "tx", kind = "number", default = 0, text = "pixels the picture moves left" },
    { name = "ty", kind = "number", default = 0, text = "pixels the picture moves up" },
    { name = "shear", kind = "number", default = 0, text = "degrees" },
    { name = "zx", kind = "number", default = 1, text = "factor of columns; above 1 smaller" },
    { name = "zy", kind = "number", default = 1, text = "factor of rows" },
    { name = "row_axis", kind = "integer", min = 1, max = 3, default = 1, text = "dimension of rows" },
    { name = "col_axis", kind = "integer", min = 1, max = 3, default = 2, text = "dimension of columns" },
    { name = "channel_axis", kind = "integer", min = 1, max = 3, default = 3, text = "dimension of channels" },
    { name = "fill_mode", kind = "choice", choices = { "nearest", "constant", "reflect", "wrap" }, default = "nearest",
        text = "what is seen beyond the border" },
    { name = "cval", kind = "number", default = 0, text = "the value there with \"constant\"" },
    { name = "order", kind = "integer", min = 0, max = 1, default = 1, text = "0 nearest pixel, 1 bilinear" },
}

local function inverse(order)
    local back = {}
    for k, v in ipairs(order) do back[v] = k end
    return back
end

local function apply_affine_transform(x, given)
    local fn = "apply_affine_transform"
    local image = check_image(fn, x)
    local o = internal.options(PREFIX .. fn, given, affine_spec)
    local rows, columns = o.row_axis, o.col_axis
    if rows == columns or rows == o.channel_axis or columns == o.channel_axis then
        fail("EARG", fn, "row_axis, col_axis and channel_axis are %d, %d and %d; wanted three different ones", rows,
            columns, o.channel_axis)
    end
    -- With the columns' dimension before the rows', Keras takes x along the first of them.
    if columns < rows then
        rows, columns = math.max(rows, columns), math.min(rows, columns)
    end
    local order = { rows, columns, o.channel_axis }
    o.interpolation_order = o.order
    local changed = engine.transform(PREFIX .. fn, image:permute(order), o, o)
    return as_given(changed:permute(inverse(order)), x)
end

local function apply_channel_shift(x, intensity)
    local fn = "apply_channel_shift"
    local image = check_image(fn, x)
    if type(intensity) ~= "number" then
        fail("EARG", fn, "argument 2 (intensity) wants a number, got %s", internal.value(intensity))
    end
    return engine.transform(PREFIX .. fn, image, { channel_shift_intensity = intensity }, {})
end

local function apply_brightness_shift(x, brightness, scale)
    local fn = "apply_brightness_shift"
    local image = check_image(fn, x)
    if type(brightness) ~= "number" then
        fail("EARG", fn, "argument 2 (brightness) wants a number, got %s", internal.value(brightness))
    end
    local c = image.shape[3]
    if c ~= 1 and c ~= 3 and c ~= 4 then
        fail("ESHAPE", fn, "wants 1, 3 or 4 channels, got %d", c)
    end
    return engine.brighten(PREFIX .. fn, image, brightness, scale == nil or scale)
end

local function flip_axis(x, axis)
    local fn = "flip_axis"
    local image = check_image(fn, x)
    if math.type(axis) ~= "integer" or axis < 1 or axis > 3 then
        fail("EARG", fn, "argument 2 (axis) wants 1, 2 or 3, got %s", internal.value(axis))
    end
    local order = { axis, axis % 3 + 1, (axis + 1) % 3 + 1 }
    local flipped = engine.transform(PREFIX .. fn, image:permute(order), { flip_vertical = true }, {})
    local back = flipped:permute(inverse(order))
    return x.dtype == "u8" and back:to "u8" or back
end

local to_image_spec = {
    { name = "scale", kind = "boolean", default = true, text = "stretch smallest..largest to 0..255" },
    { name = "data_format", kind = "choice", choices = { "channels_last", "channels_first" }, default = "channels_last",
        text = "H x W x C or C x H x W" },
}

local function array_to_img(x, given)
    local fn = "array_to_img"
    local image = check_image(fn, x)
    local o = internal.options(PREFIX .. fn, given, to_image_spec)
    image = o.data_format == "channels_first" and image:permute{ 2, 3, 1 } or image
    local c = image.shape[3]
    if c ~= 1 and c ~= 3 and c ~= 4 then
        fail("ESHAPE", fn, "pictures have 1, 3 or 4 channels, got %d", c)
    end
    if o.scale then
        image = image - image:min()
        local top = image:max()
        if top ~= 0 then
            image = image / top
        end
        image = image * 255
    end
    local is_wide = c == 1 and image:max() > 255
    local flat = image:clone():reshape{ -1 }
    for i = 1, #flat do
        -- Truncated towards 0, then to 8 bits as C does it.
        local v = math.tointeger(flat[i] < 0 and math.ceil(flat[i]) or math.floor(flat[i]))
        flat:set(i, is_wide and v or v & 255)
    end
    return flat:reshape(image.shape):to(is_wide and "i32" or "u8")
end

local load_spec = {
    { name = "color_mode", kind = "choice", choices = { "rgb", "grayscale", "rgba" }, default = "rgb",
        text = "channels" },
    { name = "target_size", kind = "pair", min = 1, text = "{ height, width }; as stored" },
    { name = "interpolation", kind = "choice",
        choices = { "nearest", "bilinear", "bicubic", "lanczos", "box", "hamming" }, default = "nearest",
        text = "filter of resizing" },
    { name = "keep_aspect_ratio", kind = "boolean", default = false, text = "cut to the target's proportions first" },
}

-- A gray file of 16 bits keeps them, as in Keras.
local function load_img(path, given)
    local o = internal.options(PREFIX .. "load_img", given, load_spec)
    local gray = o.color_mode == "grayscale"
    local is_deep = gray and luma.image.info(path).depth == 16
    return luma.image.load(path, {
        color = gray and "gray" or o.color_mode, size = o.target_size, resize = o.interpolation,
        keep_aspect_ratio = o.keep_aspect_ratio, exif = false, depth = is_deep and 16 or nil,
    })
end

local function img_to_array(image)
    return image:to "f32"
end

local image_example = "local x = luma.dataset.digits{ train=1, test=1 }:image(1):to \"f32\"\n"

internal.define{
    "luma.keras.apply_affine_transform", call = apply_affine_transform, options = affine_spec,
    signature = "luma.keras.apply_affine_transform(image, { theta=0, tx=0, ty=0, shear=0, zx=1, zy=1, ... }) -> tensor",
    text = "Keras' function of that name: one warp of an image about its true centre.",
    example = image_example .. "assert(luma.keras.apply_affine_transform(x, { tx=3 }):get(1, 1, 1) == x:get(1, 4, 1))",
}
internal.define{
    "luma.keras.apply_channel_shift", call = apply_channel_shift,
    signature = "luma.keras.apply_channel_shift(image, intensity) -> tensor",
    text = "Adds the intensity to all channels and clips to the image's own range.",
    example = image_example .. "assert(luma.keras.apply_channel_shift(x, 20):max() == x:max())",
}
internal.define{
    "luma.keras.apply_brightness_shift", call = apply_brightness_shift,
    signature = "luma.keras.apply_brightness_shift(image, brightness, scale=true) -> tensor",
    text = "Brightness through 8 bits as Keras does it by way of PIL; scale stretches to 0..255 first.",
    example = image_example .. "assert(luma.keras.apply_brightness_shift(x, 0.5, false):max() <= 127)",
}
internal.define{
    "luma.keras.flip_axis", call = flip_axis,
    signature = "luma.keras.flip_axis(image, axis) -> tensor",
    text = "The image mirrored along dimension `axis` (1 rows, 2 columns).",
    example = image_example .. "assert(luma.keras.flip_axis(luma.keras.flip_axis(x, 2), 2):equal(x))",
}
internal.define{
    "luma.keras.array_to_img", call = array_to_img, options = to_image_spec,
    signature = "luma.keras.array_to_img(tensor, { scale=true }) -> u8 tensor",
    text = "Numbers as a picture: stretched to 0..255 where scale is on, then truncated to bytes.",
    example = image_example .. "assert(luma.keras.array_to_img(x).dtype == \"u8\")",
}
internal.define{
    "luma.keras.load_img", call = load_img, options = load_spec,
    signature = "luma.keras.load_img(path, { color_mode=\"rgb\", target_size=, interpolation=\"nearest\" }) -> tensor",
    text = "Reads an image file as Keras does: EXIF orientation is ignored, gray files of 16 bits keep them.",
    example = "local path = os.tmpname() .. \".png\"\n"
        .. "luma.zeros({4, 4, 1}, \"u8\"):save(path)\n"
        .. "assert(luma.keras.load_img(path).shape[3] == 3)\n"
        .. "os.remove(path)",
}
internal.define{
    "luma.keras.img_to_array", call = img_to_array,
    signature = "luma.keras.img_to_array(image) -> f32 tensor",
    text = "The pixels as f32 numbers.",
    example = "assert(luma.keras.img_to_array(luma.zeros({2, 2, 3}, \"u8\")).dtype == \"f32\")",
}
