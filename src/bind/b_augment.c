/* Augmentation: what may happen to an image at random; and the groups of them, luma.one_of and
 * luma.sometimes.
 *
 * As a stage does, an augmentation remembers the line that wrote it; generators copy it.
 */
#include "bind/b_augment.h"

#include "bind/open.h"
#include "bind/options.h"

void lb_augment_push_copy(lua_State *L, const LmAugment *augment, const char *fn)
{
    LbAugment *box = lb_handle_push(L, &lb_augment_type);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_augment_copy(&box->augment, augment, &err));
    lb_raise_if(L, st, fn, &err);
    lb_handle_fill(L, &box->handle, &box->augment, 0);
}

int lb_augment_push_new(lua_State *L, LmAugment a, const char *fn)
{
    LmError err;
    if (lm_augment_check(&a, &err) != LM_OK) {
        lb_raise_text(L, err.code, "luma.%s", err.msg);
    }
    lb_raise_where(L, a.where, sizeof a.where);
    lb_augment_push_copy(L, &a, fn);
    return 1;
}

/* --- groups --- */

static const LbOption one_of_options[] = {
    LB_TABLE("weights", "all alike", "how often each is picked, relative to the others"),
    LB_NUMBER(LmAugment, p, "p", 0, 1, "1", "how often one of them happens at all"),
    LB_OPTIONS_END};

LmAugment *lb_augment_borrow_list(lua_State *L, int table, int n, const char *fn)
{
    char label[32];
    LmAugment *list = lua_newuserdatauv(L, (size_t)LM_MAX(n, 1) * sizeof *list, 0);
    for (int i = 0; i < n; i++) {
        LmStr s = lm_str(label, sizeof label);
        lm_str_add(&s, "item %d", i + 1);
        lua_rawgeti(L, table, i + 1);
        const LbHandle *handle = lb_handle_test(L, -1, &lb_augment_type);
        if (lua_isfunction(L, -1)) {
            lb_raise_text(L, LM_EARG,
                          "%s: %s wants an augmentation, got a function; call it with what it "
                          "needs: luma.rotate(15)",
                          fn, label);
        }
        if (handle == NULL) {
            lb_arg_fail(L, lua_gettop(L), fn, label, "an augmentation, such as luma.rotate(15)");
        }
        if (handle->object == NULL) {
            lb_raise_text(L, LM_ESTATE, "%s: %s is closed", fn, label);
        }
        list[i] = *(const LmAugment *)handle->object;
        lua_pop(L, 1);
    }
    return list;
}

static double *parse_weights(lua_State *L, int table, int n, const char *fn)
{
    static const LbOption number = {.kind = LB_KIND_NUMBER, .lo = 0, .hi = LB_ANY};
    if (lua_getfield(L, table, "weights") == LUA_TNIL) {
        return NULL;
    }
    int list = lua_gettop(L);
    if ((int)lua_rawlen(L, list) != n) {
        lb_raise_text(L, LM_EARG, "%s: option 'weights' wants %d numbers, one an item, got %d", fn,
                      n, (int)lua_rawlen(L, list));
    }
    double *weights = lua_newuserdatauv(L, (size_t)n * sizeof *weights, 0);
    for (int i = 0; i < n; i++) {
        char label[32];
        LmStr s = lm_str(label, sizeof label);
        lm_str_add(&s, "weight %d", i + 1);
        lua_rawgeti(L, list, i + 1);
        lb_options_store(L, lua_gettop(L), fn, label, &number, &weights[i]);
        lua_pop(L, 1);
    }
    return weights;
}

LB_FUNCTION(lb_luma_one_of, "luma.one_of", one_of_options,
            "luma.one_of{ a, b, ..., weights={ 1, 2, ... } } -> augmentation",
            "One of several augmentations, picked for each image.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{}:augment{ luma.one_of{ luma.rotate(15), luma.noise(8) } }\n"
            "local _, drawn = g:replay(train, 1, 1)\n"
            "assert(#drawn == 1)")
{
    LmAugment a = lm_augment(LM_AUGMENT_ONE_OF);
    lb_arg_table(L, 1, fn, "augmentations", "a list as in luma.one_of{ luma.rotate(15), ... }");
    a.n_entries = lb_options_parse(L, 1, fn, one_of_options,
                                   (LbParts){"one augmentation at least", 1, LM_AUGMENT_MAX}, &a);
    lb_arg_end(L, 1, fn);
    a.entries = lb_augment_borrow_list(L, 1, a.n_entries, fn);
    a.weights = parse_weights(L, 1, a.n_entries, fn);
    return lb_augment_push_new(L, a, fn);
}

