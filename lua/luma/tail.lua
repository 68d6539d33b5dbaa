-- The last lines of a file of any size, made fit to be shown: of what a program printed, valid UTF-8 text without
-- colours, moves of the cursor or other control codes.

local json = require "luma.json"

-- Twenty lines of a terminal are well below it; of a file without line ends this much is looked at.
local BYTES_MAX = 64 * 1024
local LINE_MAX = 400

local function read_end(path)
    local file <close> = io.open(path, "rb")
    local size = file and file:seek "end" or 0
    if size == 0 then
        return ""
    end
    file:seek("set", math.max(0, size - BYTES_MAX))
    local text = file:read "a" or ""
    -- A line whose beginning was left out.
    return size > BYTES_MAX and text:match "^[^\n]*\n(.*)$" or text
end

local function clean(line)
    line = line:gsub("\27%[[%d;:<=>?]*[ -/]*[@-~]", ""):gsub("\27%][^\7\27]*\7?", ""):gsub("\27.?", "")
    -- What a returned carriage overwrote was not to stay.
    line = line:gsub("\r+$", ""):gsub("^.*\r", ""):gsub("\t", "    ")
    line = json.utf8(line:gsub("%c", ""):sub(1, LINE_MAX + 4)):gsub("\xC2[\x80-\x9F]", "")
    if #line > LINE_MAX then
        local n = utf8.offset(line, 0, LINE_MAX)
        line = line:sub(1, n - 1) .. "..."
    end
    return line
end

-- At most n lines, empty ones at the end left out.
return function(path, n)
    local lines = {}
    for line in read_end(path):gsub("%s+$", ""):gmatch "[^\n]*" do
        lines[#lines + 1] = line
    end
    local last = {}
    for i = math.max(1, #lines - n + 1), #lines do
        last[#last + 1] = clean(lines[i])
    end
    return #last == 1 and last[1] == "" and {} or last
end
