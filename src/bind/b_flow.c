/* Flow: scaled batches, epoch by epoch.
 *
 * flow:batches() is an iterator over exactly one epoch. It remembers which batch comes next and
 * refuses to go on when somebody else moved the flow, rather than skip or repeat images.
 */
#include "bind/b_flow.h"
#include "base/profile.h"

#include "bind/b_dataset.h"
#include "bind/b_tensor.h"
#include "bind/open.h"

enum { UV_DATASET = 1, UV_GENERATOR = 2, BATCH_MAX = 100000000, WORKERS_MAX = 16 };

static const char *const label_names[] = {"auto",    "class", "one_hot", "binary",
                                          "targets", "input", "none",    NULL};
_Static_assert(LM_LABELS_COUNT == LM_ARRAY_LEN(label_names) - 1, "one name a form, in order");
static const char *const weight_names[] = {"set", "balanced", "none", NULL};
_Static_assert(LM_WEIGHTS_COUNT == LM_ARRAY_LEN(weight_names) - 1, "one name a kind, in order");
static const char *const sampling_names[] = {"all", "balanced", NULL};

typedef struct FlowArgs {
    int64_t batch;
    bool shuffle;
    int64_t seed;
    int64_t workers;
    bool drop_last;
    int labels;
    int weights;
    int sampling;
    const char *save_to;
    const char *save_prefix;
} FlowArgs;

const LbOption lb_flow_options[] = {
    LB_INTEGER(FlowArgs, batch, "batch", 1, BATCH_MAX, "64", "images a batch"),
    LB_BOOLEAN(FlowArgs, shuffle, "shuffle", "true", "a new order every epoch"),
    LB_SEED(FlowArgs, seed),
    LB_INTEGER(FlowArgs, workers, "workers", 0, WORKERS_MAX, "0",
               "threads that prepare batches ahead; never changes the result"),
    LB_BOOLEAN(FlowArgs, drop_last, "drop_last", "false",
               "leave out a last batch that is not full"),
    LB_CHOICE(FlowArgs, labels, "labels", label_names, "\"auto\"",
              "form of y: class numbers, rows with a one at the class, 0 or 1, the set's targets, "
              "the scaled images, nothing; auto: what the set has"),
    LB_CHOICE(FlowArgs, weights, "weights", weight_names, "\"set\"",
              "how much a sample counts: as the set says, each class the same in all, or all 1"),
    LB_CHOICE(
        FlowArgs, sampling, "sampling", sampling_names, "\"all\"",
        "every image once an epoch, or the classes in turns, rare ones repeated, changed at random "
        "anew each time"),
    LB_STRING(FlowArgs, save_to, "save_to", NULL,
              "a directory where every scaled image is written too, as PNG"),
    LB_STRING(FlowArgs, save_prefix, "save_prefix", "\"image\"", "how the names of those begin"),
    LB_OPTIONS_END};

LmFlow *lb_flow_check(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_flow_type, fn);
}

LmFlowOptions lb_flow_parse(lua_State *L, int arg, const char *fn)
{
    FlowArgs a = {.batch = 64, .shuffle = true, .seed = (int64_t)lb_open_seed(L)};
    lb_options_parse(L, arg, fn, lb_flow_options, LB_NO_PARTS, &a);
    return (LmFlowOptions){.batch = a.batch,
                           .is_shuffled = a.shuffle,
                           .seed = (uint64_t)a.seed,
                           .workers = (int)a.workers,
                           .drop_last = a.drop_last,
                           .labels = (LmLabels)a.labels,
                           .weights = (LmWeights)a.weights,
                           .is_balanced = a.sampling == 1,
                           .save_to = a.save_to,
                           .save_prefix = a.save_prefix};
}

void lb_flow_push(lua_State *L, LmGenerator *g, LmDataset *ds, const LmFlowOptions *o,
                  const char *fn)
{
    LbHandle *handle = lb_handle_push(L, &lb_flow_type);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, UV_DATASET);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, UV_GENERATOR);
    LmFlow *flow;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_flow_new(&flow, g, ds, o, &err));
    lb_raise_if(L, st, fn, &err);
    /* The order of an epoch: one index an image. */
    lb_handle_fill(L, handle, flow, (size_t)lm_flow_n_samples(flow) * sizeof(int64_t));
}

/* --- batches --- */

