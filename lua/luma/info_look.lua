-- What a path holds, judged by content: look.at(path) gives { kind=, path=, ... } or raises what was seen
-- instead. Names count only where content has no mark of its own (TGA pictures, MNIST's four files).

local internal = require "luma.internal"
local luma = require "luma"

local look = {}

local KNOWN = "luma info knows IDX, NPY, NPZ, CIFAR and safetensors files, pictures, tables of them (CSV), "
    .. "folders of these, and recorded runs"
local HEAD = 4096

local function fail(code, path, text, ...)
    internal.raise(code, "info: " .. path:gsub("%c", "?") .. ": " .. text:format(...))
end

-- --- files ---

local CIFAR_RECORDS = { 3073, 3074 }

-- Whole records whose first labels are labels.
local function is_cifar(head, size, is_gzip)
    for _, record in ipairs(CIFAR_RECORDS) do
        local is_labels = true
        for at = 1, #head, record do
            is_labels = is_labels and head:byte(at) < (record == 3073 and 10 or 20)
        end
        if is_labels and not is_gzip and size % record == 0 then
            return true
        end
    end
    return false
end

local function is_text(head)
    return not head:find "[\0-\8\14-\31]"
end

local function is_table(head)
    local first = head:gsub("^\xef\xbb\xbf", ""):match "^[^\r\n]+"
    return first and is_text(head) and head:find "\n" and first:find "[%w_\"][,;\t][%w_\"]"
end

-- The first eight bytes say how long the header is that follows, an object of JSON: at most 100 MB.
local function is_safetensors(head)
    local n = #head > 8 and head:byte(9) == 0x7b and string.unpack("<I8", head)
    return n and n > 0 and n <= 100 * 1000 * 1000
end

local function is_idx(head)
    local kind, rank = head:match "^\0\0([\8\9\11\12\13\14])(.)"
    return kind and rank:byte() >= 1 and rank:byte() <= 8 and #head >= 4 + 4 * rank:byte()
end

local signatures = { "^\x89PNG", "^\xff\xd8\xff", "^GIF8", "^BM.*\0", "^P[1-6]%s" }

local function is_image(path, head)
    for _, signature in ipairs(signatures) do
        if head:find(signature) then
            return true
        end
    end
    return path:lower():find "%.tga$" ~= nil
end

local function hex(head)
    return (head:sub(1, 8):gsub(".", function(c) return ("%02x "):format(c:byte()) end):gsub(" $", ""))
end

local function what_else(path, head)
    if path:find "%.lua$" then
        return ("a Lua script; `luma run %s` runs it"):format(path)
    end
    return internal.guess(head)
        or is_text(head) and ("a text that begins with %q"):format(head:match "^[^\r\n]*":sub(1, 40))
        or ("unknown data that begins with the bytes %s"):format(hex(head))
end

local function file(path)
    local head, size, is_gzip = internal.head(path, HEAD)
    if not head then
        internal.raise("EIO", "info: " .. size)
    end
    local kind = is_image(path, head) and "picture" or is_idx(head) and "idx"
        or head:find "^\x93NUMPY" and "npy" or head:find "^PK\3\4" and "npz"
        or is_safetensors(head) and "safetensors" or head:find "^%s*[{[]" and is_text(head) and "json"
        or is_cifar(head, size, is_gzip) and size > 0 and "cifar"
        or not path:find "%.lua$" and not internal.guess(head) and is_table(head) and "table"
    if not kind then
        fail("EFORMAT", path, "%s. %s", size == 0 and "an empty file" or what_else(path, head), KNOWN)
    end
    return { kind = kind, path = path, head = head, size = size, is_gzip = is_gzip }
end

-- --- folders ---

local function sort_names(path)
    local names, why = internal.list_folder(path)
    if not names then
        fail("EIO", path, "%s", why)
    end
    local seen = { folders = {}, files = {} }
    for _, name in ipairs(names) do
        if not name:find "^%." then
            local kind = internal.file_kind(path .. "/" .. name)
            local list = kind == "folder" and seen.folders or seen.files
            list[#list + 1] = name
            list[name] = true
        end
    end
    return seen
end

-- "3 .txt, 1 .csv, 2 folders"
local function tally(seen)
    local counts, endings = {}, {}
    for _, name in ipairs(seen.files) do
        local ending = name:match "(%.%w+)$" or "without an ending"
        endings[#endings + 1] = not counts[ending] and ending or nil
        counts[ending] = (counts[ending] or 0) + 1
    end
    table.sort(endings, function(a, b) return counts[a] > counts[b] or counts[a] == counts[b] and a < b end)
    local parts = {}
    for i = 1, math.min(#endings, 4) do
        parts[i] = ("%d %s"):format(counts[endings[i]], endings[i])
    end
    parts[#parts + 1] = #endings > 4 and "others" or nil
    parts[#parts + 1] = #seen.folders > 0 and ("%d folder%s"):format(#seen.folders, #seen.folders > 1 and "s" or "")
        or nil
    return #parts == 0 and "it is empty" or "it holds " .. table.concat(parts, ", ")
end

local function matching(names, pattern)
    local found = {}
    for _, name in ipairs(names) do
        found[#found + 1] = name:match(pattern)
    end
    return found
end

local endings = { png = true, jpg = true, jpeg = true, bmp = true, gif = true, tga = true, pnm = true, pgm = true,
    ppm = true, pbm = true }

local function pictures_in(path, seen)
    local found = {}
    for _, name in ipairs(seen.files) do
        found[#found + 1] = endings[(name:match "%.(%w+)$" or ""):lower()] and path .. "/" .. name or nil
    end
    return found
end

-- Data sets have thousands of folders; a disk has more. Links may lead in circles: no deeper than this.
local FOLDERS_MAX, NAMES_MAX, DEPTH_MAX = 20000, 500000, 12

-- Whether looking for images everywhere below would take long.
local function is_vast(path)
    local queue, n_names = { { path, 0 } }, 0
    local at = 1
    while queue[at] do
        local here, depth = queue[at][1], queue[at][2]
        for _, name in ipairs(depth < DEPTH_MAX and internal.list_folder(here) or {}) do
            if not name:find "^%." and not endings[(name:match "%.(%w+)$" or ""):lower()] then
                n_names = n_names + 1
                if internal.file_kind(here .. "/" .. name) == "folder" then
                    queue[#queue + 1] = { here .. "/" .. name, depth + 1 }
                end
            end
        end
        if #queue > FOLDERS_MAX or n_names > NAMES_MAX then
            return true
        end
        at = at + 1
    end
    return false
end

-- Sub-folders with an image in them or below, and those without.
local function class_folders(path, seen)
    local good, empty = {}, {}
    if #seen.folders > 0 and pcall(luma.dataset.folder, { path, size = { 1, 1 } }) then
        return seen.folders, empty
    end
    for _, name in ipairs(seen.folders) do
        local is_good = pcall(luma.dataset.folder, { path, size = { 1, 1 }, classes = { name } })
        local list = is_good and good or empty
        list[#list + 1] = name
    end
    return good, empty
end

local function runs_in(path, seen)
    for _, name in ipairs(seen.folders) do
        local at = path .. "/" .. name
        if internal.file_kind(at .. "/run.json") then
            return true
        end
        local below = internal.list_folder(at) or {}
        for i = 1, math.min(#below, 100) do
            if internal.file_kind(at .. "/" .. below[i] .. "/run.json") then
                return true
            end
        end
    end
    return false
end

-- A file in the folder that is looked at by itself.
local function known_file(path, seen)
    for i = 1, math.min(#seen.files, 20) do
        local is_good, found = pcall(file, path .. "/" .. seen.files[i])
        if is_good and found.kind ~= "json" and found.kind ~= "table" then
            return found.path
        end
    end
end

local function folder(path)
    local seen = sort_names(path)
    if seen.files["run.json"] then
        return { kind = "run", path = path }
    elseif seen.folders.train and seen.folders.test then
        return { kind = "split folders", path = path }
    elseif seen.files["data_batch_1.bin"] or seen.folders["cifar-10-batches-bin"] then
        return { kind = "cifar10", path = path }
    elseif #matching(seen.files, "^emnist%-(%w+)%-train%-images") > 0 then
        return { kind = "emnist", path = path, splits = matching(seen.files, "^emnist%-(%w+)%-train%-images") }
    elseif #matching(seen.files, "^train%-images[.-]idx3") > 0 then
        return { kind = "mnist", path = path }
    elseif runs_in(path, seen) then
        fail("EFORMAT", path, "a folder of recorded runs; `luma runs` lists them, `luma info` shows one of them")
    end
    if #seen.folders > 0 and is_vast(path) then
        fail("ENOTFOUND", path, "too many folders and files to look for images in all of them; name the data set's "
            .. "own folder")
    end
    local classes, empty = class_folders(path, seen)
    local loose = pictures_in(path, seen)
    if #classes > 0 then
        return { kind = "class folders", path = path, classes = classes, empty = empty, n_loose = #loose }
    elseif #loose > 0 then
        return { kind = "pictures", path = path, files = loose }
    end
    local one = known_file(path, seen)
    fail("ENOTFOUND", path, "no data set in this folder: %s. %s", tally(seen), one
        and ("`luma info %s` looks at a file in it"):format(one) or KNOWN)
end

function look.at(path)
    local clean = #path > 1 and path:gsub("/+$", "") or path
    local kind, why = internal.file_kind(clean)
    if not kind then
        fail("ENOTFOUND", clean, "%s", why)
    elseif kind == "other" then
        fail("EIO", clean, "it is a device or pipe, a file or folder is needed")
    end
    return kind == "folder" and folder(clean) or file(clean)
end

return look
