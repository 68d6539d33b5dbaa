/* Digests: the examples of FIPS 180, every length around the block size, input in pieces. */
#include "help_test.h"

#include "base/cpu.h"
#include "base/rng.h"
#include "base/sha256.h"

static void check(const char *text, const char *want)
{
    LmSha256 h;
    char got[65];
    lm_sha256_init(&h);
    lm_sha256_add(&h, text, strlen(text));
    lm_sha256_end(&h, got);
    assert_string_equal(got, want);
}

static void test_fips_examples(void **state)
{
    (void)state;
    check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrstnopqrstu",
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void test_a_million_letters(void **state)
{
    (void)state;
    char letters[1000];
    memset(letters, 'a', sizeof letters);
    LmSha256 h;
    char got[65];
    lm_sha256_init(&h);
    for (int i = 0; i < 1000; i++) {
        lm_sha256_add(&h, letters, sizeof letters);
    }
    lm_sha256_end(&h, got);
    assert_string_equal(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The processor's instructions and plain C agree: any bytes, any number of blocks, any place. */
static void test_fast(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    uint8_t bytes[SIZE];
    LmRng rng = lm_rng(5, LM_RNG_SHUFFLE, 0, 0);
    for (int turn = 0; turn < 500; turn++) {
        size_t at = lm_rng_below(&rng, 64);
        size_t n = lm_rng_below(&rng, SIZE - 64);
        char fast[65];
        char plain[65];
        LmSha256 h;
        for (size_t i = 0; i < SIZE; i++) {
            bytes[i] = (uint8_t)lm_rng_below(&rng, 256);
        }
        lm_sha256_init(&h);
        assert_int_equal(h.is_fast, lm_cpu_has_sha());
        lm_sha256_add(&h, bytes + at, n);
        lm_sha256_end(&h, fast);
        lm_sha256_init_plain(&h);
        assert_false(h.is_fast);
        lm_sha256_add(&h, bytes + at, n);
        lm_sha256_end(&h, plain);
        assert_string_equal(fast, plain);
    }
}

/* Every length up to three blocks, cut at every place: the same digest as in one piece; and the
 * digest of all those digests, worked out with Python's hashlib. */
static void test_pieces(void **state)
{
    (void)state;
    uint8_t bytes[192];
    LmSha256 all;
    lm_sha256_init(&all);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        char whole[65];
        LmSha256 h;
        lm_sha256_init(&h);
        lm_sha256_add(&h, bytes, n);
        lm_sha256_end(&h, whole);
        lm_sha256_add(&all, whole, 64);
        for (size_t cut = 0; cut <= n; cut++) {
            char parts[65];
            lm_sha256_init(&h);
            lm_sha256_add(&h, bytes, cut);
            lm_sha256_add(&h, NULL, 0);
            lm_sha256_add(&h, bytes + cut, n - cut);
            lm_sha256_end(&h, parts);
            assert_string_equal(parts, whole);
        }
    }
    char digest[65];
    lm_sha256_end(&all, digest);
    assert_string_equal(digest, "f99cb4396c91bd23c4275923511b57dfbe545fffcb97d0a9130575e6b489f3a5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fips_examples),
        cmocka_unit_test(test_a_million_letters),
        cmocka_unit_test(test_fast),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
