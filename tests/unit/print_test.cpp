// SPDX-License-Identifier: BSD-3-Clause
// Number formatting against the host's library: doubles are the shortest decimal that reads back the same.
#include <catch2/catch.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "sys/print.h"


using namespace trapeze;

static std::string ours(double v) {
    char out[32];
    return std::string(out, format_double(out, v));
}

static std::string digits(std::string s) {  // significant digits, without sign, point, exponent and outer zeros
    s = s.substr(0, s.find('e'));
    std::string d;
    for (char c : s)
        if (c >= '0' && c <= '9') d += c;
    d.erase(0, d.find_first_not_of('0'));
    while (!d.empty() && d.back() == '0') d.pop_back();
    return d;
}

static void compare(double v) {
    const std::string text = ours(v);
    INFO(text);
    REQUIRE(std::strtod(text.c_str(), nullptr) == v);
    char host[64];
    auto end = std::to_chars(host, host + sizeof host, v, std::chars_format::scientific).ptr;
    REQUIRE(digits(text) == digits(std::string(host, end)));
}

TEST_CASE("doubles in the forms people know") {
    CHECK(ours(0) == "0");
    CHECK(ours(-0.0) == "-0");
    CHECK(ours(1) == "1");
    CHECK(ours(0.1) == "0.1");
    CHECK(ours(-2.5) == "-2.5");
    CHECK(ours(1e21) == "1e+21");
    CHECK(ours(123456789012345680000.0) == "123456789012345680000");
    CHECK(ours(0.0001) == "0.0001");
    CHECK(ours(5e-324) == "5e-324");
    CHECK(ours(1.7976931348623157e308) == "1.7976931348623157e+308");
    CHECK(ours(INFINITY) == "inf");
    CHECK(ours(-INFINITY) == "-inf");
    CHECK(ours(NAN) == "nan");
}

TEST_CASE("doubles are shortest and read back") {
    const unsigned seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937_64 random(seed);
    for (int e = -1074; e <= 1023; e++) {
        compare(std::ldexp(1.0, e));
        compare(std::nextafter(std::ldexp(1.0, e), 0.0) == 0 ? std::ldexp(1.0, e) : std::nextafter(std::ldexp(1.0, e), 0.0));
    }
    for (int i = 0; i < 50'000; i++) {
        const u64 bits = random();
        double v;
        std::memcpy(&v, &bits, sizeof v);
        if (std::isfinite(v)) compare(std::fabs(v));
    }
}
