/* Option tables and arguments, checked against a description.
 *
 * One table per constructor: the array part holds ordered parts, named keys are options. Whatever
 * does not fit the description raises, with the line of the script, the function, the option, what
 * was got, what was wanted and the nearest valid name. The same description feeds `luma help`.
 *
 *     typedef struct FlowArgs { int64_t batch; bool shuffle; int labels; } FlowArgs;
 *     static const char *const label_names[] = {"class", "one_hot", NULL};
 *     static const LbOption flow_options[] = {
 *         LB_INTEGER(FlowArgs, batch, "batch", 1, 1e9, "64", "images a batch"),
 *         LB_BOOLEAN(FlowArgs, shuffle, "shuffle", "true", "a new order every epoch"),
 *         LB_CHOICE(FlowArgs, labels, "labels", label_names, "\"class\"", "form of y"),
 *         LB_OPTIONS_END};
 *
 *     FlowArgs a = {.batch = 64, .shuffle = true};                 the defaults
 *     lb_options_parse(L, 3, fn, flow_options, LB_NO_PARTS, &a);   argument 3 may be absent
 */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include <lua.h>
#include <math.h>

#include "base/base.h"

struct LbType;

typedef enum LbOptionKind {
    LB_KIND_INTEGER,  /* int64_t in lo..hi */
    LB_KIND_NUMBER,   /* double, finite, in lo..hi */
    LB_KIND_BOOLEAN,  /* bool */
    LB_KIND_STRING,   /* const char *, borrowed from the table; not empty */
    LB_KIND_CHOICE,   /* int: index into choices */
    LB_KIND_OBJECT,   /* void *: the engine object of a handle of `type`, borrowed */
    LB_KIND_TABLE,    /* checked only; fetch it with lua_getfield */
    LB_KIND_FUNCTION, /* checked only */
    LB_KIND_PAIR,     /* int64_t[2], each in lo..hi: {rows, columns}, or one number for both */
    LB_KIND_RANGE,    /* double[2], each finite: {lo, hi}; one number x alone is {NaN, x} */
    LB_KIND_ANY,      /* whatever is not nil: whoever fetches it checks it */
    LB_KIND_NAMES     /* one string or a list of them; checked only, fetch with lb_options_names */
} LbOptionKind;

typedef struct LbOption {
    const char *name;
    LbOptionKind kind;
    bool is_required;
    size_t offset; /* of the field in the caller's struct; LB_NOWHERE: checked only */
    double lo, hi;
    const char *const *choices; /* NULL-ended */
    const struct LbType *type;
    const char *initial; /* default as help shows it; NULL: none */
    const char *text;
} LbOption;

#define LB_NOWHERE SIZE_MAX
/* As hi (or -LB_ANY as lo): no bound. */
#define LB_ANY HUGE_VAL
/* Offset of a field, which must have the C type given. */
#define LB_OFFSET(S, field, ctype)                                                                 \
    (offsetof(S, field) + 0 * sizeof(_Generic(((S *)0)->field, ctype : 1)))

#define LB_INTEGER(S, field, name_, lo_, hi_, initial_, text_)                                     \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_INTEGER, .offset = LB_OFFSET(S, field, int64_t),          \
        .lo = (lo_), .hi = (hi_), .initial = (initial_), .text = (text_)                           \
    }
#define LB_NUMBER(S, field, name_, lo_, hi_, initial_, text_)                                      \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_NUMBER, .offset = LB_OFFSET(S, field, double),            \
        .lo = (lo_), .hi = (hi_), .initial = (initial_), .text = (text_)                           \
    }
#define LB_BOOLEAN(S, field, name_, initial_, text_)                                               \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_BOOLEAN, .offset = LB_OFFSET(S, field, bool),             \
        .initial = (initial_), .text = (text_)                                                     \
    }
#define LB_STRING(S, field, name_, initial_, text_)                                                \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_STRING, .offset = LB_OFFSET(S, field, const char *),      \
        .initial = (initial_), .text = (text_)                                                     \
    }
#define LB_CHOICE(S, field, name_, choices_, initial_, text_)                                      \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_CHOICE, .offset = LB_OFFSET(S, field, int),               \
        .choices = (choices_), .initial = (initial_), .text = (text_)                              \
    }
