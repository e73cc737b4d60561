// Tests SHA-256 and HMAC by the examples of FIPS 180-4 and RFC 4231.
extern "C" {
#include "base/sha256_internal.h"
}

#include <gtest/gtest.h>

#include <string>

namespace {

std::string hex(const uint8_t (&bytes)[MOCO__SHA256_SIZE])
{
    std::string out;
    for (const uint8_t byte : bytes) {
        char text[3];
        (void)snprintf(text, sizeof text, "%02x", byte);
        out += text;
    }
    return out;
}

std::string hash(const std::string &text)
{
    uint8_t out[MOCO__SHA256_SIZE];
    moco__sha256 state;
    moco__sha256_start(&state);
    moco__sha256_add(&state, text.data(), text.size() / 3);
    moco__sha256_add(&state, text.data() + text.size() / 3, text.size() - text.size() / 3);
    moco__sha256_end(out, &state);
    return hex(out);
}

std::string hmac(const std::string &key, const std::string &first, const std::string &second)
{
    uint8_t out[MOCO__SHA256_SIZE];
    moco__hmac(out, key.data(), key.size(), first.data(), first.size(), second.data(), second.size());
    return hex(out);
}

} // namespace

TEST(Sha256, HashesTheExamples)
{
    EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, CodesTheExamples)
{
    EXPECT_EQ(hmac(std::string(20, '\x0b'), "Hi ", "There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac("Jefe", "what do ya want ", "for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key", " - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
