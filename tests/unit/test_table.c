/* Tables of image files (src/data/table.c): classes, tags, flags, numbers, weights and parts; every
 * complaint with its line. */
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include "base/threads.h"
#include "data/sources.h"

static LmTableOptions plain(void)
{
    static const char *const label[] = {"label"};
    return (LmTableOptions){.images = {.color = LM_COLOR_RGB},
                            .file = "file",
                            .labels = LM_TABLE_CLASS,
                            .n_columns = 1,
                            .columns = label,
                            .separator = '|',
                            .delimiter = ','};
}

static const char *make(const char *text)
{
    return help_files_make("t.csv", text, strlen(text));
}

static LmDataset *open_one(const char *text, const LmTableOptions *o)
{
    LmError err;
    LmDataset *outs[LM_TABLE_PARTS_MAX];
    int n = 0;
    assert_ok(lm_table_open(outs, &n, "t", make(text), o, &err), err);
    assert_int_equal(n, 1);
    return outs[0];
}

static void assert_refused(const char *text, const LmTableOptions *o, LmStatus status,
                           const char *part)
{
    LmError err;
    LmDataset *outs[LM_TABLE_PARTS_MAX] = {NULL};
    int n = 0;
    assert_fails(lm_table_open(outs, &n, "t", make(text), o, &err), status, err, part);
    assert_null(outs[0]);
    assert_int_equal(n, 0);
}

/* a.png to f.png and sub/g.png: 3 x 4 x 3, seeds 0 to 6. */
static int make_images(void **state)
{
    int st = help_files_setup(state);
    for (unsigned k = 0; k < 6; k++) {
        char name[8] = {(char)('a' + k), '.', 'p', 'n', 'g', '\0'};
        help_tree_image(name, 3, 4, 3, k);
    }
    help_tree_image("sub/g.png", 3, 4, 3, 6);
    return st;
}

static void assert_seed(const LmDataset *ds, int64_t i, unsigned seed)
{
    LmError err;
    uint8_t pixels[36];
    assert_ok(lm_dataset_read(ds, i, pixels, &err), err);
    assert_int_equal(pixels[7], help_tree_pixel(seed, 7));
}

static void test_classes(void **state)
{
    (void)state;
    char text[1024];
    LmTableOptions o = plain();
    snprintf(text, sizeof text,
             "label,note,file\r\ndog,x,b.png\r\n\"c,at\",\"y\nz\",sub/g.png\r\ndog,,b.png\r\nB,,%s",
             help_files_path("a.png"));
    LmDataset *ds = open_one(text, &o);
    assert_int_equal(ds->count, 4);
    assert_int_equal(ds->n_classes, 3);
    assert_string_equal(ds->classes[0], "B");
    assert_string_equal(ds->classes[1], "c,at");
    assert_string_equal(ds->classes[2], "dog");
    static const int32_t labels[] = {2, 1, 2, 0};
    static const unsigned seeds[] = {1, 6, 1, 0};
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(ds->labels[i], labels[i]);
        assert_seed(ds, i, seeds[i]);
    }
    assert_string_equal(lm_dataset_item_name(ds, 1), help_files_path("sub/g.png"));
    lm_dataset_unref(ds);
    o.classes = (const char *const[]){"dog", "B", "absent"};
    o.n_classes = 3;
    ds = open_one(text, &o);
    assert_int_equal(ds->count, 3);
    assert_int_equal(ds->n_ignored, 1);
    assert_int_equal(ds->labels[2], 1);
    assert_string_equal(ds->classes[2], "absent");
    lm_dataset_unref(ds);
    o.n_classes = 1;
    o.classes = (const char *const[]){"wolf"};
    assert_refused(text, &o, LM_EFORMAT,
                   "none of its 4 rows is of the parts and classes asked for");
    o.classes = (const char *const[]){"dog", "dog"};
    o.n_classes = 2;
    assert_refused(text, &o, LM_EARG, "'dog' is named twice, as number 1 and 2");
}

static void test_directory(void **state)
{
    (void)state;
    LmTableOptions o = plain();
    o.directory = help_files_path("sub");
    LmDataset *ds = open_one("file,label\ng.png,x\n../a.png,x\n", &o);
    assert_seed(ds, 0, 6);
    assert_seed(ds, 1, 0);
    lm_dataset_unref(ds);
    o = plain();
    o.labels = LM_TABLE_NONE;
    o.n_columns = 0;
    ds = open_one("file\na.png\n", &o);
    assert_null(ds->labels);
    assert_null(ds->targets);
    lm_dataset_unref(ds);
}

