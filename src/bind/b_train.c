/* The module luma.engine: one engine call an epoch or a step, for lua/luma/fit.lua.
 *
 * The loop over epochs is Lua's, so that user code runs between them; inside an epoch no Lua runs.
 * A trainer lives in a shell, which the script's loop closes when it ends or is left.
 */
#include "bind/b_flow.h"
#include "bind/b_model.h"
#include "bind/b_optim.h"
#include "bind/open.h"
#include "bind/options.h"
#include "bind/progress.h"
#include "bind/shell.h"
#include "bind/watch.h"
#include "flow/range.h"

static const char ENGINE[] = "luma.engine";
enum { EPOCHS_MAX = 1000000 };

typedef struct TrainArgs {
    LmFlow *flow;
    LmOptim *optim;
    LmFlow *validate;
    int64_t epochs;
    int64_t steps;
    int loss;
    bool progress;
} TrainArgs;

#define COMMON_OPTIONS                                                                             \
    LB_INTEGER(TrainArgs, epochs, "epochs", 1, EPOCHS_MAX, "1", "how often to see every image"),   \
        LB_OBJECT(TrainArgs, optim, "optimizer", &lb_optim_type, false,                            \
                  "how weights follow gradients; default luma.adam{}"),                            \
        LB_CHOICE(TrainArgs, loss, "loss", lb_loss_names, "\"cross_entropy\"",                     \
                  "what is made small")

static const LbOption epoch_options[] = {
    COMMON_OPTIONS,
    LB_OBJECT(TrainArgs, validate, "validate", &lb_flow_type, false, "evaluated after every epoch"),
    LB_TABLE("callbacks", NULL,
             "list of functions called with m after every epoch (true ends the training), and of "
             "luma.early_stop{}, luma.checkpoint{}, luma.schedule's"),
    LB_BOOLEAN(TrainArgs, progress, "progress", "true", "lines about the epochs on stderr"),
    LB_OPTIONS_END};
static const LbOption step_options[] = {
    COMMON_OPTIONS,
    LB_INTEGER(TrainArgs, steps, "steps", 1, LB_ANY, NULL, "end after so many batches"),
    LB_OPTIONS_END};

static LmStatus new_trainer(LmTrainer **out, LmModel *m, LmFlow *flow, const TrainArgs *a,
                            LmError *err)
{
    LmTrainOptions o = {
        .flow = flow,
        .optim = a->optim != NULL ? *a->optim : lm_optim_default(LM_OPTIM_ADAM),
        .loss = (LmLoss)a->loss,
    };
    return lm_trainer_new(out, m, &o, err);
}

/* A validation flow that does not fit would show only after the first epoch. */
static LmStatus check_validation(LmModel *m, const TrainArgs *a, LmError *err)
{
    LmTrainer *trainer;
    LmStatus st = new_trainer(&trainer, m, a->validate, a, err);
    if (st != LM_OK) {
        return lm_error_context(err, "option 'validate'");
    }
    lm_trainer_free(trainer);
    return LM_OK;
}

static void release_trainer(void *object)
{
    lm_trainer_free(object);
}

static void set_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* What lua/luma/warnings.lua looks at. Without lo, hi and rms where `is_measured` is false or an
 * image cannot be read: the training itself will say why. */
static void push_facts(lua_State *L, const LmFlow *flow, bool is_measured)
{
    LmError err;
    LmRange r;
    const LmFlowOptions *o = lm_flow_options(flow);
    lua_createtable(L, 0, 8);
    set_boolean(L, "is_shuffled", o->is_shuffled || o->is_balanced);
    set_boolean(L, "is_class", lm_targets_is_class(o->labels));
    set_boolean(L, "is_even", o->is_balanced || lm_flow_has_weights(flow));
    set_number(L, "n_batches", (double)lm_flow_n_batches(flow));
    if (is_measured && lm_range_measure(&r, flow, &err) == LM_OK) {
        set_number(L, "lo", r.lo);
        set_number(L, "hi", r.hi);
        set_number(L, "rms", r.rms);
    }
}

static void push_settings(lua_State *L, const TrainArgs *a)
{
    lua_createtable(L, 0, 8);
    lua_pushinteger(L, a->epochs);
    lua_setfield(L, -2, "epochs");
    if (a->steps > 0) {
        lua_pushinteger(L, a->steps);
        lua_setfield(L, -2, "steps");
    }
    lua_pushstring(L, lb_loss_names[a->loss]);
    lua_setfield(L, -2, "loss");
    lua_pushboolean(L, a->progress && lb_progress_mode() != LB_PROGRESS_NONE);
    lua_setfield(L, -2, "progress");
    lua_getfield(L, 3, "validate");
    lua_setfield(L, -2, "validate");
    lua_getfield(L, 3, "callbacks");
    lua_setfield(L, -2, "callbacks");
    push_facts(L, a->flow, true);
    lua_setfield(L, -2, "facts");
    lua_rawgeti(L, 3, 1);
    lua_setfield(L, -2, "flow");
}

