-- What an evaluation says: confusion matrix, figures of each class, the images that were taken for
-- something else; and the sheets of images, each with its own words.

local lists = require "luma.html_lists"
local palette = require "luma.palette"
local svg = require "luma.svg"
local text = require "luma.html_text"

local evaluation = {}

local get, raw = text.get, text.raw

-- A matrix of more classes is a list of its largest mistakes.
local MATRIX_MAX <const> = 128
local MISTAKES <const> = 6
-- Pixels between the images of a sheet (src/tensor/sheet.h).
local GAP <const> = 2

-- --- reading ---

-- Rows of counts, as many as each has columns, or nil.
local function matrix_of(e)
    local rows = text.list(e, "confusion")
    for _, row in ipairs(rows) do
        for j = 1, #rows do
            if not svg.is_finite(row[j]) or row[j] < 0 then
                return nil
            end
        end
    end
    return #rows > 1 and rows or nil
end

local function class_name(classes, label)
    local name = classes and classes[label + 1]
    return name ~= nil and text.value(name) or text.value(label)
end

local function row_sum(row, n)
    local sum = 0
    for j = 1, n do
        sum = sum + row[j]
    end
    return sum
end

-- { class, predicted, count } of what lies beside the diagonal, most first.
local function mistakes(rows)
    local all = {}
    for i, row in ipairs(rows) do
        for j = 1, #rows do
            if i ~= j and row[j] > 0 then
                all[#all + 1] = { i - 1, j - 1, row[j] }
            end
        end
    end
    table.sort(all, function(a, b)
        return a[3] > b[3] or a[3] == b[3] and (a[1] < b[1] or a[1] == b[1] and a[2] < b[2])
    end)
    return all
end

-- --- the matrix ---

local function put_mistakes(page, rows, classes)
    local all, parts = mistakes(rows), {}
    for i = 1, math.min(#all, MISTAKES) do
        local m = all[i]
        parts[i] = ("%s taken for %s (%s)"):format(class_name(classes, m[1]), class_name(classes, m[2]),
            svg.commas(m[3]))
    end
    page:put('<p class="small">%s</p>\n', #all == 0 and "No image was taken for another class." or
        "Most often: " .. table.concat(parts, ", ") .. ".")
end

-- Shades go by the share of the true class; for mistakes the first tenths are told apart.
local function cell(i, j, count, sum)
    if count == 0 then
        return '<td class="zero">0</td>'
    end
    local share = count / sum
    local step = math.ceil((i == j and share or math.min(1, 4 * share)) * palette.steps)
    return ('<td class="%s%d%s">%s</td>'):format(i == j and "r" or "w", step, i == j and " diagonal" or "",
        svg.commas(count))
end

local function put_matrix(page, rows, classes)
    lists.open_box(page, "Confusion matrix", #rows > 24 and "box tall")
    page:put('<table class="matrix"><caption>Rows are the true class, columns what was predicted; shades are shares '
        .. 'of the row.</caption><thead><tr><th scope="col" class="corner">true ╲ predicted</th>')
    for j = 1, #rows do
        page:put('<th scope="col">%s</th>', class_name(classes, j - 1))
    end
    page:put "</tr></thead><tbody>\n"
    for i, row in ipairs(rows) do
        local sum, cells = row_sum(row, #rows), {}
        for j = 1, #rows do
            cells[j] = cell(i, j, row[j], sum)
        end
        page:put('<tr><th scope="row">%s</th>%s</tr>\n', class_name(classes, i - 1), raw(table.concat(cells)))
    end
    page:put "</tbody></table></div>\n"
end

-- --- classes ---

local function share(part, whole)
    return whole > 0 and part / whole or nil
end

local function percent(value)
    return value and svg.percent(value) or "–"
end

local function meter(value)
    return raw(('<span class="meter" aria-hidden="true"><i style="width:%.1f%%"></i></span>'):format(
        100 * (value or 0)))
end

local class_columns = { { "class", "name" }, { "precision", "n" }, { "recall", "n" }, { "F1", "n" }, { "images", "n" } }

local function put_classes(page, rows, classes)
    local predicted = {}
    for j = 1, #rows do
        predicted[j] = 0
        for i = 1, #rows do
            predicted[j] = predicted[j] + rows[i][j]
        end
    end
    lists.open_box(page, "Figures of each class")
    lists.head(page, "Of each class: how many of those predicted are right, how many of those there are were found, "
        .. "and their harmonic mean.", class_columns)
    for i, row in ipairs(rows) do
        local count = row_sum(row, #rows)
        local precision, recall = share(row[i], predicted[i]), share(row[i], count)
        local f1 = share(2 * row[i], predicted[i] + count)
        page:put('<tr><th scope="row" class="name">%s</th><td class="n">%s</td><td class="n">%s</td>'
            .. '<td class="n">%s%s</td><td class="n">%s</td></tr>\n', class_name(classes, i - 1), percent(precision),
            percent(recall), percent(f1), meter(f1), svg.commas(count))
    end
    page:put "</tbody></table></div>\n"
end

-- --- sheets of images ---

-- Bytes, width and height of a PNG file of the run that the budget of the page allows, or nil. Those that are
-- in the page already cost nothing.
local function picture(page, run, name)
    local bytes = text.read(run, name)
    if not bytes or bytes:sub(1, 8) ~= "\137PNG\r\n\26\n" or #bytes < 33 then
        return nil
    elseif page.sheet_of[bytes] then
        return bytes, string.unpack(">I4I4", bytes, 17)
    elseif page.picture_bytes + #bytes > page.PICTURES_MAX then
        page.n_left_out = page.n_left_out + 1
        return nil
    end
    page.picture_bytes = page.picture_bytes + #bytes
    return bytes, string.unpack(">I4I4", bytes, 17)
end

local function uri(bytes)
    return raw("data:image/png;base64," .. require "luma.internal".base64(bytes))
end

-- One sheet: an image once, a window on it and words for each part. words(i): caption, spoken.
function evaluation.sheet(page, run, o)
    local bytes, width, height = picture(page, run, o.name)
    if not bytes then
        return
    end
    page:put('<h4>%s</h4>\n<figure class="sheet"><figcaption>%s</figcaption>', o.title, o.text)
    if not o.columns or o.n == 0 then
        page:put('<img alt="%s" src="%s" width="%d" height="%d"></figure>\n', o.title, uri(bytes), width, height)
        return
    end
    local id = page.sheet_of[bytes]
    if not id then
        page.n_sheets = page.n_sheets + 1
        id, page.sheet_of[bytes] = page.n_sheets, page.n_sheets
        page:put('<svg class="store" aria-hidden="true"><defs><image id="sheet-%d" width="%d" height="%d" href="%s"/>'
            .. "</defs></svg>", id, width, height, uri(bytes))
    end
    local w = (width + GAP) / o.columns
    local h = (height + GAP) / math.ceil(o.n / o.columns)
    page:put "<ul>"
    for i = 1, o.n do
        local caption, spoken = o.words(i)
        page:put('<li><svg viewBox="%s %s %s %s" role="img" aria-label="%s"><use href="#sheet-%d"/></svg>%s</li>\n',
            svg.at((i - 1) % o.columns * w), svg.at((i - 1) // o.columns * h), svg.at(w - GAP), svg.at(h - GAP), spoken,
            id, caption)
    end
    page:put "</ul></figure>\n"
end

local function put_wrong(page, run, e)
    local wrong, classes = text.list(e, "wrong"), get(e, "classes", "table")
    evaluation.sheet(page, run, { name = e.sheet, columns = get(e, "sheet_columns", "number"), n = #wrong,
        title = "Images taken for another class",
        text = "True class → predicted class; the first of them, as in the files.",
        words = function(i)
            local w = wrong[i]
            local label = class_name(classes, get(w, "label", "number") or 0)
            local predicted = class_name(classes, get(w, "predicted", "number") or 0)
            return label .. " → " .. predicted,
                ("image %s: true %s, predicted %s"):format(text.value(w.index), label, predicted)
        end })
end

-- --- all of it ---

local function summary(e)
    local parts = { get(e, "dataset", "string") }
    local correct, count = get(e, "correct", "number"), get(e, "judged", "number") or get(e, "count", "number")
    local accuracy, loss = get(e, "accuracy", "number"), get(e, "loss", "number")
    parts[#parts + 1] = correct and count and ("%s of %s right"):format(svg.commas(correct), svg.commas(count)) or nil
    parts[#parts + 1] = accuracy and ("accuracy " .. svg.percent(accuracy)) or nil
    parts[#parts + 1] = loss and ("loss " .. svg.number(loss, 4)) or nil
    return table.concat(parts, " · ")
end

function evaluation.put(page, run, e)
    local rows, classes = matrix_of(e), get(e, "classes", "table")
    page:put('<h4>Evaluation: %s</h4>\n<p class="quiet small">%s</p>\n', get(e, "title", "string") or "", summary(e))
    if rows then
        put_mistakes(page, rows, classes)
        if #rows <= MATRIX_MAX then
            put_matrix(page, rows, classes)
        else
            page:put('<p class="quiet small">A confusion matrix of %d classes is not drawn (at most %d).</p>\n', #rows,
                MATRIX_MAX)
        end
        page:put('<details class="fold"%s><summary>Figures of each class</summary>\n',
            raw(#rows <= 20 and " open" or ""))
        put_classes(page, rows, classes)
        page:put "</details>\n"
    end
    put_wrong(page, run, e)
end

return evaluation
