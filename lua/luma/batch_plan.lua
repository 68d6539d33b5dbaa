-- What a batch will run: files and arguments of the command line made into a list of runs.
--
-- An argument goes to the files that take it. One that no file takes is an error before anything runs; one that some
-- do not take is told, and those run without it (and only once, however many values it sweeps over).

local outline = require "luma.outline"
local internal = require "luma.internal"
local sweep = require "luma.sweep"
local usage = require "luma.usage"

local function hint(name, known)
    local near = internal.nearest(name, known)
    return near and ("; did you mean '%s'?"):format(near) or ";"
end

local function sorted_names(set)
    local names = {}
    for name in pairs(set) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

-- --- files ---

local function read(path)
    local source, why = require "luma.files".read(path)
    if not source then
        usage("cannot read %s: %s", path, why:match "^.*: (.*)$" or "it is no file")
    end
    return source
end

local function add_file(plan, path, is_named)
    local file = outline.of(read(path))
    file.path = path
    local list = (is_named or not file.is_module) and plan.files or plan.modules
    list[#list + 1] = file
end

local function folder_files(plan, folder)
    local names, why = internal.list_folder(folder)
    if not names then
        usage("cannot read the folder %s: %s", folder, why)
    end
    local n_before = #plan.files
    for _, name in ipairs(names) do
        local path = folder:gsub("/*$", "/") .. name
        if name:find "^[^._].*%.lua$" and internal.file_kind(path) == "file" then
            add_file(plan, path, false)
        end
    end
    if #plan.files == n_before then
        usage("the folder %s has no pipeline files: no *.lua but those whose names begin with _ or . and modules",
            folder)
    end
end

local function missing(path)
    local folder, name = path:match "^(.*/)([^/]*)$"
    local names = internal.list_folder(folder or ".") or {}
    if path:find "=" then
        usage("'%s' is neither a file nor an argument name=value", path)
    end
    local near = internal.nearest(name or path, names)
    usage("there is no file '%s'%s", path, near and ("; did you mean '%s%s'?"):format(folder or "", near) or "")
end

local function add_path(plan, path)
    local kind = internal.file_kind(path)
    if path == "-" then
        usage("a script cannot be read from standard input: give its file")
    elseif not kind then
        missing(path)
    elseif kind == "folder" then
        folder_files(plan, path)
    elseif kind == "other" then
        usage("%s is neither a file nor a folder", path)
    else
        add_file(plan, path, true)
    end
end

-- A file named twice, or by itself and by its folder, runs once.
local function drop_repeated(plan)
    local seen, files = {}, {}
    for _, file in ipairs(plan.files) do
        local path = file.path:gsub("/%./", "/"):gsub("^%./", ""):gsub("//+", "/")
        if seen[path] then
            plan.notes[#plan.notes + 1] = file.path .. " is given twice and runs once"
        else
            seen[path] = true
            files[#files + 1] = file
        end
    end
    plan.files = files
end

-- --- arguments ---

local function add_axis(plan, axis)
    for _, other in ipairs(plan.axes) do
        if other.name == axis.name then
            usage("argument '%s' is given twice; several values are written %s=a,b", axis.name, axis.name)
        end
    end
    plan.axes[#plan.axes + 1] = axis
end

local function name_files(files)
    if #files > 3 then
        return ("%s and %d more files have"):format(files[1], #files - 1)
    end
    return table.concat(files, ", ") .. (#files == 1 and " has" or " have")
end

-- Every name some file declares.
local function all_names(plan)
    local names = {}
    for _, file in ipairs(plan.files) do
        for name in pairs(file.takes or {}) do
            names[name] = true
        end
    end
    return sorted_names(names)
end

local function check_axis(plan, axis)
    local without = {}
    for _, file in ipairs(plan.files) do
        if file.takes and not file.takes[axis.name] then
            without[#without + 1] = file.path
        end
    end
    if #without == 0 then
        return
    elseif #without == #plan.files then
        local names = all_names(plan)
        local near = hint(axis.name, names)
        usage("%s no argument '%s'%s %s", name_files(without), axis.name, near ~= "" and near or ";",
            (#without == 1 and "it takes " or "there are ") .. (#names > 0 and table.concat(names, ", ") or "none"))
    end
    plan.notes[#plan.notes + 1] = ("%s no argument '%s' and %s without it"):format(name_files(without), axis.name,
        #without == 1 and "runs" or "run")
end

-- --- runs ---

local function axes_of(plan, file)
    local axes = {}
    for _, axis in ipairs(plan.axes) do
        if not file.takes or file.takes[axis.name] then
            axes[#axes + 1] = axis
        end
    end
    return axes
end

local function add_runs(plan, file)
    local axes = axes_of(plan, file)
    local n, why = sweep.count(axes)
    if not n then
        usage("%s", why)
    end
    for _, pairs_of_run in ipairs(sweep.product(axes)) do
        local run = { file = file.path, words = {}, given = {} }
        for i, pair in ipairs(pairs_of_run) do
            run.words[i] = pair.name .. "=" .. pair.value
            run.given[pair.name] = pair.value
        end
        run.name = table.concat({ file.path, table.unpack(run.words) }, " ")
        plan.runs[#plan.runs + 1] = run
    end
end

local function add_word(plan, word)
    local axis, wrong = sweep.axis(word)
    if wrong then
        usage("%s", wrong)
    elseif axis then
        add_axis(plan, axis)
    else
        add_path(plan, word)
    end
end

-- Words without options -> { runs = { { name, file, words, given } }, notes = lines }. Raises usage errors.
local function make(words)
    local plan = { files = {}, modules = {}, axes = {}, notes = {}, runs = {} }
    for _, word in ipairs(words) do
        add_word(plan, word)
    end
    if #plan.files == 0 then
        usage("nothing to run: give files or folders, as in  luma batch pipelines/01_normalize.lua epochs=1,5")
    end
    drop_repeated(plan)
    if #plan.modules > 0 then
        local paths = {}
        for i, file in ipairs(plan.modules) do
            paths[i] = file.path
        end
        plan.notes[#plan.notes + 1] = "modules are left out: " .. table.concat(paths, ", ")
    end
    for _, axis in ipairs(plan.axes) do
        check_axis(plan, axis)
    end
    for _, file in ipairs(plan.files) do
        add_runs(plan, file)
    end
    return plan
end

return { make = make }
