-- exit: 1
-- says: csv_column.lua:6: luma.dataset.csv: list.csv: there is no column 'label'; the table has file, class
local file <close> = assert(io.open("list.csv", "wb"))
file:write("file,class\na.png,cat\n")
file:flush()
local set = luma.dataset.csv { "list.csv", size = 32 }
