-- The README's picture: what the network sees of the same images under different scalings.
--
-- All rows share one grey scale, from -1 (black) to 3 (white), so that 0 is a dark grey.
--
--     luma run pipelines/picture.lua out=scaled.png data=digits

local sheet = require "sheet"
local args = luma.args{ data = "mnist", out = "scaled.png", images = 16 }
local train = luma.dataset.open(args.data, { train = 10000, test = 100 })

local rows = {
    { "rescaled to 0..1", luma.generator{ luma.rescale(1/255) } },
    { "rescaled and centred", luma.generator{ luma.rescale(1/255), luma.center "feature" } },
    { "standardized by the set's mean and std", luma.generator{ luma.standardize "feature" } },
    { "standardized by each image's own", luma.generator{ luma.standardize "sample" } },
}
local page = sheet.new{ rows = #rows, columns = args.images, shape = train.shape }

for row, scaling in ipairs(rows) do
    local name, generator = table.unpack(scaling)
    local batch = generator:fit(train):flow(train, { batch = args.images, shuffle = false }):next()
    print(("%-40s %7.3f .. %6.3f, mean %6.3f, std %.3f"):format(name, batch:min(), batch:max(),
          batch:mean(), batch:std()))
    for i = 1, #batch do
        page:put(row, i, batch[i], -1, 3)
    end
end
page:save(args.out)