LB_FUNCTION(lb_luma_sometimes, "luma.sometimes", NULL,
            "luma.sometimes(p, a, b, ...) -> augmentation",
            "With probability p all of these happen, in order, otherwise none.",
            "local g = luma.generator{}:augment{\n"
            "  luma.sometimes(0.3, luma.rotate(15), luma.brightness(0.2)),\n"
            "}\n"
            "assert(#g.augments[1] == 2)")
{
    LmAugment a = lm_augment(LM_AUGMENT_SOMETIMES);
    a.p = lb_arg_number(L, 1, fn, "p", 0, 1);
    a.n_entries = lua_gettop(L) - 1;
    if (a.n_entries < 1 || a.n_entries > LM_AUGMENT_MAX) {
        lb_raise_text(L, LM_EARG,
                      "%s: wants a probability and then 1 to %d augmentations, as in "
                      "luma.sometimes(0.3, luma.rotate(15)); got %d",
                      fn, LM_AUGMENT_MAX, a.n_entries);
    }
    lua_createtable(L, a.n_entries, 0);
    for (int i = 0; i < a.n_entries; i++) {
        lua_pushvalue(L, i + 2);
        lua_rawseti(L, -2, i + 1);
    }
    a.entries = lb_augment_borrow_list(L, lua_gettop(L), a.n_entries, fn);
    return lb_augment_push_new(L, a, fn);
}

/* --- the type --- */

static const LmAugment *check_augment(lua_State *L, const char *fn)
{
    return lb_handle_check(L, 1, &lb_augment_type, fn);
}

LB_FUNCTION(lb_augment_kind, "augmentation.kind", NULL, "augmentation.kind -> string",
            "Its name in replays and files: \"rotate\", \"crop_pad\", \"one_of\" ...",
            "assert(luma.rotate(15).kind == \"rotate\")")
{
    lua_pushstring(L, lm_augment_spec(check_augment(L, fn)->kind)->name);
    return 1;
}

LB_FUNCTION(lb_augment_p, "augmentation.p", NULL, "augmentation.p -> number",
            "How often it happens, as a probability.", "assert(luma.flip \"vertical\".p == 0.5)")
{
    lua_pushnumber(L, check_augment(L, fn)->p);
    return 1;
}

static int augment_at(lua_State *L)
{
    static const char fn[] = "augmentation[i]";
    const LmAugment *a = check_augment(L, fn);
    int64_t i = 0;
    LbOption index = {.kind = LB_KIND_INTEGER, .lo = 1, .hi = a->n_entries};
    if (a->n_entries == 0) {
        lb_raise_text(L, LM_EARG, "%s: this augmentation holds no others", fn);
    }
    lb_options_store(L, 2, fn, "i", &index, &i);
    lb_augment_push_copy(L, &a->entries[i - 1], fn);
    return 1;
}

static void release(void *object)
{
    lm_augment_fini(object);
}

static void describe(const void *object, LmStr *out)
{
    char text[512];
    lm_str_add(out, "%s", lm_augment_describe(object, text, sizeof text));
}

static lua_Integer length(const void *object)
{
    return ((const LmAugment *)object)->n_entries;
}

static const LbDoc *const members[] = {&lb_augment_kind_doc, &lb_augment_p_doc, NULL};

const LbType lb_augment_type = {
    .name = "augmentation",
    .text = "What may happen to a training image at random; generator:augment takes a list of "
            "them. #a is how many others it holds (luma.one_of, luma.sometimes), a[i] a copy of "
            "one.",
    .example = "local a = luma.sometimes(0.5, luma.rotate(15), luma.flip \"horizontal\")\n"
               "assert(#a == 2 and a[1].kind == \"rotate\")",
    .handle_size = sizeof(LbAugment),
    .release = release,
    .describe = describe,
    .length = length,
    .at = augment_at,
    .members = members,
};

void lb_augment_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_one_of_doc, &lb_luma_sometimes_doc, NULL};
    lb_handle_define(L, &lb_augment_type);
    lb_doc_register(L, docs);
    lb_augment_make_open(L);
    lb_augment_list_open(L);
}
