/* The profile of a run: rows by section and name. */
#include "help_test.h"

#include "base/profile.h"

/* Off, nothing is kept; on, equal rows add up and the rest is what is left of the threads' time. */
static void test_report(void **state)
{
    (void)state;
    char text[2048];
    LmStr s = lm_str(text, sizeof text);
    lm_profile_stop(LM_PROFILE_LOAD, "unseen", lm_profile_start());
    assert_false(lm_profile_is_on());
    lm_profile_enable(true);
    assert_true(lm_profile_is_on());
    lm_profile_add(LM_PROFILE_FORWARD, "conv1", 0.25);
    lm_profile_add(LM_PROFILE_LOAD, "set", 0.5);
    lm_profile_add(LM_PROFILE_FORWARD, "conv1", 0.25);
    lm_profile_report(&s, 1.0, 2);
    assert_null(strstr(text, "unseen"));
    assert_non_null(strstr(text, "forward      conv1                            0.500   25.0 %\n"));
    assert_non_null(strstr(text, "0.500   25.0 %\nother"));
    assert_non_null(strstr(text, "waiting     1.000   50.0 %\n"));
    assert_true(strstr(text, "load") < strstr(text, "forward"));
    double start = lm_profile_start();
    lm_profile_stop(LM_PROFILE_LOSS, "timed", start);
    s = lm_str(text, sizeof text);
    lm_profile_report(&s, 0, 1);
    assert_non_null(strstr(text, "timed"));
}

/* A full table and long names lose no time and write past nothing. */
static void test_many_rows(void **state)
{
    (void)state;
    static char text[65536];
    char name[100];
    memset(name, 'x', sizeof name);
    name[99] = '\0';
    lm_profile_add(LM_PROFILE_SCALE, name, 1);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "row %d", i);
        lm_profile_add(LM_PROFILE_UPDATE, name, 1.0);
    }
    LmStr s = lm_str(text, sizeof text);
    lm_profile_report(&s, 10000, 1);
    double all = 0;
    for (char *line = strstr(text, "\nupdate"); line != NULL; line = strstr(line + 1, "\nupdate")) {
        all += strtod(line + 43, NULL);
    }
    assert_true(all == 1000);
    lm_profile_report(&s, 10000, 1); /* into what is left of the buffer, and no further */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_report),
                                       cmocka_unit_test(test_many_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
