-- exit: 1
-- says: show_no_image.lua:4: tensor:show: a tensor of shape 2x5x5x2 is no image: want height x width, that with 1, 3 or 4 channels, or a batch of such images
local t = luma.zeros({ 2, 5, 5, 2 }, "u8")
t:show()
