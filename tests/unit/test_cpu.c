/* What the processor reports, against the kernel's own list where there is one. */
#define _GNU_SOURCE
#include "help_test.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cpu.h"

static bool proc_has(const char *word)
{
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f != NULL && !found && getline(&line, &size, f) > 0) {
        if (strncmp(line, "flags", 5) == 0) {
            char *saved;
            for (char *w = strtok_r(line, " \t\n", &saved); w;
                 w = strtok_r(NULL, " \t\n", &saved)) {
                found |= strcmp(w, word) == 0;
            }
            break;
        }
    }
    free(line);
    if (f != NULL) {
        fclose(f);
    }
    return found;
}

static void test_features(void **state)
{
    (void)state;
#if defined(__x86_64__) && defined(__linux__)
    assert_int_equal(lm_cpu_has_avx2(), proc_has("avx2") && proc_has("fma") && proc_has("bmi1"));
    assert_int_equal(lm_cpu_has_avx512(), proc_has("avx512f") && proc_has("avx512bw") &&
                                              proc_has("avx512dq") && proc_has("avx512vl") &&
                                              lm_cpu_has_avx2());
#else
    (void)proc_has;
    assert_false(lm_cpu_has_avx512() && !lm_cpu_has_avx2());
#endif
}

static void test_count_follows_affinity(void **state)
{
    (void)state;
    cpu_set_t all;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_int_equal(lm_cpu_count(), CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(lm_cpu_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static void test_name(void **state)
{
    (void)state;
    const char *name = lm_cpu_name();
    assert_true(strlen(name) > 0 && strlen(name) < 49);
    assert_true(name[0] != ' ' && name[strlen(name) - 1] != ' ');
    assert_string_equal(lm_cpu_name(), name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_count_follows_affinity),
        cmocka_unit_test(test_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
