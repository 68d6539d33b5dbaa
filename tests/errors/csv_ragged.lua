-- exit: 4
-- says: csv_ragged.lua:6: luma.dataset.csv: list.csv: line 3 has 3 fields, the header has 2
local file <close> = assert(io.open("list.csv", "wb"))
file:write("file,label\na.png,cat\nb.png,cat,dog\n")
file:flush()
local set = luma.dataset.csv { "list.csv", size = 32 }
