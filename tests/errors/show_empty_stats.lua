-- exit: 1
-- says: show_empty_stats.lua:3: stats:show: nothing was added yet; call stats:add(dataset) first
luma.stats():show()
