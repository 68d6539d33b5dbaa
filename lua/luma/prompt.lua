-- The prompt: what a text typed there means, and running it.
--
-- A text is tried as an expression first, whose values are shown and kept in `_`, then as a statement.
-- A local of the outermost level would end with its text, so there `local` is left out: the variable
-- lives as long as the session, as people who paste lines of a file expect. What ran is remembered for
-- :save. A pasted text that is no chunk as a whole (an expression among statements) runs piece by piece.

local tokens = require "luma.tokens"

local prompt = { entries = {} }

local CHUNK = "=(input)"

-- Whether the message of `load` says that the text ended too early. A quoted string ends with its line.
local function is_unfinished(message)
    return message ~= nil and message:find "<eof>'?$" ~= nil and not message:find "unfinished string"
end

-- The names of a `local` at token `at`: index of the token behind them, list of attributes.
local function local_names(list, at)
    local attributes = {}
    local i = at + 1
    while list[i] and list[i].kind == "name" do
        i = i + 1
        if list[i] and list[i].text == "<" and list[i + 2] and list[i + 2].text == ">" then
            attributes[#attributes + 1] = { list[i].first, list[i + 2].last }
            i = i + 3
        end
        if not (list[i] and list[i].text == ",") then
            break
        end
        i = i + 1
    end
    return i, attributes
end

-- The text with `local` of the outermost level made an assignment to globals; every other character
-- stays at its place. Second: the names.
function prompt.without_locals(text)
    local list = tokens.words(text)
    local parts, names = {}, {}
    local depth, at = 0, 1
    local function keep(last)
        parts[#parts + 1] = text:sub(at, last)
        at = last + 1
    end
    local function blank(first, last)
        keep(first - 1)
        parts[#parts + 1] = (" "):rep(last - first + 1)
        at = last + 1
    end
    for i, token in ipairs(list) do
        depth = depth + tokens.deeper(token)
        local following = list[i + 1]
        if depth == 0 and token.kind == "keyword" and token.text == "local" and following then
            blank(token.first, token.last)
            if following.text == "function" then
                names[#names + 1] = list[i + 2] and list[i + 2].text
            else
                local behind, attributes = local_names(list, i)
                for k = i + 1, behind - 1 do
                    names[#names + 1] = list[k].kind == "name" and list[k - 1].text ~= "<" and list[k].text or nil
                end
                for _, range in ipairs(attributes) do
                    blank(range[1], range[2])
                end
                if not (list[behind] and list[behind].text == "=") and behind > i + 1 then
                    keep(list[behind - 1].last)
                    parts[#parts + 1] = " = nil"
                end
            end
        end
    end
    keep(#text)
    return table.concat(parts), names
end

-- A piece that can be run, or nil and the message of the syntax error. It stands behind `n_lines` others.
local function compile(text, n_lines)
    local above = ("\n"):rep(n_lines or 0)
    local chunk, message = load(above .. "return " .. text, CHUNK, "t")
    if chunk then
        return { text = text, chunk = chunk, is_expression = true }
    elseif is_unfinished(message) then
        return nil, message
    end
    -- The message is about what was typed.
    chunk, message = load(above .. text, CHUNK, "t")
    if not chunk then
        return nil, message
    end
    return { text = text, chunk = load(above .. prompt.without_locals(text), CHUNK, "t") or chunk }
end

-- The text line by line, each piece as short as it can be: for what is no chunk as a whole.
local function compile_lines(text)
    local pieces = {}
    local waiting, message
    local n_before, n = 0, 0
    for line in (text .. "\n"):gmatch "(.-)\n" do
        waiting = waiting and waiting .. "\n" .. line or line
        local piece
        n = n + 1
        piece, message = compile(waiting, n_before)
        if piece then
            pieces[#pieces + 1] = piece
            waiting, n_before = nil, n
        elseif not is_unfinished(message) then
            return nil, #pieces > 0 and message or nil
        end
    end
    if waiting then
        return nil, message
    end
    return pieces
end

-- A list of pieces, or nil and a message.
function prompt.compile(text)
    local piece, message = compile(text)
    if piece then
        return { piece }
    end
    local pieces, why
    if text:find "\n" then
        pieces, why = compile_lines(text)
    end
    return pieces, why or message
end

local function is_command(text)
    return text:find "^%s*%?" or text:find "^%s*:[^:]" or text:find "^%s*:%s*$" or text:find "^%s*[%w_.:]+%?%s*$"
end

-- Whether the text waits for more lines.
function prompt.wants_more(text)
    if is_command(text) then
        return false
    end
    local pieces, message = prompt.compile(text)
    return not pieces and is_unfinished(message)
end

-- --- running ---

local made -- names of globals that the functions of the running piece made

-- For strict.lua: a function made a global variable.
function prompt.note_global(name)
    if made then
        made[#made + 1] = name
    end
end

local function finish(piece, ...)
    local n = select("#", ...)
    piece.made, made = made, nil
    piece.n_values = n
    if n > 0 then
        rawset(_G, "_", (...))
        local show = require "luma.show"
        piece.is_plain = show.is_plain(...)
        show.print(...)
    end
    piece.chunk = nil
    prompt.entries[#prompt.entries + 1] = piece
end

-- Runs what was typed; errors are raised.
function prompt.run(text)
    if is_command(text) then
        return require "luma.prompt_commands".run(text)
    end
    local pieces, message = prompt.compile(text)
    if not pieces then
        error(message, 0)
    end
    for _, piece in ipairs(pieces) do
        made = {}
        finish(piece, piece.chunk())
    end
end

-- A file that ran before the first prompt.
function prompt.begin_with(path, words, is_good)
    prompt.file = { path = path, words = words, is_good = is_good }
end

-- --- Enter ---

local function last_line(text)
    return text:match "([^\n]*)$"
end

-- How much the line that follows `before` is indented: like its last line, one step more where that
-- opened a block, none inside a long string.
local function indent_after(before)
    local indent = last_line(before):match "^ *"
    local list = tokens.list(before)
    local last = list[#list]
    if last and last.is_open then
        return ""
    end
    local depth, first = 0, #before - #last_line(before) + 1
    for _, token in ipairs(list) do
        if token.first >= first then
            depth = math.max(depth, 0) + tokens.deeper(token)
            if token.kind == "keyword" and (token.text == "else" or token.text == "elseif") then
                depth = depth + 1
            end
        end
    end
    return indent .. (depth > 0 and "    " or "")
end

-- How many characters the line that ends `before` is too far to the right: "end" and the like belong
-- below what they close.
local function outdent(before)
    local indent, word = last_line(before):match "^( *)(%S+)"
    if not word or #indent < 4 then
        return 0
    end
    local is_close = word:find "^[%]})]" or word == "else" or word == "elseif" or word == "until"
        or word:find "^end[%s,;)}]*$"
    if not is_close then
        return 0
    end
    local previous = before:sub(1, #before - #last_line(before) - 1)
    return math.max(0, #indent - math.max(0, #indent_after(previous) - 4))
end

-- The key Enter with the cursor behind byte number `cursor`: the new text's two parts, before and behind
-- the cursor, and whether the text shall run.
function prompt.enter(text, cursor)
    local before, behind = text:sub(1, cursor), text:sub(cursor + 1)
    local is_whole = not prompt.wants_more(text)
    local n = outdent(before)
    if n > 0 then
        local first = #before - #last_line(before)
        before = before:sub(1, first) .. before:sub(first + n + 1)
    end
    if is_whole then
        return before, behind, true
    end
    return before .. "\n" .. indent_after(before), behind, false
end

return prompt