/* Moves `from` into the empty tensor box `to`, or, where it is empty, leaves nil in its place. */
static void give(lua_State *L, LbTensor *to, int index, const LmTensor *from)
{
    if (from->storage != NULL) {
        to->tensor = *from;
        lb_tensor_fill(L, to);
    } else {
        lua_pushnil(L);
        lua_replace(L, index);
    }
}

/* Pushes x, y (nil without labels) and w (only where samples have weights) of the next batch, or of
 * batch k of the current epoch where k is not below 0. */
static int push_batch(lua_State *L, LmFlow *flow, int64_t k, const char *fn)
{
    LbTensor *x = lb_tensor_push(L);
    LbTensor *y = lb_tensor_push(L);
    LbTensor *w = lb_tensor_push(L);
    int top = lua_gettop(L);
    LmBatch batch;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, k < 0 ? lm_flow_next(flow, &batch, &err) : lm_flow_get(flow, k, &batch, &err));
    lm_profile_stop(LM_PROFILE_BATCHES, "flow:next, flow:batches", start);
    lb_raise_if(L, st, fn, &err);
    give(L, x, top - 2, &batch.x);
    give(L, y, top - 1, &batch.y);
    if (batch.w.storage == NULL) {
        lua_settop(L, top - 1);
        return 2;
    }
    give(L, w, top, &batch.w);
    return 3;
}

static int push_next(lua_State *L, LmFlow *flow, const char *fn)
{
    return push_batch(L, flow, -1, fn);
}

LB_FUNCTION(
    lb_flow_next, "flow:next", NULL, "flow:next() -> x, y [, w]",
    "The next batch: f32 images N x H x W x C, their labels (class numbers from 0, or what "
    "`labels` "
    "asked for) and, where samples have weights, those. After an epoch's last batch comes the "
    "first of the next. All stay valid as long as they are kept.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local flow = luma.generator{ luma.rescale(1/255) }:flow(train)\n"
    "local x, y = flow:next()\n"
    "assert(#x == 64 and #y == 64 and y:max() <= 9)")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    return push_next(L, flow, fn);
}

LB_FUNCTION(lb_flow_get, "flow:get", NULL, "flow:get(k) -> x, y [, w]",
            "Batch k (from 1) of the epoch the flow is in. Does not move flow:next. "
            "flow:on_epoch_end() goes "
            "on to the next epoch and its order.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local flow = luma.generator{ luma.rescale(1/255) }:flow(train)\n"
            "local x = flow:get(1)\n"
            "assert(flow:next():equal(x) and #flow:get(2) == 36)")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    int64_t k = lb_arg_integer(L, 2, fn, "number of the batch", 1, (double)lm_flow_n_batches(flow));
    return push_batch(L, flow, k - 1, fn);
}

LB_FUNCTION(lb_flow_on_epoch_end, "flow:on_epoch_end", NULL, "flow:on_epoch_end() -> flow",
            "Goes on to the first batch of the next epoch, in that epoch's order.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local flow = luma.generator{}:flow(train)\n"
            "local x = flow:get(1)\n"
            "assert(not flow:on_epoch_end():get(1):equal(x))")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_flow_seek(flow, lm_flow_epoch(flow) + 1, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

/* Upvalues: flow, epoch, number of the next batch. */
static int iterate(lua_State *L)
{
    static const char fn[] = "flow:batches";
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    LmFlow *flow = lb_flow_check(L, 1, fn);
    int64_t epoch = lua_tointeger(L, lua_upvalueindex(2));
    int64_t next = lua_tointeger(L, lua_upvalueindex(3));
    if (next == lm_flow_n_batches(flow)) {
        return 0;
    }
    if (lm_flow_epoch(flow) != epoch || lm_flow_position(flow) != next) {
        lb_raise_text(L, LM_ESTATE,
                      "%s: the flow was moved inside its own loop; use a second flow for that", fn);
    }
    int n = push_next(L, flow, fn);
    lua_pushinteger(L, next + 1);
    lua_replace(L, lua_upvalueindex(3));
    return n;
}

LB_FUNCTION(
    lb_flow_batches, "flow:batches", NULL, "for x, y in flow:batches() do ... end",
    "One epoch: every image once. The next loop is the next epoch, in another order when the "
    "flow shuffles; a loop that was left early is not continued.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local flow = luma.generator{ luma.rescale(1/255) }:flow(train, { batch=30 })\n"
    "local n = 0\n"
    "for x, y in flow:batches() do n = n + #y end\n"
    "assert(n == 100 and flow.epoch == 1)")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    LmError err;
    if (lm_flow_position(flow) != 0) {
        LmStatus st;
        LB_CALL(L, st, lm_flow_seek(flow, lm_flow_epoch(flow) + 1, &err));
        lb_raise_if(L, st, fn, &err);
    }
    lua_pushvalue(L, 1);
    lua_pushinteger(L, lm_flow_epoch(flow));
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, iterate, 3);
    return 1;
}

