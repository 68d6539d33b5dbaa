/* Stats: mergeable statistics of pixels, exact on u8 data.
 *
 * Counting a histogram costs five times what the sums cost, and few ask for it. So statistics of
 * one data set are taken without, and keep the set: the first use that needs the histogram (asking
 * for it, adding, merging, subtracting) reads the pixels once more. Nothing else tells the two
 * apart.
 */
#include "bind/b_stats.h"
#include "base/profile.h"

#include "bind/b_dataset.h"
#include "bind/b_tensor.h"
#include "bind/open.h"

const char *const lb_axis_names[] = {"all", "channel", "pixel", NULL};

typedef struct StatsArgs {
    int axis;
} StatsArgs;

const LbOption lb_stats_options[] = {
    LB_CHOICE(StatsArgs, axis, "axis", lb_axis_names, "\"all\"",
              "one number over everything, one a channel, or one a pixel and channel"),
    LB_OPTIONS_END};

LmAxis lb_stats_parse_axis(lua_State *L, int arg, const char *fn)
{
    StatsArgs a = {.axis = LM_AXIS_ALL};
    lb_options_parse(L, arg, fn, lb_stats_options, LB_NO_PARTS, &a);
    return (LmAxis)a.axis;
}

LmMoments *lb_stats_push(lua_State *L, LmAxis axis, const char *fn)
{
    LbHandle *handle = lb_handle_push(L, &lb_stats_type);
    LmMoments *m;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_moments_new(&m, axis, &err));
    lb_raise_if(L, st, fn, &err);
    /* Up to 24 bytes a number; the shape is not known before the first image. */
    lb_handle_fill(L, handle, m, axis == LM_AXIS_ALL ? 0 : 1 << 14);
    return m;
}

enum { UV_DATASET = 1 };

void lb_stats_take(lua_State *L, int index, const LmDataset *ds, const char *fn)
{
    LmError err;
    LmStatus st;
    index = lua_absindex(L, index);
    LmMoments *m = lb_handle_check(L, index, &lb_stats_type, fn);
    bool is_lazy = lm_moments_n_images(m) == 0 && ds->dtype == LM_U8;
    if (is_lazy) {
        LbHandle *keeper = lb_handle_push(L, &lb_dataset_type);
        union {
            const LmDataset *in;
            LmDataset *out;
        } set = {.in = ds};
        lb_handle_fill(L, keeper, lm_dataset_ref(set.out), 0);
        lm_moments_skip_histogram(m);
    }
    double start = lm_profile_start();
    LB_CALL(L, st, lm_dataset_stats(ds, m, &err));
    lm_profile_stop(LM_PROFILE_STATISTICS, "dataset:stats", start);
    if (is_lazy) {
        lua_setiuservalue(L, index, UV_DATASET);
    }
    lb_raise_if(L, st, fn, &err);
}

/* Statistics at `arg`, with their histogram. */
static LmMoments *check_full(lua_State *L, int arg, const char *fn)
{
    LmMoments *m = lb_handle_check(L, arg, &lb_stats_type, fn);
    LbHandle *handle = lb_handle_test(L, arg, &lb_stats_type);
    LmMoments *full = NULL;
    LmError err;
    LmStatus st;
    if (lua_getiuservalue(L, arg, UV_DATASET) == LUA_TNIL || lm_moments_n_images(m) == 0) {
        lua_pop(L, 1);
        return m;
    }
    const LmDataset *ds = lb_dataset_check(L, lua_gettop(L), fn);
    LB_CALL(L, st, lm_moments_new(&full, lm_moments_axis(m), &err));
    lb_raise_if(L, st, fn, &err);
    LB_CALL(L, st, lm_dataset_stats(ds, full, &err));
    if (st != LM_OK) {
        lm_moments_free(full);
        lb_raise_if(L, st, fn, &err);
    }
    handle->object = full;
    lm_moments_free(m);
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setiuservalue(L, arg, UV_DATASET);
    return full;
}

static LmMoments *check_stats(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_stats_type, fn);
}

void lb_stats_push_numbers(lua_State *L, LmAxis axis, const int64_t hwc[3],
                           double (*number)(const void *from, int64_t j), const void *from,
                           const char *fn)
{
    if (axis == LM_AXIS_ALL) {
        lua_pushnumber(L, number(from, 0));
        return;
    }
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    bool is_pixel = axis == LM_AXIS_PIXEL;
    LB_CALL(L, st,
            lm_tensor_new(&t->tensor, LM_F64, is_pixel ? 3 : 1, is_pixel ? hwc : &hwc[2], &err));
    lb_raise_if(L, st, fn, &err);
    for (int64_t j = 0; j < t->tensor.count; j++) {
        ((double *)t->tensor.data)[j] = number(from, j);
    }
    lb_tensor_fill(L, t);
}

