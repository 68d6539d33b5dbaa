/* Plain arguments of functions, checked as options are (declared in options.h). */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bind/handle.h"
#include "bind/options.h"

static const char *arg_label(char *buffer, size_t size, int arg, const char *fn, const char *name)
{
    int number = strchr(fn, ':') != NULL ? arg - 1 : arg;
    snprintf(buffer, size, "argument %d (%s)", number, name);
    return buffer;
}

static void store_arg(lua_State *L, int arg, const char *fn, const char *name, LbOption option,
                      void *out)
{
    char label[96];
    lb_options_store(L, arg, fn, arg_label(label, sizeof label, arg, fn, name), &option, out);
}

lua_Integer lb_arg_integer(lua_State *L, int arg, const char *fn, const char *name, double lo,
                           double hi)
{
    int64_t v = 0;
    store_arg(L, arg, fn, name, (LbOption){.kind = LB_KIND_INTEGER, .lo = lo, .hi = hi}, &v);
    return v;
}

double lb_arg_number(lua_State *L, int arg, const char *fn, const char *name, double lo, double hi)
{
    double v = 0;
    store_arg(L, arg, fn, name, (LbOption){.kind = LB_KIND_NUMBER, .lo = lo, .hi = hi}, &v);
    return v;
}

const char *lb_arg_string(lua_State *L, int arg, const char *fn, const char *name)
{
    const char *v = NULL;
    store_arg(L, arg, fn, name, (LbOption){.kind = LB_KIND_STRING}, &v);
    return v;
}

int lb_arg_choice(lua_State *L, int arg, const char *fn, const char *name,
                  const char *const *choices)
{
    int v = 0;
    store_arg(L, arg, fn, name, (LbOption){.kind = LB_KIND_CHOICE, .choices = choices}, &v);
    return v;
}

void lb_arg_table(lua_State *L, int arg, const char *fn, const char *name, const char *wants)
{
    char label[96];
    if (!lua_istable(L, arg)) {
        lb_arg_fail(L, arg, fn, arg_label(label, sizeof label, arg, fn, name), wants);
    }
}

void lb_arg_end(lua_State *L, int max, const char *fn)
{
    int n_self = strchr(fn, ':') != NULL;
    if (lua_gettop(L) > max) {
        lb_raise_text(L, LM_EARG, "%s: wants %d argument%s, got %d", fn, max - n_self,
                      max - n_self == 1 ? "" : "s", lua_gettop(L) - n_self);
    }
}
