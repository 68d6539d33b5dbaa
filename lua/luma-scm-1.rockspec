-- For LuaRocks: the module alone, for programs with Lua 5.4. In a clone of the repository:
--     luarocks --lua-version 5.4 make lua/luma-scm-1.rockspec
rockspec_format = "3.0"
package = "luma"
version = "scm-1"
source = {
    url = "git+file://.",
}
description = {
    summary = "Scales images just in time and trains small convolutional networks on them",
    detailed = [[
luma reads image sets, scales and augments their pixels at the moment a network asks for them, and trains
small networks, with the same bits on every run and machine. Needs gcc or clang, make, pkg-config and the
headers of zlib, minizip, jansson, lapacke and stb (`make deps` installs them on Debian).]],
    license = "unspecified",
}
supported_platforms = { "linux" }
dependencies = {
    "lua >= 5.4, < 5.5",
}
-- LuaRocks' own CFLAGS stay behind (it warns of that): their -O2 would undo the Makefile's -O3.
build = {
    type = "make",
    build_target = "module",
    build_variables = {
        LUA_CFLAGS = "-I$(LUA_INCDIR)",
    },
    install_target = "install-module",
    install_variables = {
        LUA_CFLAGS = "-I$(LUA_INCDIR)",
        LUA_LIBDIR = "$(LIBDIR)",
    },
}
