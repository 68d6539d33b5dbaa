/* The table of commands as the Lua side sees it: require "luma.commands".
 *
 * A list of { name, usage, text, options = { { name, value, form, text, is_optional, choices }, ...
 * } }, with the fields variables and exit_codes, lists of { name, text }. The manual page and the
 * completions of shells are made of it.
 */
#ifndef LC_COMMANDS_H
#define LC_COMMANDS_H

#include <lua.h>

/* The module's loader. */
int lc_commands_open(lua_State *L);

#endif