/* The field may be a pointer to any object type. */
#define LB_OBJECT(S, field, name_, type_, required_, text_)                                        \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_OBJECT, .offset = offsetof(S, field), .type = (type_),    \
        .is_required = (required_), .text = (text_)                                                \
    }
#define LB_TABLE(name_, initial_, text_)                                                           \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_TABLE, .offset = LB_NOWHERE, .initial = (initial_),       \
        .text = (text_)                                                                            \
    }
#define LB_NAMES(name_, initial_, text_)                                                           \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_NAMES, .offset = LB_NOWHERE, .initial = (initial_),       \
        .text = (text_)                                                                            \
    }
#define LB_PAIR(S, field, name_, lo_, hi_, initial_, text_)                                        \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_PAIR, .offset = LB_OFFSET(S, field, int64_t *),           \
        .lo = (lo_), .hi = (hi_), .initial = (initial_), .text = (text_)                           \
    }
/* What one number alone means is for the caller to say, and to put into `text_`. */
#define LB_RANGE(S, field, name_, initial_, text_)                                                 \
    {                                                                                              \
        .name = (name_), .kind = LB_KIND_RANGE, .offset = LB_OFFSET(S, field, double *),           \
        .initial = (initial_), .text = (text_)                                                     \
    }
/* A non-negative integer; the field's default is lb_open_seed(L). */
#define LB_SEED(S, field)                                                                          \
    LB_INTEGER(S, field, "seed", 0, LB_ANY, "luma.seed", "start of all random numbers drawn here")
#define LB_OPTIONS_END                                                                             \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* What the array part may hold: `what` as in "wants <what>, got 3". max 0: no parts. */
typedef struct LbParts {
    const char *what;
    int min;
    int max;
} LbParts;
#define LB_NO_PARTS ((LbParts){NULL, 0, 0})

/* Checks the table at `arg` (absent or nil: an empty one) and stores the options given into `out`
 * (others keep their values). Returns the number of parts; fetch them with lua_geti. */
int lb_options_parse(lua_State *L, int arg, const char *fn, const LbOption *options, LbParts parts,
                     void *out);

/* Checks the value at `index` against one option and stores it; `label` names it in the message
 * ("option 'batch'", "argument 1 (i)"). */
void lb_options_store(lua_State *L, int index, const char *fn, const char *label,
                      const LbOption *option, void *out);

/* The strings of option `name` of the table at `arg` (one of LB_KIND_NAMES that was checked), on a
 * userdata that is pushed; they are borrowed from the table. *n is 0, and nil is pushed, where the
 * option is not given. */
const char **lb_options_names(lua_State *L, int arg, const char *name, int *n);

/* Plain arguments; `name` is the parameter's name. For methods argument 1 is the object, and the
 * message counts from the argument after it. */
lua_Integer lb_arg_integer(lua_State *L, int arg, const char *fn, const char *name, double lo,
                           double hi);
double lb_arg_number(lua_State *L, int arg, const char *fn, const char *name, double lo, double hi);
const char *lb_arg_string(lua_State *L, int arg, const char *fn, const char *name);
int lb_arg_choice(lua_State *L, int arg, const char *fn, const char *name,
                  const char *const *choices);
void lb_arg_table(lua_State *L, int arg, const char *fn, const char *name, const char *wants);
/* Refuses arguments beyond `max` (a method's object counts as one). */
void lb_arg_end(lua_State *L, int max, const char *fn);
/* Raises "<fn>: <label> wants <wants>, got <value at index>". */
_Noreturn void lb_arg_fail(lua_State *L, int index, const char *fn, const char *label,
                           const char *wants);

/* "an integer of at least 1", "\"valid\" or \"same\"": what an option wants, as messages and help
 * say. */
const char *lb_options_wants(const LbOption *option, char *buffer, size_t size);

/* "integer", ..., or the name of the object type: what the Lua side calls it. */
const char *lb_options_kind(const LbOption *option);

/* require("luma.internal").options(fn, table, spec): the same checks for the Lua side (see there).
 */
int lb_options_lua(lua_State *L);

#endif
