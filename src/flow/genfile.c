/* A generator as JSON and back; genfile_stage.c and genfile_augment.c write what it lists.
 *
 * Reading refuses what it does not know: an option of a later version that is passed over, or a
 * number that is taken for missing because somebody wrote it as text, would scale other images
 * than the model was trained on without a word.
 */
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "flow/generator.h"
#include "flow/genfile_augment.h"
#include "flow/genfile_stage.h"

enum { STAGES_MAX = 1000 };

/* --- to JSON; NULL and false: out of memory --- */

/* Both values are given away. */
static bool put(json_t *j, const char *key, json_t *value)
{
    return json_object_set_new(j, key, value) == 0;
}

static json_t *keep_if(bool ok, json_t *j)
{
    if (!ok) {
        json_decref(j);
        return NULL;
    }
    return j;
}

/* The text says where the numbers come from and nothing depends on it: what is no UTF-8 (a folder's
 * name in another encoding) becomes '?' rather than keep a trained model from being saved. */
static json_t *text_to_json(const char *text)
{
    json_t *j = json_string(text);
    char ascii[256];
    size_t n = 0;
    if (j != NULL) {
        return j;
    }
    for (; text[n] != '\0' && n + 1 < sizeof ascii; n++) {
        ascii[n] = (unsigned char)text[n] < 0x80 ? text[n] : '?';
    }
    ascii[n] = '\0';
    return json_string(ascii);
}

static json_t *generator_to_json(const LmGenerator *g)
{
    const char *fitted_on = lm_generator_fitted_on(g);
    json_t *root = json_object();
    json_t *list = json_array();
    bool ok = list != NULL;
    for (int i = 0; i < lm_generator_n_stages(g) && ok; i++) {
        ok = json_array_append_new(list, lm_genfile_stage_to_json(lm_generator_stage(g, i))) == 0;
    }
    ok = put(root, "stages", keep_if(ok, list)) && ok;
    int n_augments = lm_generator_n_augments(g);
    ok = ok && (n_augments == 0 ||
                put(root, "augments",
                    lm_genfile_augments_to_json(lm_generator_augment_list(g), n_augments)));
    ok = ok && (fitted_on == NULL || put(root, "fitted_on", text_to_json(fitted_on)));
    return keep_if(ok, root);
}

LmStatus lm_generator_to_json(const LmGenerator *g, char **out, LmError *err)
{
    json_t *root = generator_to_json(g);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    LmStatus st = text != NULL
                      ? lm_mem_strdup(out, text, err)
                      : lm_fail(err, LM_EMEM, "out of memory: cannot describe the generator");
    free(text);
    return st;
}

/* --- tensors --- */

int lm_generator_n_tensors(const LmGenerator *g)
{
    int n = 0;
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        n += lm_generator_stage(g, i)->whitening.matrix.storage != NULL;
    }
    return n;
}

void lm_generator_get_tensor(const LmGenerator *g, int k, char name[LM_GENERATOR_NAME_MAX],
                             LmTensor *out)
{
    int i = 0;
    for (;; i++) {
        k -= lm_generator_stage(g, i)->whitening.matrix.storage != NULL;
        if (k < 0) {
            break;
        }
    }
    lm_genfile_name_matrix(i, name);
    *out = lm_tensor_share(&lm_generator_stage(g, i)->whitening.matrix);
}

/* --- from JSON --- */

static LmStatus check_root(json_t *root, LmError *err)
{
    static const char *const keys[] = {"stages", "augments", "fitted_on", NULL};
    const json_t *list = json_object_get(root, "stages");
    const json_t *fitted_on = json_object_get(root, "fitted_on");
    LmStatus st = lm_genfile_check_keys(root, keys, err);
    if (st != LM_OK) {
        return st;
    }
    if (!json_is_array(list) || json_array_size(list) > STAGES_MAX) {
        return lm_fail(err, LM_EFORMAT, "has no list of stages");
    }
    if (fitted_on != NULL && !json_is_string(fitted_on)) {
        return lm_fail(err, LM_EFORMAT, "says what it was fitted on in no text");
    }
    return LM_OK;
}

/* Replaces *g by a generator with the augmentations of the file, where there are any. */
static LmStatus add_augments(LmGenerator **g, const json_t *list, LmError *err)
{
    LmGenerator *augmented = NULL;
    LmAugment *augments = NULL;
    int n = 0;
    LmStatus st = lm_genfile_augments_from_json(list, &augments, &n, err);
    if (st == LM_OK && n > 0) {
        st = lm_generator_augment(&augmented, *g, augments, n, err);
    }
    if (augmented != NULL) {
        lm_generator_unref(*g);
        *g = augmented;
    }
    lm_augment_free_list(augments, n);
    return st;
}

static LmStatus build_from(LmGenerator **out, const LmStage *stages, size_t n, const json_t *root,
                           LmError *err)
{
    const char *fitted_on = json_string_value(json_object_get(root, "fitted_on"));
    LmGenerator *g = NULL;
    LmStatus st = lm_generator_new(&g, stages, (int)n, err);
    if (st == LM_OK && fitted_on != NULL) {
        st = lm_generator_set_fitted_on(g, fitted_on, err);
    }
    if (st == LM_OK) {
        st = add_augments(&g, json_object_get(root, "augments"), err);
    }
    if (st != LM_OK) {
        lm_generator_unref(g);
        return st;
    }
    *out = g;
    return LM_OK;
}

static LmStatus build(LmGenerator **out, json_t *root, const LmSafetensors *tensors, LmError *err)
{
    const json_t *list = json_object_get(root, "stages");
    size_t n = json_array_size(list);
    LmStage *stages = NULL;
    LmStatus st = check_root(root, err);
    if (st != LM_OK || (st = lm_mem_zeros(&stages, n, sizeof *stages, err)) != LM_OK) {
        return st;
    }
    for (size_t i = 0; i < n && st == LM_OK; i++) {
        st = lm_genfile_stage_from_json(&stages[i], json_array_get(list, i), (int)i, tensors, err);
        if (st != LM_OK) {
            lm_error_context(err, "stage %zu", i + 1);
        }
    }
    if (st == LM_OK) {
        st = build_from(out, stages, n, root, err);
    }
    for (size_t i = 0; i < n; i++) {
        lm_stage_fini(&stages[i]);
    }
    lm_mem_free(stages);
    return st;
}

/* Out of memory is not the text's fault; jansson says so by this code, or by no text at all. */
static LmStatus parse(const char *text, json_t **out, LmError *err)
{
    json_error_t problem;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (*out != NULL) {
        return LM_OK;
    }
    if (json_error_code(&problem) == json_error_out_of_memory || problem.text[0] == '\0') {
        return lm_fail(err, LM_EMEM, "out of memory: cannot read it");
    }
    return lm_fail(err, LM_EFORMAT, "is no JSON: %s", problem.text);
}

LmStatus lm_generator_from_json(LmGenerator **out, const char *text, const LmSafetensors *tensors,
                                const char *name, LmError *err)
{
    json_t *root = NULL;
    LmStatus st = parse(text, &root, err);
    if (st == LM_OK) {
        st = build(out, root, tensors, err);
    }
    json_decref(root);
    if (st != LM_OK) {
        if (st != LM_EMEM) {
            err->code = LM_EFORMAT;
        }
        return lm_error_context(err, "%s: the description of the generator", name);
    }
    return LM_OK;
}