/* --- adding up --- */

/* A tensor's images: H x W is one, N x H x W gray ones, N x H x W x C any. */
static LmStatus add_tensor(LmMoments *m, const LmTensor *t, LmError *err)
{
    char text[160];
    const int64_t *s = t->shape;
    switch (t->rank) {
    case 2:
        return lm_moments_add(m, t->data, t->dtype, 1, s[0], s[1], 1, err);
    case 3:
        return lm_moments_add(m, t->data, t->dtype, s[0], s[1], s[2], 1, err);
    case 4:
        return lm_moments_add(m, t->data, t->dtype, s[0], s[1], s[2], s[3], err);
    default:
        return lm_fail(err, LM_ESHAPE, "wants images H x W, N x H x W or N x H x W x C, got a %s",
                       lm_tensor_describe(t, text, sizeof text));
    }
}

LB_FUNCTION(lb_stats_add, "stats:add", NULL, "stats:add(dataset | tensor) -> stats",
            "Adds all images of a data set, or of a tensor N x H x W x C (or N x H x W, H x W).",
            "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
            "local s = luma.stats():add(train):add(test)\n"
            "assert(s.count == 110 * 28 * 28)")
{
    LmError err;
    LmStatus st;
    LmMoments *m = check_full(L, 1, fn);
    const LmTensor *t = lb_tensor_test(L, 2);
    const LbHandle *ds = lb_handle_test(L, 2, &lb_dataset_type);
    lb_arg_end(L, 2, fn);
    if (t == NULL && ds == NULL && lb_handle_type(L, 2) != &lb_tensor_type) {
        lb_arg_fail(L, 2, fn, "argument 1", "a dataset or a tensor");
    }
    if (t != NULL) {
        LB_CALL(L, st, add_tensor(m, t, &err));
    } else if (ds != NULL) {
        lb_stats_take(L, 1, lb_dataset_check(L, 2, fn), fn);
        st = LM_OK;
    } else {
        lb_tensor_check(L, 2, fn);
        st = LM_OK;
    }
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

LB_FUNCTION(
    lb_stats_merge, "stats:merge", NULL, "stats:merge(other) -> stats",
    "Adds what other statistics hold. In whatever order parts are merged, u8 data gives the "
    "same bits.",
    "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
    "local both = train:stats():merge(test:stats())\n"
    "assert(both.mean == test:stats():merge(train:stats()).mean)")
{
    LmError err;
    LmStatus st;
    LmMoments *m = check_full(L, 1, fn);
    const LmMoments *other = check_full(L, 2, fn);
    lb_arg_end(L, 2, fn);
    LB_CALL(L, st, lm_moments_merge(m, other, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

LB_FUNCTION(lb_stats_subtract, "stats:subtract", NULL, "stats:subtract(other) -> stats",
            "Takes out what other statistics hold, exactly; for u8 data only. `other` must be of "
            "images that were added before.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local s = train:stats():subtract(train:take(40):stats())\n"
            "assert(s.mean == train:range(41, 100):stats().mean)")
{
    LmError err;
    LmStatus st;
    LmMoments *m = check_full(L, 1, fn);
    const LmMoments *other = check_full(L, 2, fn);
    lb_arg_end(L, 2, fn);
    LB_CALL(L, st, lm_moments_subtract(m, other, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

/* Counts over everything (j below 0) or of number j. */
static const uint64_t *check_histogram(lua_State *L, const LmMoments *m, int64_t j, const char *fn)
{
    if (lm_moments_n_images(m) == 0 || lm_moments_dtype(m) != LM_U8) {
        lb_raise_text(L, LM_ESTATE, "%s: %s", fn,
                      lm_moments_n_images(m) == 0 ? "nothing was added yet"
                                                  : "only u8 data has one, this is f32");
    }
    const uint64_t *counts = j < 0 ? lm_moments_histogram(m) : lm_moments_histogram_of(m, j);
    if (counts == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: of more than 16 channels there is only the one over all",
                      fn);
    }
    return counts;
}

LB_FUNCTION(
    lb_stats_histogram, "stats:histogram", NULL, "stats:histogram([channel]) -> list of 256 counts",
    "How often each value occurs over all pixels and channels, or, for axis \"channel\", in "
    "that channel (from 1) alone: value v is item v + 1. For u8 data only.",
    "local h = luma.stats():add(luma.zeros({2, 2}, \"u8\")):histogram()\n"
    "assert(h[1] == 4 and h[256] == 0)\n"
    "local s = luma.stats{ axis=\"channel\" }:add(luma.zeros({1, 2, 2, 3}, \"u8\"))\n"
    "assert(s:histogram()[1] == 12 and s:histogram(3)[1] == 4)")
{
    const LmMoments *m = check_full(L, 1, fn);
    int64_t j = -1;
    lb_arg_end(L, 2, fn);
    if (!lua_isnoneornil(L, 2)) {
        if (lm_moments_axis(m) != LM_AXIS_CHANNEL) {
            lb_raise_text(L, LM_EARG,
                          "%s: channels are kept apart by axis=\"channel\" alone, not \"%s\"", fn,
                          lm_axis_name(lm_moments_axis(m)));
        }
        int64_t n = LM_MAX(lm_moments_width(m), (int64_t)1);
        j = lb_arg_integer(L, 2, fn, "channel", 1, (double)n) - 1;
    }
    const uint64_t *counts = check_histogram(L, m, j, fn);
    lua_createtable(L, 256, 0);
    for (int v = 0; v < 256; v++) {
        lua_pushinteger(L, (lua_Integer)counts[v]);
        lua_rawseti(L, -2, v + 1);
    }
    return 1;
}

typedef struct StatsShowArgs {
    int64_t columns;
} StatsShowArgs;

static const LbOption show_options[] = {LB_INTEGER(StatsShowArgs, columns, "columns", 20, 1000,
                                                   "the terminal's", "width of the drawing"),
                                        LB_OPTIONS_END};

LB_FUNCTION(
    lb_stats_show, "stats:show", show_options, "stats:show{ columns= } -> stats",
    "Draws the histogram of the pixels in the terminal, with mean, std, min and max: one a "
    "channel for axis \"channel\"; for axis \"pixel\" the means as a picture. Bars that would "
    "leave nothing of the others are cut, and their share is stated.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "train:stats():show()\n"
    "train:stats{ axis=\"pixel\" }:show{ columns=60 }")
{
    StatsShowArgs a = {.columns = 0};
    const LmMoments *m = check_stats(L, 1, fn);
    lb_options_parse(L, 2, fn, show_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 2, fn);
    if (lm_moments_n_images(m) == 0) {
        lb_raise_text(L, LM_ESTATE, "%s: nothing was added yet; call stats:add(dataset) first", fn);
    }
    lb_open_require(L, "luma.draw_stats");
    lua_getfield(L, -1, "show");
    lua_pushvalue(L, 1);
    if (a.columns > 0) {
        lua_pushinteger(L, a.columns);
    } else {
        lua_pushnil(L);
    }
    lua_pushboolean(L, lm_moments_dtype(m) == LM_U8);
    lua_call(L, 3, 0);
    lua_settop(L, 1);
    return 1;
}

/* --- fields --- */

static double mean_of(const void *m, int64_t j)
{
    return lm_moments_mean(m, j);
}

static double std_of(const void *m, int64_t j)
{
    return lm_moments_std(m, j);
}

static double min_of(const void *m, int64_t j)
{
    return lm_moments_min(m, j);
}

static double max_of(const void *m, int64_t j)
{
    return lm_moments_max(m, j);
}

static int push_statistic(lua_State *L, double (*number)(const void *, int64_t), const char *fn)
{
    int64_t hwc[3];
    const LmMoments *m = check_stats(L, 1, fn);
    if (lm_moments_n_images(m) == 0) {
        lb_raise_text(L, LM_ESTATE, "%s: nothing was added yet; call stats:add(dataset) first", fn);
    }
    lm_moments_shape(m, hwc);
    lb_stats_push_numbers(L, lm_moments_axis(m), hwc, number, m, fn);
    return 1;
}

LB_FUNCTION(lb_stats_mean, "stats.mean", NULL, "stats.mean -> number | tensor",
            "The mean: a number for axis \"all\", else an f64 tensor of shape {C} or {H, W, C}.",
            "local s = luma.stats():add(luma.tensor({ {0, 255} }, \"u8\"))\n"
            "assert(s.mean == 127.5)")
{
    return push_statistic(L, mean_of, fn);
}

LB_FUNCTION(lb_stats_std, "stats.std", NULL, "stats.std -> number | tensor",
            "The population standard deviation (divided by the count), in the form of `mean`.",
            "local s = luma.stats():add(luma.tensor({ {0, 255} }, \"u8\"))\n"
            "assert(s.std == 127.5)")
{
    return push_statistic(L, std_of, fn);
}

LB_FUNCTION(lb_stats_min, "stats.min", NULL, "stats.min -> number | tensor",
            "The smallest value, in the form of `mean`.",
            "local s = luma.stats():add(luma.tensor({ {3, 255} }, \"u8\"))\n"
            "assert(s.min == 3)")
{
    return push_statistic(L, min_of, fn);
}

LB_FUNCTION(lb_stats_max, "stats.max", NULL, "stats.max -> number | tensor",
            "The largest value, in the form of `mean`.",
            "local s = luma.stats():add(luma.tensor({ {3, 255} }, \"u8\"))\n"
            "assert(s.max == 255)")
{
    return push_statistic(L, max_of, fn);
}

LB_FUNCTION(lb_stats_count, "stats.count", NULL, "stats.count -> integer",
            "How many values are behind each number: all pixels of all images for axis \"all\".",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train:stats().count == 100 * 28 * 28)")
{
    lua_pushinteger(L, lm_moments_count(check_stats(L, 1, fn)));
    return 1;
}

LB_FUNCTION(lb_stats_axis, "stats.axis", NULL, "stats.axis -> string",
            "What its numbers are of: \"all\", \"channel\" or \"pixel\".",
            "assert(luma.stats{ axis=\"channel\" }.axis == \"channel\")")
{
    lua_pushstring(L, lm_axis_name(lm_moments_axis(check_stats(L, 1, fn))));
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_moments_free(object);
}

static void describe(const void *object, LmStr *out)
{
    const LmMoments *m = object;
    int64_t n = lm_moments_n_images(m);
    lm_str_add(out, "stats of ");
    lm_str_add_count(out, n);
    lm_str_add(out, " image%s, axis %s", n == 1 ? "" : "s", lm_axis_name(lm_moments_axis(m)));
    if (n > 0 && lm_moments_axis(m) == LM_AXIS_ALL) {
        lm_str_add(out, ": mean %.6g, std %.6g, min %g, max %g", lm_moments_mean(m, 0),
                   lm_moments_std(m, 0), lm_moments_min(m, 0), lm_moments_max(m, 0));
    }
}

static lua_Integer length(const void *object)
{
    return lm_moments_n_images(object);
}

static const LbDoc *const members[] = {
    &lb_stats_add_doc,  &lb_stats_merge_doc, &lb_stats_subtract_doc, &lb_stats_histogram_doc,
    &lb_stats_show_doc, &lb_stats_mean_doc,  &lb_stats_std_doc,      &lb_stats_min_doc,
    &lb_stats_max_doc,  &lb_stats_count_doc, &lb_stats_axis_doc,     NULL};

const LbType lb_stats_type = {
    .name = "stats",
    .text =
        "Statistics of pixels that can be added to, merged and subtracted. On u8 data everything "
        "is kept as integers: any order of adding and merging gives the same bits, and mean and "
        "std are the correctly rounded doubles. #s is the number of images.",
    .example = "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
               "local s = luma.stats{ axis=\"channel\" }\n"
               "s:add(train):add(test)\n"
               "assert(#s == 110 and #s.mean == 1)",
    .n_user_values = 1,
    .release = release,
    .describe = describe,
    .length = length,
    .members = members,
};

LB_FUNCTION(lb_luma_stats, "luma.stats", lb_stats_options, "luma.stats{ axis=\"all\" } -> stats",
            "New, empty statistics.",
            "local s = luma.stats{ axis=\"pixel\" }\n"
            "s:add(luma.zeros({10, 4, 4, 3}, \"u8\"))\n"
            "assert(s.mean.shape[3] == 3)")
{
    LmAxis axis = lb_stats_parse_axis(L, 1, fn);
    lb_arg_end(L, 1, fn);
    lb_stats_push(L, axis, fn);
    return 1;
}

void lb_stats_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_stats_doc, NULL};
    lb_handle_define(L, &lb_stats_type);
    lb_doc_register(L, docs);
}