LB_FUNCTION(lb_flow_reset, "flow:reset", NULL, "flow:reset() -> flow",
            "Back to the first batch of the first epoch: the same batches come again.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local flow = luma.generator{ luma.rescale(1/255) }:flow(train)\n"
            "local x = flow:next()\n"
            "assert(flow:reset():next():equal(x))")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_flow_seek(flow, 1, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

/* --- fields --- */

LB_FUNCTION(lb_flow_epoch, "flow.epoch", NULL, "flow.epoch -> integer",
            "The epoch of the batch given last, counted from 1; 1 before the first.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local flow = luma.generator{}:flow(train, { batch=50 })\n"
            "for _ = 1, 3 do flow:next() end\n"
            "assert(flow.epoch == 2)")
{
    const LmFlow *flow = lb_flow_check(L, 1, fn);
    int64_t epoch = lm_flow_epoch(flow);
    lua_pushinteger(L, lm_flow_position(flow) == 0 && epoch > 1 ? epoch - 1 : epoch);
    return 1;
}

LB_FUNCTION(lb_flow_dataset, "flow.dataset", NULL, "flow.dataset -> dataset",
            "The data set its images come from.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(luma.generator{}:flow(train).dataset == train)")
{
    lb_flow_check(L, 1, fn);
    lua_getiuservalue(L, 1, UV_DATASET);
    return 1;
}

LB_FUNCTION(lb_flow_skipped, "flow.skipped", NULL, "flow.skipped -> list of { file=, reason= }",
            "The files its data set left out when it was opened with on_error=\"skip\", and why.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(#luma.generator{}:flow(train).skipped == 0)")
{
    lb_flow_check(L, 1, fn);
    lua_getiuservalue(L, 1, UV_DATASET);
    lb_dataset_push_skipped(L, lb_dataset_check(L, lua_gettop(L), fn));
    return 1;
}

LB_FUNCTION(lb_flow_generator, "flow.generator", NULL, "flow.generator -> generator",
            "The generator that scales its images.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255) }\n"
            "assert(g:flow(train).generator == g)")
{
    lb_flow_check(L, 1, fn);
    lua_getiuservalue(L, 1, UV_GENERATOR);
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_flow_unref(object);
}

static void describe(const void *object, LmStr *out)
{
    char text[256];
    lm_str_add(out, "%s", lm_flow_describe(object, text, sizeof text));
}

static lua_Integer length(const void *object)
{
    return lm_flow_n_batches(object);
}

static const LbDoc *const members[] = {&lb_flow_next_doc,    &lb_flow_batches_doc,
                                       &lb_flow_get_doc,     &lb_flow_on_epoch_end_doc,
                                       &lb_flow_reset_doc,   &lb_flow_epoch_doc,
                                       &lb_flow_dataset_doc, &lb_flow_generator_doc,
                                       &lb_flow_skipped_doc, NULL};

const LbType lb_flow_type = {
    .name = "flow",
    .text =
        "Scaled batches of a data set, in the order of an epoch. #flow is the number of batches of "
        "one epoch, the last one shorter where it does not come out even. The same seed gives the "
        "same batches, whatever the number of threads and workers.",
    .example = "local train = luma.dataset.digits{ train=100, test=10 }\n"
               "local flow = luma.generator{ luma.rescale(1/255) }:flow(train, { batch=32 })\n"
               "for x, y in flow:batches() do\n"
               "  assert(#x == #y and x:max() <= 1)\n"
               "end",
    .n_user_values = 2,
    .release = release,
    .describe = describe,
    .length = length,
    .members = members,
};

void lb_flow_open(lua_State *L)
{
    lb_handle_define(L, &lb_flow_type);
}
