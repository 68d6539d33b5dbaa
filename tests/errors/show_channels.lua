-- exit: 1
-- says: show_channels.lua:4: dataset:show: images of shape 4x4x2 cannot be drawn: want 1, 3 or 4 channels
local set = luma.dataset.tensor{ images = luma.zeros({ 3, 4, 4, 2 }, "u8") }
set:show()
