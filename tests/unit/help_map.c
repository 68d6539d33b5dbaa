#include "help_test.h"

#include "help_float.h"
#include "help_map.h"

HelpMap help_map_new(size_t n_max)
{
    LmError err;
    HelpMap m = {.guard = help_guard_new(n_max * sizeof(float))};
    assert_ok(lm_mem_alloc(&m.before, n_max, sizeof(float), &err), err);
    assert_ok(lm_mem_alloc(&m.wanted, n_max, sizeof(float), &err), err);
    return m;
}

void help_map_free(HelpMap *m)
{
    help_guard_free(&m->guard);
    lm_mem_free(m->before);
    lm_mem_free(m->wanted);
}

void help_map_place(HelpMap *m, int64_t n, int64_t h, int64_t w, int64_t cs, LmRng *rng)
{
    int64_t col = cs + help_float_int(rng, 0, 2) * 5;
    int64_t row = w * col + help_float_int(rng, 0, 2) * 7;
    int64_t img = h * row + help_float_int(rng, 0, 2) * 3;
    int64_t lead = help_float_int(rng, 0, 1) * (row + 3); /* a halo in front */
    m->n_floats = n > 0 ? (size_t)(lead + (n - 1) * img + (h - 1) * row + (w - 1) * col + cs) : 0;
    m->n_images = n;
    help_guard_fill(&m->guard);
    assert_true(m->n_floats * sizeof(float) <= (size_t)(m->guard.end - m->guard.first));
    m->room = lm_rng_below(rng, 2) == 0 ? help_guard_front(&m->guard)
                                        : help_guard_back(&m->guard, m->n_floats * sizeof(float));
    m->map = (LmMap){
        .data = m->room + lead, .img = img, .row = row, .col = col, .h = h, .w = w, .cs = cs};
}

void help_map_fill(HelpMap *m, void (*fill)(float *x, size_t n, LmRng *rng), LmRng *rng)
{
    fill(m->room, m->n_floats, rng);
}

float *help_map_at(const HelpMap *m, int64_t n, int64_t y, int64_t x)
{
    return m->map.data + n * m->map.img + y * m->map.row + x * m->map.col;
}

void help_map_keep_before(HelpMap *m)
{
    memcpy(m->before, m->room, m->n_floats * sizeof(float));
}

void help_map_keep_wanted(HelpMap *m)
{
    memcpy(m->wanted, m->room, m->n_floats * sizeof(float));
}

void help_map_restore(HelpMap *m)
{
    memcpy(m->room, m->before, m->n_floats * sizeof(float));
}

void help_map_check(const HelpMap *m, const char *variant)
{
    size_t at = help_float_differs(m->room, m->wanted, m->n_floats);
    if (at < m->n_floats) {
        fail_msg("%s: float %zu of %zu is %a, ref says %a (map %dx%dx%d of %d images)", variant, at,
                 m->n_floats, (double)m->room[at], (double)m->wanted[at], (int)m->map.h,
                 (int)m->map.w, (int)m->map.cs, (int)m->n_images);
    }
    assert_true(help_guard_is_clean(&m->guard, m->room, m->n_floats * sizeof(float)));
}
