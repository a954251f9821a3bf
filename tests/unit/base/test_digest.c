/* Hashes and alphabets against the vectors that were published with them. */
#include "base/base64.h"
#include "base/mem.h"
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
sha256_is_the_published_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[65];
    for (size_t i = 0; i < DR_COUNT(vectors); i++) {
        struct dr_sha256 h;
        dr_sha256_start(&h);
        dr_sha256_add(&h, vectors[i].text, strlen(vectors[i].text));
        dr_sha256_hex(&h, hex);
        assert_string_equal(hex, vectors[i].hash);
    }
    struct dr_sha256 h;
    dr_sha256_start(&h);
    char a[1000];
    memset(a, 'a', sizeof(a));
    for (size_t i = 0; i < 1000; i++)
        dr_sha256_add(&h, a, sizeof(a));
    dr_sha256_hex(&h, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
base64_is_the_published_one(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xef\xbe", "/+++"},
    };
    for (size_t i = 0; i < DR_COUNT(vectors); i++) {
        const char *plain = vectors[i][0], *coded = vectors[i][1];
        dr_auto(dr_freep) char *text = dr_base64(plain, strlen(plain));
        assert_string_equal(text, coded);
        size_t n = 99;
        dr_auto(dr_freep) unsigned char *bytes = dr_base64_bytes(coded, strlen(coded), &n);
        assert_int_equal(n, strlen(plain));
        assert_memory_equal(bytes, plain, n);
    }
}

static void
what_is_no_base64_is_not_guessed_at(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zm9v=", "Zg==Zg==", "====", "Zm9\n", "Z g=", "Zm9-"};
    size_t n;
    for (size_t i = 0; i < DR_COUNT(wrong); i++)
        assert_null(dr_base64_bytes(wrong[i], strlen(wrong[i]), &n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_published_one),
        cmocka_unit_test(base64_is_the_published_one),
        cmocka_unit_test(what_is_no_base64_is_not_guessed_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
