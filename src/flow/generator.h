/* A generator: an ordered list of stages, fitted on a data set, applied to images; and what may
 * happen to training images at random before the first stage.
 *
 * Shared by reference and used from the main thread; flows compile a plan of their own when they
 * are made and keep scaling with the numbers of that time, so a later fit never disturbs one that
 * runs.
 */
#ifndef LM_GENERATOR_H
#define LM_GENERATOR_H

#include "augment/augment.h"
#include "augment/keras.h"
#include "base/error.h"
#include "data/dataset.h"
#include "io/safetensors.h"
#include "stage/plan.h"
#include "stage/stage.h"

typedef struct LmGenerator LmGenerator;

/* Copies the stages. n may be 0: pixels pass as floats. */
LmStatus lm_generator_new(LmGenerator **out, const LmStage *stages, int n,
                          LmError *err) LM_MUST_CHECK;
/* A new generator with copies of g's stages, as they are fitted, and these augmentations behind
 * those g already has. Fitting either later does not touch the other. */
LmStatus lm_generator_augment(LmGenerator **out, const LmGenerator *g, const LmAugment *list, int n,
                              LmError *err) LM_MUST_CHECK;
/* The same with Keras' random changes in place of a list; g has no list of its own. Not part of
 * what is saved: files hold the scaling. */
LmStatus lm_generator_change_as_keras(LmGenerator **out, const LmGenerator *g, const LmKeras *keras,
                                      LmError *err) LM_MUST_CHECK;
const LmKeras *lm_generator_keras(const LmGenerator *g); /* NULL: none */
LmGenerator *lm_generator_ref(LmGenerator *g);
void lm_generator_unref(LmGenerator *g); /* NULL is fine */

/* Fits every feature stage in order, each on the data as the stages before it leave it, without
 * augmentation. On failure (empty set, a std of 0 with epsilon 0, interrupted) the old fit is
 * kept. The set's name is remembered. */
LmStatus lm_generator_fit(LmGenerator *g, const LmDataset *ds, LmError *err) LM_MUST_CHECK;
/* The first n stages alone, however far that is. */
LmStatus lm_generator_fit_head(LmGenerator *g, const LmDataset *ds, int n,
                               LmError *err) LM_MUST_CHECK;
/* The values of map stage i. */
LmStatus lm_generator_set_table(LmGenerator *g, int i, const double table[256],
                                LmError *err) LM_MUST_CHECK;
/* Both trade their stages (of one list) and what they were fitted on. */
void lm_generator_exchange(LmGenerator *g, LmGenerator *other);
bool lm_generator_is_fitted(const LmGenerator *g);
int lm_generator_n_stages(const LmGenerator *g);
const LmStage *lm_generator_stage(const LmGenerator *g, int i);
/* Entries of the list, not counting those inside groups; the list is borrowed. */
int lm_generator_n_augments(const LmGenerator *g);
const LmAugment *lm_generator_augment_list(const LmGenerator *g);
/* "mnist train (60,000 images)", or NULL when never fitted. */
const char *lm_generator_fitted_on(const LmGenerator *g);
/* Restores that text where the stages came fitted. */
LmStatus lm_generator_set_fitted_on(LmGenerator *g, const char *text, LmError *err) LM_MUST_CHECK;

/* A plan for this shape, kept by the generator (borrowed until the next call of plan, apply,
 * explain or fit). Main thread only. */
LmStatus lm_generator_plan(LmGenerator *g, int64_t h, int64_t w, int64_t c, const LmPlan **out,
                           LmError *err) LM_MUST_CHECK;
/* N x H x W x C (or N x H x W) u8 or f32 tensor in, f32 N x H x W x C out. Scales, nothing else:
 * augmentation is for the flows of training. */
LmStatus lm_generator_apply(LmGenerator *g, LmTensor *out, const LmTensor *images,
                            LmError *err) LM_MUST_CHECK;

/* Stages and augmentations as JSON text (lossless: doubles as %.17g) and back; text owned by the
 * caller (lm_mem_free). Whitening matrices stand beside it as tensors: number k of
 * lm_generator_n_tensors is shared into *out, its name written to `name`; `tensors` (or NULL) is
 * where they are found again. `name` is used in messages. */
enum { LM_GENERATOR_NAME_MAX = 40 };
LmStatus lm_generator_to_json(const LmGenerator *g, char **out, LmError *err) LM_MUST_CHECK;
int lm_generator_n_tensors(const LmGenerator *g);
void lm_generator_get_tensor(const LmGenerator *g, int k, char name[LM_GENERATOR_NAME_MAX],
                             LmTensor *out);
LmStatus lm_generator_from_json(LmGenerator **out, const char *text, const LmSafetensors *tensors,
                                const char *name, LmError *err) LM_MUST_CHECK;

/* What happens to a pixel: augmentations, stage by stage and then pass by pass, as text of several
 * lines. */
const char *lm_generator_explain(LmGenerator *g, char *buffer, size_t size);

#endif
