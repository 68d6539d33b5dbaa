-- Whole files as text.

local files = {}

-- The bytes of a file; nil and why not ("f.lua: No such file or directory") where there is none that can be read, as
-- of a folder.
function files.read(path)
    local file <close>, why = io.open(path, "rb")
    if not file then
        return nil, why
    end
    return file:read "a"
end

return files
