/* test_bytes.c: ps_bytes.h against bytes spelled out, at every alignment. */
#include "check.h"
#include "ps_bytes.h"

#include <math.h>

static const unsigned char EIGHT[8] = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x81};

static void puts_little_endian(size_t shift) {
    unsigned char b[24];
    memset(b, 0xEE, sizeof b);
    ps_put16(b + shift, 0x0708);
    CHECK(memcmp(b + shift, EIGHT, 2) == 0 && b[shift + 2] == 0xEE);
    ps_put32(b + shift, 0x05060708);
    CHECK(memcmp(b + shift, EIGHT, 4) == 0 && b[shift + 4] == 0xEE);
    ps_put64(b + shift, 0x8102030405060708u);
    CHECK(memcmp(b + shift, EIGHT, 8) == 0 && b[shift + 8] == 0xEE);
    for (size_t i = 0; i < shift; i++) CHECK(b[i] == 0xEE);
}

static void gets_little_endian(size_t shift) {
    unsigned char b[24];
    memcpy(b + shift, EIGHT, 8);
    EQUAL(ps_get16(b + shift), 0x0708);
    EQUAL(ps_get32(b + shift), 0x05060708);
    CHECK(ps_get64(b + shift) == 0x8102030405060708u);
}

static void swaps_are_their_own_inverse(void) {
    CHECK(ps_le16(ps_le16(0x1234)) == 0x1234);
    CHECK(ps_le32(ps_le32(0x12345678)) == 0x12345678);
    CHECK(ps_le64(ps_le64(0x123456789ABCDEF0u)) == 0x123456789ABCDEF0u);
}

static void floats_are_ieee(void) {
    static const unsigned char ONE_AND_HALF_F[4] = {0, 0, 0xC0, 0x3F};
    static const unsigned char MINUS_TWO_D[8] = {0, 0, 0, 0, 0, 0, 0, 0xC0};
    unsigned char b[9];
    ps_putf32(b + 1, 1.5f);
    CHECK(memcmp(b + 1, ONE_AND_HALF_F, 4) == 0);
    CHECK(ps_getf32(b + 1) == 1.5f);
    ps_putf64(b + 1, -2.0);
    CHECK(memcmp(b + 1, MINUS_TWO_D, 8) == 0);
    CHECK(ps_getf64(b + 1) == -2.0);
}

/* A not-a-number's payload, the smallest number and minus zero come back bit for bit. */
static void odd_floats_survive(void) {
    static const uint64_t BITS[] = {0x7FF8000000001234u, 0x0000000000000001u, 0x8000000000000000u, 0x7FF0000000000000u};
    for (size_t i = 0; i < sizeof BITS / sizeof *BITS; i++) {
        unsigned char b[8];
        ps_put64(b, BITS[i]);
        double d = ps_getf64(b);
        memset(b, 0, sizeof b);
        ps_putf64(b, d);
        CHECK(ps_get64(b) == BITS[i]);
    }
    unsigned char b[4];
    ps_putf32(b, -0.0f);
    CHECK(b[3] == 0x80 && signbit(ps_getf32(b)));
}

int main(void) {
    for (size_t shift = 0; shift < 8; shift++) {
        RUN("bytes", puts_little_endian(shift));
        RUN("bytes", gets_little_endian(shift));
    }
    RUN("bytes", swaps_are_their_own_inverse());
    RUN("bytes", floats_are_ieee());
    RUN("bytes", odd_floats_survive());
    return check_end("test_bytes");
}
