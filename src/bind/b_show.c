/* ds:show() and flow:show(): grids of images with what they are of. Images are read one by one, as
 * they are drawn.
 */
#include "bind/b_dataset.h"
#include "bind/b_flow.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "bind/show.h"

enum { LABEL_SIZE = 256 };

/* What image `label` or `row` stands for: names of classes, with their share where it is not all of
 * the image, or numbers to predict. */
static void add_label(LmStr *s, const LmDataset *ds, int32_t label, const float *row)
{
    if (row == NULL) {
        lm_str_add(s, "%s", label >= 0 ? ds->classes[label] : "");
        return;
    }
    bool is_class = ds->targets_kind != LM_TARGETS_VALUES || label >= 0;
    int64_t n = label >= 0 ? ds->n_classes : ds->n_targets;
    for (int64_t k = 0; k < n; k++) {
        double percent = 100 * (double)row[k];
        if (!is_class) {
            lm_str_add(s, "%s%.4g", s->used > 0 ? " " : "", (double)row[k]);
        } else if (percent >= 0.5) {
            lm_str_add(s, "%s", s->used == 0 ? "" : label >= 0 ? " + " : ", ");
            if (percent < 99.5) {
                lm_str_add(s, "%.0f %% ", percent);
            }
            lm_str_add(s, "%s", ds->classes[k]);
        }
    }
}

/* A list of labels that lives on the Lua stack. */
typedef struct Labels {
    const char **texts;
    int table; /* keeps the strings */
} Labels;

static Labels push_labels(lua_State *L, int64_t n)
{
    Labels labels;
    lua_createtable(L, (int)n, 0);
    labels.table = lua_gettop(L);
    labels.texts = lua_newuserdatauv(L, (size_t)n * sizeof *labels.texts, 0);
    return labels;
}

static void set_label(lua_State *L, const Labels *labels, int64_t i, const LmDataset *ds,
                      int32_t label, const float *row)
{
    char text[LABEL_SIZE];
    LmStr s = lm_str(text, sizeof text);
    add_label(&s, ds, label, row);
    labels->texts[i] = lua_pushstring(L, text);
    lua_rawseti(L, labels->table, (lua_Integer)i + 1);
}

/* Pushes room for one image. */
static LmTensor *push_image(lua_State *L, const LmDataset *ds, LmDtype dtype, const char *fn)
{
    LbTensor *image = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st,
            lm_tensor_new(&image->tensor, dtype, 3, (const int64_t[]){ds->h, ds->w, ds->c}, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, image);
    return &image->tensor;
}

/* --- data sets --- */

typedef struct DatasetImages {
    const LmDataset *ds;
    LmTensor *image;
} DatasetImages;

static LmStatus get_of_dataset(void *ctx, int64_t i, const LmTensor **image, LmError *err)
{
    DatasetImages *d = ctx;
    *image = d->image;
    return lm_dataset_read(d->ds, i, d->image->data, err);
}

LB_FUNCTION(lb_dataset_show, "dataset:show", lb_show_options,
            "dataset:show([n]) -> dataset; dataset:show{ max=16, columns= } -> dataset",
            "Draws the first n images in the terminal, each with the names of its classes (or the "
            "numbers to predict) below. See help \"tensor:show\" for how they are drawn.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "train:show(4)\n"
            "train:filter{ 7 }:show{ max=2, columns=60 }")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    LbShow show = lb_show_parse(L, fn);
    DatasetImages d = {.ds = ds, .image = push_image(L, ds, ds->dtype, fn)};
    LmPictureSource source = {.n_images = ds->count,
                              .h = ds->h,
                              .w = ds->w,
                              .c = ds->c,
                              .dtype = ds->dtype,
                              .get = get_of_dataset,
                              .ctx = &d};
    bool has_labels = ds->labels != NULL || ds->targets != NULL;
    int64_t n = LM_MIN(show.max, ds->count);
    Labels labels = push_labels(L, has_labels ? n : 0);
    for (int64_t i = 0; has_labels && i < n; i++) {
        set_label(L, &labels, i, ds, ds->labels != NULL ? ds->labels[i] : -1,
                  ds->labels != NULL ? NULL : ds->targets + i * ds->n_targets);
    }
    return lb_show_print(L, fn, &source, &show, has_labels ? labels.texts : NULL);
}

/* --- flows --- */

typedef struct FlowImages {
    LmFlow *flow;
    LmTensor *image;
    float *buffer; /* of a target's row */
} FlowImages;

static LmStatus get_of_flow(void *ctx, int64_t i, const LmTensor **image, LmError *err)
{
    FlowImages *f = ctx;
    LmTarget target;
    *image = f->image;
    return lm_flow_peek(f->flow, i, f->image->data, &target, f->buffer, err);
}

LB_FUNCTION(lb_flow_show, "flow:show", lb_show_options,
            "flow:show([n]) -> flow; flow:show{ max=16, columns= } -> flow",
            "Draws the first batch of the epoch the flow is in as the network sees it, scaled and "
            "augmented, with its labels. Does not move the flow. See help \"tensor:show\" for how "
            "images are drawn.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "luma.generator{ luma.rescale(1/255) }:augment{ luma.rotate(15) }:flow(train):show(4)")
{
    LmFlow *flow = lb_flow_check(L, 1, fn);
    LbShow show = lb_show_parse(L, fn);
    const LmDataset *ds = lm_flow_dataset(flow);
    const LmFlowOptions *o = lm_flow_options(flow);
    LmError err;
    FlowImages f = {.flow = flow, .image = push_image(L, ds, LM_F32, fn)};
    f.buffer = lua_newuserdatauv(L, ((size_t)lm_flow_n_targets(flow) + 1) * sizeof *f.buffer, 0);
    LmPictureSource source = {.n_images = LM_MIN(o->batch, lm_flow_n_samples(flow)),
                              .h = ds->h,
                              .w = ds->w,
                              .c = ds->c,
                              .dtype = LM_F32,
                              .get = get_of_flow,
                              .ctx = &f};
    bool has_labels = o->labels != LM_LABELS_NONE && o->labels != LM_LABELS_INPUT;
    int64_t n = LM_MIN(show.max, source.n_images);
    Labels labels = push_labels(L, has_labels ? n : 0);
    for (int64_t i = 0; has_labels && i < n; i++) {
        LmTarget target;
        LmStatus st;
        LB_CALL(L, st, lm_flow_peek(flow, i, NULL, &target, f.buffer, &err));
        lb_raise_if(L, st, fn, &err);
        set_label(L, &labels, i, ds, target.label, target.row);
    }
    return lb_show_print(L, fn, &source, &show, has_labels ? labels.texts : NULL);
}

void lb_show_open(lua_State *L)
{
    static const LbDoc *const of_dataset[] = {&lb_dataset_show_doc, NULL};
    static const LbDoc *const of_flow[] = {&lb_flow_show_doc, NULL};
    lb_handle_extend(L, &lb_dataset_type, of_dataset, NULL);
    lb_handle_extend(L, &lb_flow_type, of_flow, NULL);
}