static void test_tags(void **state)
{
    (void)state;
    LmTableOptions o = plain();
    o.labels = LM_TABLE_TAGS;
    static const char text[] =
        "file,label\na.png,sun|sea\nb.png,\nc.png, sky |sun\nd.png,sea|sea\n";
    LmDataset *ds = open_one(text, &o);
    assert_int_equal(ds->targets_kind, LM_TARGETS_MULTI_LABEL);
    assert_int_equal(ds->n_targets, 3);
    assert_string_equal(ds->classes[0], "sea");
    assert_string_equal(ds->classes[1], "sky");
    assert_string_equal(ds->classes[2], "sun");
    static const float want[] = {1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0};
    assert_memory_equal(ds->targets, want, sizeof want);
    lm_dataset_unref(ds);
    /* Rows whose tags are all of other classes go; those without tags stay. */
    o.classes = (const char *const[]){"sun"};
    o.n_classes = 1;
    ds = open_one(text, &o);
    assert_int_equal(ds->count, 3);
    assert_int_equal(ds->n_ignored, 1);
    assert_memory_equal(ds->targets, ((const float[]){1, 0, 1}), 3 * sizeof(float));
    lm_dataset_unref(ds);
    o.n_classes = 0;
    assert_refused("file,label\na.png,x||y\n", &o, LM_EFORMAT,
                   "t.csv: line 2: there is an empty tag in 'x||y'");
    assert_refused("file,label\na.png,x|\n", &o, LM_EFORMAT, "line 2: there is an empty tag");
    assert_refused("file,label\na.png,\n", &o, LM_EFORMAT, "no row has a tag in 'label'");
}

static void test_flags_and_values(void **state)
{
    (void)state;
    static const char *const columns[] = {"x", "y"};
    LmTableOptions o = plain();
    o.columns = columns;
    o.n_columns = 2;
    o.labels = LM_TABLE_FLAGS;
    LmDataset *ds = open_one("y,file,x\n1,a.png,0\n0,b.png,1.0\n", &o);
    assert_int_equal(ds->targets_kind, LM_TARGETS_MULTI_LABEL);
    assert_string_equal(ds->classes[0], "x");
    assert_memory_equal(ds->targets, ((const float[]){0, 1, 1, 0}), 4 * sizeof(float));
    lm_dataset_unref(ds);
    assert_refused("y,file,x\n1,a.png,2\n", &o, LM_EFORMAT, "line 2: 'x' wants 0 or 1, got \"2\"");
    o.labels = LM_TABLE_VALUES;
    o.weight = "w";
    ds = open_one("y,file,x,w\n1e3,a.png,-2.5,0\n 7 ,b.png,0,2\n", &o);
    assert_int_equal(ds->targets_kind, LM_TARGETS_VALUES);
    assert_memory_equal(ds->targets, ((const float[]){-2.5f, 1000, 0, 7}), 4 * sizeof(float));
    assert_memory_equal(ds->weights, ((const float[]){0, 2}), 2 * sizeof(float));
    lm_dataset_unref(ds);
    static const struct {
        const char *row;
        const char *text;
    } bad[] = {
        {"1,a.png,,1", "line 2: 'x' wants a number, got \"\""},
        {"nan,a.png,1,1", "line 2: 'y' wants a number, got \"nan\""},
        {"1,a.png,1e99,1", "line 2: 'x' wants a number, got \"1e99\""},
        {"1,a.png,1,-1", "line 2: 'w' wants a number of at least 0, got \"-1\""},
        {"1,a.png,1,heavy", "line 2: 'w' wants a number of at least 0, got \"heavy\""},
        {"1,a.png,1,0", "all weights of 't' are 0"},
    };
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        char text[128];
        snprintf(text, sizeof text, "y,file,x,w\n%s\n", bad[k].row);
        assert_refused(text, &o, LM_EFORMAT, bad[k].text);
    }
}

static void test_parts(void **state)
{
    (void)state;
    static const char text[] = "file,label,part\na.png,x,val\nb.png,y,test\nc.png,x,train\n"
                               "d.png,z,val\ne.png,x,train\n";
    LmError err;
    LmDataset *outs[LM_TABLE_PARTS_MAX];
    int n = 0;
    LmTableOptions o = plain();
    o.split = "part";
    assert_ok(lm_table_open(outs, &n, "t", make(text), &o, &err), err);
    assert_int_equal(n, 3);
    static const char *const names[] = {"t train", "t test", "t val"};
    static const int64_t counts[] = {2, 1, 2};
    for (int k = 0; k < 3; k++) {
        assert_string_equal(outs[k]->name, names[k]);
        assert_int_equal(outs[k]->count, counts[k]);
        assert_int_equal(outs[k]->n_classes, 3);
    }
    assert_seed(outs[0], 1, 4);
    assert_seed(outs[2], 0, 0);
    assert_int_equal(outs[2]->labels[1], 2);
    for (int k = 0; k < 3; k++) {
        lm_dataset_unref(outs[k]);
    }
    o.parts = (const char *const[]){"val", "train"};
    o.n_parts = 2;
    assert_ok(lm_table_open(outs, &n, "t", make(text), &o, &err), err);
    assert_int_equal(n, 2);
    assert_string_equal(outs[0]->name, "t val");
    assert_int_equal(outs[0]->n_classes, 3);
    lm_dataset_unref(outs[0]);
    lm_dataset_unref(outs[1]);
    outs[0] = NULL;
    n = 0;
    o.parts = (const char *const[]){"val", "train", "dev"};
    o.n_parts = 3;
    assert_refused(text, &o, LM_EFORMAT, "no row of 'part' is 'dev'");
    o.n_parts = 0;
    assert_refused("file,label,part\na.png,x,\n", &o, LM_EFORMAT, "line 2: 'part' is empty");
    char many[2048] = "file,label,part\n";
    for (int k = 0; k < LM_TABLE_PARTS_MAX + 1; k++) {
        snprintf(many + strlen(many), 32, "a.png,x,p%d\n", k);
    }
    assert_refused(many, &o, LM_EFORMAT, "'part' names 65 parts, more than the 64 possible");
}

