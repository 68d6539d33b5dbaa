-- Tables of files for flow_from_dataframe: a CSV file, or a Lua table of columns.
--
-- Rows keep their order; those whose file is missing, or whose class is not asked for, are left out.

local internal = require "luma.internal"
local engine = require "luma.engine.keras"

local tables = {}

local function fail(code, fn, text, ...)
    internal.raise(code, fn .. ": " .. text:format(...))
end

-- { name -> list of cells }, number of rows, directory
local function load(fn, frame)
    if type(frame) == "string" then
        local rows = engine.csv(fn, frame)
        local columns = {}
        for k, name in ipairs(rows[1]) do
            local cells = {}
            for i = 2, #rows do
                cells[i - 1] = rows[i][k]
            end
            columns[name] = cells
        end
        return columns, #rows - 1, frame:match "^(.*)/[^/]*$" or "."
    elseif type(frame) ~= "table" then
        internal.raise("EARG", ("%s: argument 1 wants the path of a CSV file or a table of columns, got %s"):format(fn,
            internal.value(frame)))
    end
    local n
    for name, cells in pairs(frame) do
        if type(name) ~= "string" or type(cells) ~= "table" then
            fail("EARG", fn, "a table of columns holds lists by name, got %s = %s", internal.value(name),
                internal.value(cells))
        end
        if n and #cells ~= n then
            fail("ESHAPE", fn, "column '%s' has %d rows, another one %d", name, #cells, n)
        end
        n = #cells
    end
    return frame, n or 0, "."
end

local function column(fn, columns, name)
    if columns[name] then
        return columns[name]
    end
    local names = {}
    for known in pairs(columns) do names[#names + 1] = known end
    table.sort(names)
    local near = internal.nearest(tostring(name), names)
    fail("EARG", fn, "there is no column '%s'%s (columns: %s)", tostring(name),
        near and ("; did you mean '%s'?"):format(near) or "", table.concat(names, ", "))
end

local function numbers(fn, name, cells, kept)
    local list = {}
    for k, i in ipairs(kept) do
        list[k] = tonumber(cells[i])
        if not list[k] then
            fail("EFORMAT", fn, "column '%s' holds %s in row %d, wanted a number", name, internal.value(cells[i]), i)
        end
    end
    return list
end

local function exists(path)
    local file = io.open(path, "rb")
    if file then
        file:close()
    end
    return file ~= nil
end

-- Numbers of the rows whose file can be read.
local function valid_rows(fn, names, root, o, is_picture)
    local kept, paths = {}, {}
    for i, name in ipairs(names) do
        local path = name:sub(1, 1) == "/" and name or root .. "/" .. name
        paths[i] = path
        if not o.validate_filenames or is_picture(name) and exists(path) then
            kept[#kept + 1] = i
        end
    end
    if #kept < #names then
        internal.warn(("%s: %d of %d rows left out: their files are missing or no pictures"):format(fn,
            #names - #kept, #names))
    end
    return kept, paths
end

-- The labels of a cell: a list, or the text of one as "['a', 'b']".
local function labels_of(cell)
    if type(cell) == "table" then
        return cell, true
    end
    local inner = type(cell) == "string" and cell:match "^%[(.*)%]$"
    if not inner then
        return { cell }, false
    end
    local list = {}
    for text in inner:gmatch "[\"']([^\"']*)[\"']" do
        list[#list + 1] = text
    end
    return list, true
end

local function check_texts(fn, name, cells)
    local all_numbers = #cells > 0
    for _, cell in ipairs(cells) do
        all_numbers = all_numbers and tonumber(cell) ~= nil
    end
    if all_numbers then
        fail("EARG", fn, "column '%s' holds numbers, but class names are texts; use class_mode=\"raw\" for "
            .. "numbers", name)
    end
end

local function sorted_classes(lists)
    local seen, classes = {}, {}
    for _, list in ipairs(lists) do
        for _, label in ipairs(list) do
            if not seen[label] then
                seen[label] = true
                classes[#classes + 1] = label
            end
        end
    end
    table.sort(classes)
    return classes
end

-- Every label's row number lists, rows of other classes dropped: kept, lists, classes.
local function pick_classes(fn, cells, kept, o)
    local lists, is_multi = {}, false
    for k, i in ipairs(kept) do
        local list, is_list = labels_of(cells[i])
        lists[k], is_multi = list, is_multi or is_list
    end
    local classes = o.classes or sorted_classes(lists)
    local index = {}
    for k, class in ipairs(classes) do
        if index[class] then
            fail("EARG", fn, "option 'classes' names '%s' twice", tostring(class))
        end
        index[class] = k - 1
    end
    local rows, marks = {}, {}
    for k, list in ipairs(lists) do
        local found = {}
        for _, label in ipairs(list) do
            if index[label] then
                found[#found + 1] = index[label]
            end
        end
        if #found > 0 then
            rows[#rows + 1] = kept[k]
            marks[#marks + 1] = found
        end
    end
    return rows, marks, classes, is_multi
end

local function multi_hot(marks, n_classes)
    local rows = {}
    for i, found in ipairs(marks) do
        local row = {}
        for k = 1, n_classes do row[k] = 0 end
        for _, label in ipairs(found) do row[label + 1] = 1 end
        rows[i] = row
    end
    return rows
end

local function read_classes(fn, t, cells, kept, o, mode)
    if mode ~= "categorical" then
        check_texts(fn, o.y_col, cells)
    elseif type(cells[1]) ~= "table" then
        check_texts(fn, o.y_col, cells)
    end
    if mode == "binary" then
        local classes = o.classes or sorted_classes({ cells })
        if #classes ~= 2 then
            fail("EARG", fn, "class_mode=\"binary\" wants two classes, column '%s' has %d", o.y_col, #classes)
        end
    end
    local rows, marks, classes, is_multi = pick_classes(fn, cells, kept, o)
    if is_multi and mode ~= "categorical" then
        fail("EARG", fn, "column '%s' holds lists of classes; these go with class_mode=\"categorical\"", o.y_col)
    end
    t.classes, t.marks, t.labels = classes, {}, not is_multi and {} or nil
    for i, found in ipairs(marks) do
        t.marks[i] = #found == 1 and not is_multi and found[1] or found
        if t.labels then
            t.labels[i] = found[1]
        end
    end
    if is_multi then
        t.rows, t.is_multi_label, t.form = multi_hot(marks, #classes), true, "targets"
    end
    return rows
end

local function read_values(fn, t, columns, kept, o, mode)
    local names = type(o.y_col) == "table" and o.y_col or { o.y_col }
    if mode == "multi_output" and type(o.y_col) ~= "table" then
        fail("EARG", fn, "class_mode=\"multi_output\" wants a list of columns as y_col, got %s",
            internal.value(o.y_col))
    end
    t.rows, t.form = {}, "targets"
    for k in ipairs(kept) do t.rows[k] = {} end
    for c, name in ipairs(names) do
        for k, v in ipairs(numbers(fn, name, column(fn, columns, name), kept)) do
            t.rows[k][c] = v
        end
    end
end

-- { paths, names, labels | rows, classes, marks, weights, form, ... }, one entry a row that stays.
function tables.read(fn, frame, o, mode, is_picture)
    local columns, n, directory = load(fn, frame)
    local names = column(fn, columns, o.x_col)
    if n == 0 then
        fail("EFORMAT", fn, "the table has no rows")
    end
    local t = { directory = o.directory or directory }
    local kept, paths = valid_rows(fn, names, t.directory, o, is_picture)
    if mode == "categorical" or mode == "binary" or mode == "sparse" then
        kept = read_classes(fn, t, column(fn, columns, o.y_col), kept, o, mode)
    elseif mode == "raw" or mode == "multi_output" then
        read_values(fn, t, columns, kept, o, mode)
    end
    if #kept == 0 then
        fail("ENOTFOUND", fn, "none of the %d rows has a picture that can be read", n)
    end
    t.weights = o.weight_col and numbers(fn, o.weight_col, column(fn, columns, o.weight_col), kept)
    t.paths, t.names = {}, {}
    for k, i in ipairs(kept) do
        t.paths[k], t.names[k] = paths[i], names[i]
    end
    return t
end

-- Rows first..last alone.
function tables.cut(t, first, last)
    for _, field in ipairs { "paths", "names", "labels", "rows", "marks", "weights" } do
        if t[field] then
            t[field] = table.move(t[field], first, last, 1, {})
        end
    end
end

return tables
