std = "lua54"
max_line_length = 110
read_globals = { "luma" }
