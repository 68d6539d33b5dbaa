-- Sets of image files: what their headers say, and the pixels of as many as a second or two allows. Both are
-- bounded by counts, not by a clock, so that the same folder gives the same report.

local json = require "luma.json"
local luma = require "luma"
local sets = require "luma.info_sets"
local text = require "luma.info_text"

local pictures = {}

-- About 30 us a header and 20 ns a pixel.
local HEADERS_MAX <const>, DECODED_MAX <const>, PIXELS_MAX <const> = 20000, 5000, 40e6
local DAMAGED_SHOWN <const> = 3

-- n of them, evenly apart, the first one included.
local function spread(files, n)
    if #files <= n then
        return files
    end
    local list = {}
    for k = 0, n - 1 do
        list[k + 1] = files[k * #files // n + 1]
    end
    return list
end

local function count_in(counts, key)
    counts[key] = (counts[key] or 0) + 1
end

-- Keys with their counts, the most frequent first.
local function ranked(counts)
    local keys = {}
    for key in pairs(counts) do
        keys[#keys + 1] = key
    end
    table.sort(keys, function(a, b) return counts[a] > counts[b] or counts[a] == counts[b] and a < b end)
    return keys
end

local function list_counts(counts, one_text)
    local keys, parts = ranked(counts), {}
    for i = 1, math.min(#keys, 4) do
        parts[i] = #keys == 1 and (one_text or "%s"):format(keys[i])
            or ("%s %s"):format(text.commas(counts[keys[i]]), keys[i])
    end
    return table.concat(parts, ", ") .. (#keys > 4 and (" and %d more"):format(#keys - 4) or "")
end

local function new_seen()
    return { formats = {}, sizes = {}, channels = {}, n = 0, n_turned = 0, n_deep = 0, damaged = {}, good = {},
        areas = {} }
end

local channel_names = { "gray", "gray with alpha", "colour", "colour with alpha" }

local function note_damage(seen, path, e)
    seen.damaged[#seen.damaged + 1] = { file = path, reason = sets.reason(e), is_whole = e.code ~= "EFORMAT" }
end

local function read_headers(seen, files)
    for _, path in ipairs(files) do
        local is_good, info = pcall(luma.image.info, path)
        if is_good then
            local h, w = info.height, info.width
            if info.orientation >= 5 then
                h, w = w, h
            end
            seen.n = seen.n + 1
            seen.good[seen.n], seen.areas[path] = path, h * w
            count_in(seen.formats, info.format)
            count_in(seen.sizes, h .. "x" .. w)
            count_in(seen.channels, channel_names[info.channels])
            seen.n_turned = seen.n_turned + (info.orientation > 1 and 1 or 0)
            seen.n_deep = seen.n_deep + (info.depth == 16 and 1 or 0)
            seen.low_h, seen.high_h = math.min(seen.low_h or h, h), math.max(seen.high_h or h, h)
            seen.low_w, seen.high_w = math.min(seen.low_w or w, w), math.max(seen.high_w or w, w)
            seen.pixels = (seen.pixels or 0) + h * w
        else
            note_damage(seen, path, info)
        end
    end
end

-- --- pixels ---

-- Images of any sizes: their pixels count, not their places.
local function add_pixels(stats, image)
    local shape = image.shape
    stats:add(image:reshape{ shape[1] * shape[2], 1, 1, shape[3] })
end

local function finish_pixels(all, by, n)
    local pixels = { images = n, min = math.tointeger(all.min), max = math.tointeger(all.max), mean = all.mean,
        std = all.std }
    if by then
        pixels.channels = { mean = json.array(by.mean:table()), std = json.array(by.std:table()) }
    end
    return pixels
end

-- Decodes a sample: statistics (nil where all are damaged), damage, images of one colour, equal files.
local function decode(seen)
    local is_gray = seen.channels.gray == seen.n
    local n = math.max(1, math.min(DECODED_MAX, math.floor(PIXELS_MAX * seen.n / seen.pixels)))
    local all = luma.stats()
    local by = not is_gray and luma.stats{ axis = "channel" } or nil
    local first = {}
    seen.decoded, seen.constant, seen.equal, seen.in_part = 0, {}, {}, n < seen.n_files
    local left = 2 * PIXELS_MAX
    seen.n_tried = 0
    for _, path in ipairs(spread(seen.good, n)) do
        left = left - seen.areas[path]
        if left < 0 and seen.n_tried > 0 then
            seen.in_part = true
            break
        end
        seen.n_tried = seen.n_tried + 1
        local is_good, image = pcall(luma.image.load, path, { color = is_gray and "gray" or "rgb", depth = 8 })
        if is_good then
            seen.decoded = seen.decoded + 1
            add_pixels(all, image)
            if by then
                add_pixels(by, image)
            end
            local digest = image:sha256() .. text.shape(image.shape)
            if image:min() == image:max() then
                seen.constant[#seen.constant + 1] = path
            else
                seen.equal[#seen.equal + 1] = first[digest] and { first[digest], path } or nil
                first[digest] = first[digest] or path
            end
            image:close()
        else
            note_damage(seen, path, image)
        end
    end
    seen.is_gray, seen.first = is_gray, first
    return seen.decoded > 0 and finish_pixels(all, by, seen.decoded) or nil
end

-- --- the report ---

local function size_text(seen)
    if #ranked(seen.sizes) == 1 then
        return "all " .. next(seen.sizes)
    end
    return ("%dx%d to %dx%d, most often %s"):format(seen.low_h, seen.low_w, seen.high_h, seen.high_w,
        ranked(seen.sizes)[1])
end

local function say_damage(add, seen, prefix)
    for i = 1, math.min(#seen.damaged, DAMAGED_SHOWN) do
        local one = seen.damaged[i]
        add("%s%s: %s", prefix, one.is_whole and "cannot be read" or "damaged", text.clean(one.reason))
    end
    if #seen.damaged > DAMAGED_SHOWN then
        add("%s%s are so in all; on_error=\"skip\" leaves them out", prefix, text.count(#seen.damaged, "file"))
    end
end

local function say_equal(add, seen, prefix, label_of)
    local pair, n_labels = seen.equal[1], 0
    for _, candidate in ipairs(seen.equal) do
        if label_of[candidate[1]] ~= label_of[candidate[2]] then
            n_labels = n_labels + 1
            pair = n_labels == 1 and candidate or pair
        end
    end
    if pair then
        add("%s%s equal to an earlier one%s, as %s and %s", prefix, #seen.equal == 1 and "1 image is" or
            text.count(#seen.equal, "image") .. " are", n_labels > 0 and (", %s of them with another label"):format(
            text.commas(n_labels)) or "", text.clean(pair[1]), text.clean(pair[2]))
    end
    if #seen.constant > 0 then
        add("%s%s nothing but one colour, as %s", prefix, #seen.constant == 1 and "1 image shows" or
            text.count(#seen.constant, "image") .. " show", text.clean(seen.constant[1]))
    end
end

local function lines_of(seen, files, ignored)
    local lines = { ("%s: %s; sizes %s; %s"):format(seen.headers < #files and ("%s of %s headers read"):format(
        text.commas(seen.headers), text.commas(#files)) or "files", list_counts(seen.formats, "all %s"),
        size_text(seen), list_counts(seen.channels, "all %s")) }
    if seen.n_turned > 0 then
        lines[#lines + 1] = text.count(seen.n_turned, "photo") .. " turned upright as the EXIF orientation says"
    end
    if seen.n_deep > 0 then
        lines[#lines + 1] = ("%s of 16 bits a channel: depth=8 reads them"):format(text.count(seen.n_deep, "file"))
    end
    if (ignored or 0) > 0 then
        lines[#lines + 1] = text.count(ignored, "other file") .. " passed over"
    end
    return lines
end

-- Facts of the files, named `name`; `classes` as in info_facts.lua, label_of: path -> label. What is wrong goes
-- into the report. The second value compares sets.
function pictures.of(report, files, set, label_of)
    local seen = new_seen()
    local function add(fmt, ...)
        report.problems[#report.problems + 1] = fmt:format(...)
    end
    local headers = spread(files, HEADERS_MAX)
    seen.headers, seen.n_files = #headers, #files
    read_headers(seen, headers)
    local prefix = set.part and set.part .. ": " or ""
    set.count, set.files = #files, #files
    if seen.n > 0 then
        set.pixels = decode(seen)
        set.formats, set.sizes, set.lines = seen.formats, seen.sizes, lines_of(seen, files, set.ignored)
    end
    set.damaged = json.array(seen.damaged)
    set.line = ("%s: %s%s"):format(set.name, text.count(#files, "image file"),
        #set.classes > 0 and ", " .. text.count(#set.classes, "class", "classes") or "")
    say_damage(add, seen, prefix)
    if set.pixels then
        say_equal(add, seen, prefix, label_of)
    end
    return set, seen
end

-- Files of a test set that hold the pixels of one of the training set.
function pictures.compare(report, a, b, seen_a, seen_b)
    local n, example = 0, nil
    for digest, path in pairs(seen_b.first or {}) do
        local other = seen_a.first and seen_a.first[digest]
        if other then
            n = n + 1
            example = (not example or path < example[2]) and { other, path } or example
        end
    end
    b.shared_with_train = n
    if n > 0 then
        report.problems[#report.problems + 1] = ("%s of %s in %s too, as %s and %s: a test of images that were "
            .. "trained on says too much"):format(text.count(n, "image"), b.part .. (n == 1 and " is" or " are"),
            a.part, text.clean(example[2]), text.clean(example[1]))
    end
end

return pictures
