/* Under the sanitizers an allocation that cannot be had gives NULL, as without them, so that tests
 * may ask for too much. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}
