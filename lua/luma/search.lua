-- The names whose docs speak of a word: search(docs, words) -> list. Case does not matter; of several
-- words all must occur. Names that contain the word alone, where there are some.

local MAX = 30
local SHORTEST = 3 -- letters: less occurs everywhere

local function all_in(text, words)
    for _, word in ipairs(words) do
        if not text:find(word, 1, true) then
            return false
        end
    end
    return true
end

local function text_of(doc)
    local parts = { doc.signature or "", doc.text or "" }
    for _, option in ipairs(doc.options or {}) do
        parts[#parts + 1] = option.name
        parts[#parts + 1] = option.text
    end
    return table.concat(parts, "\n"):lower()
end

return function(docs, query)
    local words = {}
    for word in query:lower():gmatch "%S+" do
        words[#words + 1] = word
    end
    local in_names, in_texts = {}, {}
    for name, doc in pairs(#query >= SHORTEST and docs or {}) do
        if all_in(name:lower(), words) then
            in_names[#in_names + 1] = name
        elseif all_in(text_of(doc), words) then
            in_texts[#in_texts + 1] = name
        end
    end
    local found = #in_names > 0 and in_names or in_texts
    table.sort(found)
    return table.move(found, 1, math.min(#found, MAX), 1, {})
end
