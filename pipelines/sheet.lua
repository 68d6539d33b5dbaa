-- A contact sheet: many images in rows and columns of one picture, each pixel zoom x zoom dots.
--
--     local sheet = require "sheet"
--     local page = sheet.new{ rows = 2, columns = 8, shape = { 28, 28, 1 } }
--     page:put(1, 1, image)
--     page:save "sheet.png"

local sheet = {}
sheet.__index = sheet

local GAP <const> = 4

-- An empty page for images of `shape`; zoom is 2 unless told.
function sheet.new(o)
    local height, width, channels = table.unpack(o.shape)
    local zoom = o.zoom or 2
    local page = { zoom = zoom, height = height * zoom, width = width * zoom, channels = channels }
    local down, across = o.rows * (page.height + GAP) + GAP, o.columns * (page.width + GAP) + GAP
    page.pixels = luma.zeros({ down, across, channels }, "u8")
    return setmetatable(page, sheet)
end

-- Draws an image; `low` becomes black and `high` white (0 and 255 unless told), what lies beyond is cut.
function sheet:put(row, column, image, low, high)
    low, high = low or 0, high or 255
    local top = (row - 1) * (self.height + GAP) + GAP
    local left = (column - 1) * (self.width + GAP) + GAP
    local zoom, pixels, scale = self.zoom, self.pixels, 255 / (high - low)
    for y = 1, self.height do
        for x = 1, self.width do
            for c = 1, self.channels do
                local value = image:get((y - 1) // zoom + 1, (x - 1) // zoom + 1, c)
                pixels:set(top + y, left + x, c, math.max(0, math.min(255, (value - low) * scale)))
            end
        end
    end
end

-- Writes the page and checks that there is something on it.
function sheet:save(path)
    self.pixels:save(path)
    luma.expect(self.pixels:max() > 0, "%s holds a picture", path)
end

return sheet
