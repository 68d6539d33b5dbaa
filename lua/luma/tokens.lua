-- Lua's words: what the prompt needs to know of a text that is still being typed, or that it rewrites.
--
-- Never fails: a string or comment that does not end is one token with is_open. Comments are tokens too.

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
    until while]]):gmatch "%a+" do
    KEYWORDS[word] = true
end

local tokens = { keywords = KEYWORDS }

-- The last character of a bracket "[==[" that opens at `first`; nil where there is none.
local function long_bracket(text, first)
    local level = text:match("^%[(=*)%[", first)
    if not level then
        return nil
    end
    local _, last = text:find("]" .. level .. "]", first, true)
    return last or #text, not last
end

local function short_string(text, first)
    local quote = text:sub(first, first)
    local at = first + 1
    while at <= #text do
        local c = text:sub(at, at)
        if c == "\\" then
            at = text:match("^z%s*()", at + 1) or at + 2
        elseif c == quote then
            return at
        elseif c == "\n" then
            return at - 1, true
        else
            at = at + 1
        end
    end
    return #text, true
end

local function number(text, first)
    local exponent = text:find("^0[xX]", first) and "[pP]$" or "[eE]$"
    local _, last = text:find("^[%w.]+", first)
    if text:sub(first, last):find(exponent) then
        last = select(2, text:find("^[+-]%w*", last + 1)) or last
    end
    return last
end

local function comment(text, first)
    local last, is_open = long_bracket(text, first + 2)
    if last then
        return last, is_open
    end
    return (text:find("\n", first, true) or #text + 1) - 1
end

-- Kind, last character, is_open of the token at `first`.
local function read(text, first)
    local word = text:match("^[%a_][%w_]*", first)
    if word then
        return KEYWORDS[word] and "keyword" or "name", first + #word - 1
    elseif text:find("^%-%-", first) then
        return "comment", comment(text, first)
    elseif text:find("^[\"']", first) then
        return "string", short_string(text, first)
    elseif text:find("^%[=*%[", first) then
        return "string", long_bracket(text, first)
    elseif text:find("^%.?%d", first) then
        return "number", number(text, first)
    end
    local sign = text:match("^%.%.%.", first) or text:match("^%.%.", first) or text:match("^[=~<>]=", first)
        or text:match("^//", first) or text:match("^::", first) or text:match("^<<", first)
        or text:match("^>>", first)
    return "sign", first + (sign and #sign or 1) - 1
end

-- List of { kind = "name"|"keyword"|"string"|"number"|"sign"|"comment", text =, first =, last =, is_open = }.
function tokens.list(text)
    local list = {}
    local at = text:find "%S"
    while at do
        local kind, last, is_open = read(text, at)
        list[#list + 1] = { kind = kind, text = text:sub(at, last), first = at, last = last, is_open = is_open or nil }
        at = text:find("%S", last + 1)
    end
    return list
end

-- The same without comments.
function tokens.words(text)
    local list = {}
    for _, token in ipairs(tokens.list(text)) do
        if token.kind ~= "comment" then
            list[#list + 1] = token
        end
    end
    return list
end

-- What the change of depth by a token is: blocks and brackets alike.
local deeper = { ["function"] = 1, ["do"] = 1, ["if"] = 1, ["repeat"] = 1, ["("] = 1, ["{"] = 1, ["["] = 1,
    ["end"] = -1, ["until"] = -1, [")"] = -1, ["}"] = -1, ["]"] = -1 }

function tokens.deeper(token)
    return (token.kind == "keyword" or token.kind == "sign") and deeper[token.text] or 0
end

return tokens
