-- exit: 1
-- says: show_histogram_axis.lua:4: stats:histogram: channels are kept apart by axis="channel" alone, not "all"
local s = luma.stats():add(luma.zeros({ 2, 2 }, "u8"))
s:histogram(1)
