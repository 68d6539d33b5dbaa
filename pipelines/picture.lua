-- The README's picture: what the network sees of the same images under different scalings.
--
-- All rows share one grey scale, from -1 (black) to 3 (white), so that 0 is a dark grey.
--
--     luma run pipelines/picture.lua out=scaled.png data=digits

local args = luma.args{ data = "mnist", out = "scaled.png", images = 16 }
local train = luma.dataset.open(args.data, { train = 10000, test = 100 })

local rows = {
    { "rescaled to 0..1", luma.generator{ luma.rescale(1/255) } },
    { "rescaled and centred", luma.generator{ luma.rescale(1/255), luma.center "feature" } },
    { "standardized by the set's mean and std", luma.generator{ luma.standardize "feature" } },
    { "standardized by each image's own", luma.generator{ luma.standardize "sample" } },
}

local zoom, edge = 2, 28 * 2 + 4
local sheet = luma.zeros({ #rows * edge + 4, args.images * edge + 4 }, "u8")

-- A row of one batch, each pixel zoom x zoom dots.
local function draw(batch, row)
    for i = 1, #batch do
        for y = 0, 28 * zoom - 1 do
            for x = 0, 28 * zoom - 1 do
                local value = batch:get(i, y // zoom + 1, x // zoom + 1, 1)
                local grey = math.max(0, math.min(255, (value + 1) / 4 * 255))
                sheet:set((row - 1) * edge + y + 5, (i - 1) * edge + x + 5, grey)
            end
        end
    end
end

for row, scaling in ipairs(rows) do
    local name, generator = table.unpack(scaling)
    local batch = generator:fit(train):flow(train, { batch = args.images, shuffle = false }):next()
    print(("%-40s %7.3f .. %6.3f, mean %6.3f, std %.3f"):format(name, batch:min(), batch:max(),
          batch:mean(), batch:std()))
    draw(batch, row)
end
sheet:save(args.out)
luma.expect(sheet:max() > 0, "%s holds a picture", args.out)
