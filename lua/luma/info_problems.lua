-- What is suspicious in sets that were measured: lines for the report's `problems`. Equal images are found by
-- their digests; two of them are compared before anything is said.

local text = require "luma.info_text"

local problems = {}

-- Largest class to smallest above which a network tends to neglect the small one.
local UNEVEN <const> = 5
local NAMES_MAX <const> = 5

local function named(set)
    return set.part and set.part .. ": " or ""
end

local function list_some(names)
    local shown = { table.unpack(names, 1, NAMES_MAX) }
    local more = #names - #shown
    return table.concat(shown, ", ") .. (more > 0 and (" and %s more"):format(text.commas(more)) or "")
end

-- --- classes ---

local function missing(set)
    local names = {}
    for _, class in ipairs(set.classes) do
        names[#names + 1] = class.count == 0 and text.clean(class.name, 30) or nil
    end
    return names
end

-- Labels far above the others make classes that nobody has: 0..9 and 255.
local function stray(set)
    local last = set.classes[#set.classes]
    local n_missing = #missing(set)
    return n_missing > 0 and n_missing >= #set.classes // 2 and last.name == tostring(last.label) and last
end

local function check_classes(add, set)
    local names = missing(set)
    local low, high
    for _, class in ipairs(set.classes) do
        if class.count > 0 then
            low = (not low or class.count < low.count) and class or low
            high = (not high or class.count > high.count) and class or high
        end
    end
    if not high then
        return
    end
    local far = stray(set)
    if far then
        add("%slabels reach %d, but %s of the classes 0 to %d have no image: is %d a label?", named(set), far.label,
            text.commas(#names), far.label, far.label)
    elseif #names > 0 then
        add("%sno image of %s %s", named(set), #names == 1 and "class" or "classes", list_some(names))
    end
    if low == high and #set.classes > 1 and #names == #set.classes - 1 then
        add("%sall images are of class %s", named(set), text.clean(high.name, 30))
    elseif high.count >= UNEVEN * low.count then
        add("%sclasses are uneven: %s has %s, %s has %s; accuracy alone will not show whether %s is learned",
            named(set), text.clean(high.name, 30), text.count(high.count, "image"), text.clean(low.name, 30),
            text.commas(low.count), text.clean(low.name, 30))
    end
end

-- --- pixels ---

local function check_pixels(add, note, set)
    local p = set.pixels
    if not p then
        return
    end
    if p.min ~= p.min then
        add("%ssome pixels are NaN: a network that sees one is NaN for good", named(set))
    elseif p.max == math.huge or p.min == -math.huge then
        add("%ssome pixels are infinite", named(set))
    elseif p.min == p.max then
        add("%sall pixels of all images are %g", named(set), p.min)
    elseif set.dtype == "f32" and p.min >= 0 and p.max <= 1 then
        note("%sfloats from %g to %g: scaled already, luma.rescale(1/255) would make them tiny", named(set), p.min,
            p.max)
    elseif set.dtype == "u8" and p.max == 1 then
        note("%spixels are 0 or 1: luma.rescale(1/255) would make them tiny", named(set))
    end
    if (p.constant_positions or 0) > 0 and (not set.part or set.part == "train") then
        note("%s%s of %s pixel positions never change: centering by pixel is fine, dividing by their std is not",
            named(set), text.commas(p.constant_positions), text.commas(p.positions))
    end
end

-- --- equal images ---

local function is_same(a, i, b, j)
    return a.ds:image(i):equal(b.ds:image(j))
end

local function label_of(look, i)
    local is_good, label = pcall(look.ds.label, look.ds, i)
    return is_good and math.type(label) == "integer" and label or nil
end

local function place(look, i)
    return look.ds:file(i) or ("image %d"):format(i)
end

-- Constant images are equal to each other and reported as constant.
local function first_places(look, constant)
    local first = {}
    for i = #look.digests, 1, -1 do
        first[look.digests[i]] = not constant[i] and i or first[look.digests[i]]
    end
    return first
end

local function set_of(list)
    local set = {}
    for _, i in ipairs(list) do
        set[i] = true
    end
    return set
end

local function check_equal(add, set, look)
    local constant = set_of(look.constant)
    local first, n, n_labels, example = first_places(look, constant), 0, 0, nil
    for i, digest in ipairs(look.digests) do
        local j = first[digest]
        if not constant[i] and j < i and is_same(look, i, look, j) then
            n = n + 1
            local differs = label_of(look, i) ~= label_of(look, j)
            n_labels = n_labels + (differs and 1 or 0)
            example = (not example or differs and n_labels == 1) and { j, i } or example
        end
    end
    set.duplicates, set.duplicates_other_label = n, n_labels
    if n > 0 then
        add("%s%s equal to an earlier one%s, as %s and %s", named(set), n == 1 and "1 image is" or
            text.count(n, "image") .. " are", n_labels > 0 and (", %s of them with another label"):format(
            text.commas(n_labels)) or "", place(look, example[1]), place(look, example[2]))
    end
    if #look.constant > 0 and #look.digests > 1 then
        set.constant_images = #look.constant
        add("%s%s nothing but one colour, as %s", named(set), #look.constant == 1 and "1 image shows" or
            text.count(#look.constant, "image") .. " show", place(look, look.constant[1]))
    end
end

-- Images of the second set that the first one has too.
local function check_leak(add, a, b, look_a, look_b)
    local first, n, example = first_places(look_a, set_of(look_a.constant)), 0, nil
    local constant = set_of(look_b.constant)
    for i, digest in ipairs(look_b.digests) do
        local j = first[digest]
        if j and not constant[i] and is_same(look_a, j, look_b, i) then
            n = n + 1
            example = example or { j, i }
        end
    end
    b.shared_with_train = n
    if n > 0 then
        add("%s of %s in %s too, as %s in %s: a test of images that were trained on says too much",
            n == 1 and "1 image" or text.count(n, "image"), b.part .. (n == 1 and " is" or " are"), a.part,
            place(look_b, example[2]), b.part)
    end
end

-- --- sets beside each other ---

local function check_together(add, a, b)
    if a.shape and b.shape and text.shape(a.shape) ~= text.shape(b.shape) then
        add("images of %s are %s, those of %s %s", a.part, text.shape(a.shape), b.part, text.shape(b.shape))
    end
    if #a.classes > 0 and #b.classes > 0 and #a.classes ~= #b.classes then
        add("%s has %s, %s has %s", a.part, text.count(#a.classes, "class", "classes"), b.part,
            text.count(#b.classes, "class", "classes"))
    end
end

-- `looks`, beside `sets`, is what facts.of gives as its second value.
function problems.find(report, sets, looks)
    local function add(fmt, ...)
        report.problems[#report.problems + 1] = fmt:format(...)
    end
    local function note(fmt, ...)
        report.notes[#report.notes + 1] = fmt:format(...)
    end
    for i, set in ipairs(sets) do
        check_classes(add, set)
        check_pixels(add, note, set)
        if looks[i] then
            check_equal(add, set, looks[i])
        end
        if i > 1 and sets[1].part == "train" and set.part then
            check_together(add, sets[1], set)
            if looks[1] and looks[i] then
                check_leak(add, sets[1], set, looks[1], looks[i])
            end
        end
    end
end

return problems