/* Keras takes the optimizer's name; here that is a likely slip. */
static void check_optimizer(lua_State *L, const char *fn)
{
    if (lua_istable(L, 3) && lua_getfield(L, 3, "optimizer") == LUA_TSTRING) {
        lb_arg_fail(L, -1, fn, "option 'optimizer'", "an optimizer, as luma.adam{}");
    }
    lua_settop(L, 4);
}

static void parse(lua_State *L, const char *fn, bool is_stepwise, TrainArgs *a)
{
    const LbOption *options = is_stepwise ? step_options : epoch_options;
    check_optimizer(L, fn);
    lb_options_parse(L, 3, fn, options, (LbParts){"a flow to learn from", 1, 1}, a);
    lua_rawgeti(L, 3, 1);
    a->flow = lb_evaluate_flow(L, -1, fn, "list item 1");
    lua_pop(L, 1);
}

/* engine.trainer(fn, model, options, is_stepwise) -> trainer, settings */
static int engine_trainer(lua_State *L)
{
    TrainArgs a = {.epochs = 1, .loss = LM_LOSS_CROSS_ENTROPY, .progress = true};
    LmError err;
    LmStatus st;
    LmTrainer *trainer;
    const char *fn = luaL_checkstring(L, 1);
    LmModel *m = lb_handle_check(L, 2, &lb_model_type, fn);
    parse(L, fn, lua_toboolean(L, 4), &a);
    if (a.validate != NULL) {
        LB_CALL(L, st, check_validation(m, &a, &err));
        lb_raise_if(L, st, fn, &err);
    }
    LbShell *shell = lb_shell_push(L, release_trainer);
    LB_CALL(L, st, new_trainer(&trainer, m, a.flow, &a, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = trainer;
    const LmDataset *ds = lm_flow_dataset(a.flow);
    lb_model_set_classes(L, 2, ds->n_classes, ds->classes);
    push_settings(L, &a);
    return 2;
}

/* The flow of the epoch to come, where argument `arg` gives one. */
static void take_epoch_flow(lua_State *L, int arg, LmTrainer *trainer, const char *fn)
{
    LmError err;
    if (!lua_isnoneornil(L, arg)) {
        LmFlow *flow = lb_evaluate_flow(L, arg, fn, "the flow of the epoch");
        lb_raise_if(L, lm_trainer_set_flow(trainer, flow, &err), fn, &err);
    }
}

typedef struct Epoch {
    LbProgress progress;
    LbWatch watch;
} Epoch;

static void on_step(void *ctx, int64_t step, int64_t n_steps, const LmMetrics *so_far)
{
    Epoch *e = ctx;
    lb_progress_step(&e->progress, step, n_steps, so_far);
    lb_watch_look(&e->watch);
}

/* engine.epoch(fn, trainer, epoch, n_epochs, progress, flow of the epoch) -> metrics */
static int engine_epoch(lua_State *L)
{
    Epoch e = {.watch = lb_watch_begin(L)};
    LmMetrics m;
    LmError err;
    const char *fn = luaL_checkstring(L, 1);
    LmTrainer *trainer = lb_shell_check(L, 2);
    take_epoch_flow(L, 6, trainer, fn);
    lb_progress_begin(&e.progress, luaL_checkinteger(L, 3), luaL_checkinteger(L, 4),
                      lua_toboolean(L, 5));
    LmStatus st = lm_trainer_epoch_run(trainer, &m, on_step, &e, &err);
    lb_progress_end(&e.progress);
    lb_watch_end(&e.watch, L);
    lb_raise_if(L, st, fn, &err);
    lb_model_push_metrics(L, &m);
    return 1;
}

/* engine.step(fn, trainer, flow of the epoch before its first step) -> metrics, whether the epoch
 * ended with it */
static int engine_step(lua_State *L)
{
    LmMetrics m;
    LmError err;
    bool is_epoch_end = false;
    const char *fn = luaL_checkstring(L, 1);
    LmTrainer *trainer = lb_shell_check(L, 2);
    take_epoch_flow(L, 3, trainer, fn);
    lb_raise_if(L, lm_trainer_step_run(trainer, &m, &is_epoch_end, &err), fn, &err);
    lb_model_push_metrics(L, &m);
    lua_pushboolean(L, is_epoch_end);
    return 2;
}

/* engine.rate(trainer [, rate]) -> the rate */
static int engine_rate(lua_State *L)
{
    LmTrainer *trainer = lb_shell_check(L, 1);
    if (!lua_isnoneornil(L, 2)) {
        lm_trainer_set_rate(trainer, luaL_checknumber(L, 2));
    }
    lua_pushnumber(L, lm_trainer_rate(trainer));
    return 1;
}

/* engine.units(trainer) -> list of { layer from 1, kind, n, n_dead, n_images }; nothing where an
 * image cannot be read: the training itself will say why */
static int engine_units(lua_State *L)
{
    LmError err;
    int n = 0;
    const LmTrainer *trainer = lb_shell_check(L, 1);
    const LmModel *m = lm_trainer_model(trainer);
    LmUnits *units = lua_newuserdatauv(L, (size_t)lm_model_n_layers(m) * sizeof *units, 0);
    if (lm_trainer_count_units(trainer, units, &n, &err) != LM_OK) {
        return 0;
    }
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, units[i].layer + 1);
        lua_setfield(L, -2, "layer");
        lua_pushstring(L, lm_layer_kind_name(lm_model_layer(m, units[i].layer)->kind));
        lua_setfield(L, -2, "kind");
        lua_pushinteger(L, units[i].n);
        lua_setfield(L, -2, "n");
        lua_pushinteger(L, units[i].n_dead);
        lua_setfield(L, -2, "n_dead");
        lua_pushinteger(L, units[i].n_images);
        lua_setfield(L, -2, "n_images");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- the methods; their loops are in lua/luma/fit.lua --- */

/* Calls require("luma.fit")[name] with all arguments. */
static int call_loop(lua_State *L, const char *name)
{
    lb_open_require(L, "luma.fit");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

#define FLOW_EXAMPLE                                                                               \
    LB_MODEL_EXAMPLE                                                                               \
    "local train, test = luma.dataset.digits{ train=100, test=10 }\n"                              \
    "local flow = luma.generator{ luma.rescale(1/255) }:flow(train)\n"

LB_FUNCTION(
    lb_model_fit, "model:fit", epoch_options,
    "model:fit{ flow, epochs=1, optimizer=luma.adam{}, validate=flow, callbacks={} } -> history",
    "Trains on every image of the flow's data set, `epochs` times. The history holds a list "
    "for each of loss, accuracy, rate and seconds (and val_loss, val_accuracy), one number an "
    "epoch; #history is the number of epochs, print(history) a table.",
    FLOW_EXAMPLE "local history = model:fit{ flow, epochs=2 }\n"
                 "assert(#history == 2 and history.loss[2] < history.loss[1])")
{
    lb_model_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    return call_loop(L, "fit");
}

LB_FUNCTION(
    lb_model_train, "model:train", epoch_options,
    "for epoch, m in model:train{ flow, epochs=1, ... } do ... end",
    "The same as model:fit, one epoch a turn: m holds epoch, loss, accuracy, correct, count, "
    "rate, seconds (and val_loss, val_accuracy). The loop may be left at any time.",
    FLOW_EXAMPLE "for epoch, m in model:train{ flow, epochs=5 } do\n"
                 "    if m.accuracy > 0.5 then break end\n"
                 "end")
{
    lb_model_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    return call_loop(L, "train");
}

LB_FUNCTION(lb_model_steps, "model:steps", step_options,
            "for step, m in model:steps{ flow, epochs=1, steps=nil, ... } do ... end",
            "Trains one batch a turn: m holds step, epoch, loss, accuracy, correct, count and "
            "is_epoch_end.",
            FLOW_EXAMPLE "for step, m in model:steps{ flow, steps=2, optimizer=luma.sgd{} } do\n"
                         "    print(step, m.loss)\n"
                         "end")
{
    lb_model_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    return call_loop(L, "steps");
}

static int open_engine(lua_State *L)
{
    static const luaL_Reg functions[] = {{"trainer", engine_trainer}, {"epoch", engine_epoch},
                                         {"step", engine_step},       {"rate", engine_rate},
                                         {"units", engine_units},     {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

void lb_train_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_model_fit_doc, &lb_model_train_doc, &lb_model_steps_doc,
                                        NULL};
    luaL_requiref(L, ENGINE, open_engine, 0);
    lua_pop(L, 1);
    lb_handle_extend(L, &lb_model_type, docs, NULL);
}
