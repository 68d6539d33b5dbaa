-- exit: 4
-- says: load_foreign.lua:8: luma.load: notes.txt: not a safetensors file: a header of 8675467939688574835 bytes, at most 100000000 are allowed
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("notes.txt", ("some text, not a model. "):rep(20))
local model = luma.load "notes.txt"
