std = "lua54"
max_line_length = 120
globals = { "luma" }
-- A loop left in its first turn is how one takes the first of something.
ignore = { "512" }