static void test_refusals(void **state)
{
    (void)state;
    LmTableOptions o = plain();
    assert_refused("file,label\n", &o, LM_EFORMAT, "t.csv: the table has a header, but no rows");
    assert_refused("path,label\na.png,x\n", &o, LM_EARG,
                   "t.csv: there is no column 'file'; the table has path, label");
    assert_refused("file,class\na.png,x\n", &o, LM_EARG, "there is no column 'label'");
    assert_refused("file,label\n,x\n", &o, LM_EFORMAT, "line 2: 'file' is empty");
    assert_refused("file,label\n\na.png,x\nb.png,\n", &o, LM_EFORMAT, "line 4: 'label' is empty");
    assert_refused("file,label\na.png,x\ngone.png,y\n", &o, LM_ENOTFOUND,
                   "line 3: there is no file");
    assert_refused("file,label\nsub,x\n", &o, LM_EIO, "sub: it is a directory");
    assert_refused("file,label\nt.csv,x\n", &o, LM_EFORMAT, "t.csv: not an image");
    char longer[6000] = "file,label\n";
    memset(longer + 11, 'p', 5000);
    memcpy(longer + 5011, ",x\n", 4);
    assert_refused(longer, &o, LM_EFORMAT, "line 2: the path of the file is too long");
}

static void test_skipping(void **state)
{
    (void)state;
    LmTableOptions o = plain();
    o.images.skips_damaged = true;
    o.weight = "w";
    o.split = "part";
    help_tree_file("bad.png", "x", 1);
    LmError err;
    LmDataset *outs[LM_TABLE_PARTS_MAX];
    int n = 0;
    const char *path =
        make("file,label,w,part\ngone.png,x,1,train\na.png,y,2,train\n"
             "bad.png,x,3,test\nb.png,z,4,test\nbad.png,x,5,train\nc.png,y,6,test\n");
    assert_ok(lm_table_open(outs, &n, "t", path, &o, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(outs[0]->count, 1);
    assert_true(outs[0]->weights[0] == 2);
    assert_seed(outs[0], 0, 0);
    assert_int_equal(outs[1]->count, 2);
    assert_true(outs[1]->weights[0] == 4 && outs[1]->weights[1] == 6);
    assert_int_equal(outs[1]->labels[1], 1);
    assert_seed(outs[1], 1, 2);
    assert_int_equal(outs[1]->skips->n, 3);
    assert_non_null(strstr(outs[1]->skips->entries[0].reason, "No such file"));
    lm_dataset_unref(outs[0]);
    lm_dataset_unref(outs[1]);
    assert_refused("file,label,w,part\na.png,x,1,train\nbad.png,y,2,test\n", &o, LM_EFORMAT,
                   "no row of 'part' is 'test' and has a file that can be read");
}

static LmStatus open_once(const char *path, const LmTableOptions *o, LmError *err)
{
    LmDataset *outs[LM_TABLE_PARTS_MAX];
    int n = 0;
    LmStatus st = lm_table_open(outs, &n, "t", path, o, err);
    for (int k = 0; k < n; k++) {
        lm_dataset_unref(outs[k]);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmTableOptions o = plain();
    int n_threads = lm_threads();
    lm_threads_set(1);
    const char *path = make("file,label,w,part\na.png,x|y,1,train\nb.png,y,2,test\ngone.png,x,1,"
                            "test\n");
    o.images.skips_damaged = true;
    o.images.caches = true;
    o.weight = "w";
    o.split = "part";
    assert_survives_oom(open_once(path, &o, &err), err);
    o.labels = LM_TABLE_TAGS;
    assert_survives_oom(open_once(path, &o, &err), err);
    lm_threads_set(n_threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),  cmocka_unit_test(test_directory),
        cmocka_unit_test(test_tags),     cmocka_unit_test(test_flags_and_values),
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_skipping), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_images, help_files_teardown);
}
