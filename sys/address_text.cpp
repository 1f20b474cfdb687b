// SPDX-License-Identifier: BSD-3-Clause
// Addresses as text and back (see net.h), without tables and memory. What is read is strict: four decimal bytes without leading
// zeros (some read those as octal), at most four hexadecimal digits a group, one "::" that stands for at least one group, and
// IPv4 in the last two groups; ports and scopes are plain decimals.
#include "sys/mem.h"
#include "sys/net.h"

namespace trapeze {
namespace {

struct Reader {
    const char* at;
    const char* end;

    bool eat(char c) {
        if (at == end || *at != c) return false;
        at++;
        return true;
    }
    bool decimal(u64 most, u64* out) {
        const char* from = at;
        u64 v = 0;
        while (at < end && *at >= '0' && *at <= '9' && v <= most) v = 10 * v + static_cast<u64>(*at++ - '0');
        *out = v;
        return at > from && v <= most && (at == from + 1 || *from != '0');
    }
    bool port(u16* out) {
        u64 v;
        if (!eat(':') || !decimal(65535, &v) || at != end) return false;
        *out = static_cast<u16>(v);
        return true;
    }
    bool bytes4(u8* out) {
        for (int i = 0; i < 4; i++) {
            u64 v;
            if ((i && !eat('.')) || !decimal(255, &v)) return false;
            out[i] = static_cast<u8>(v);
        }
        return true;
    }
    bool group(u16* out) {
        u32 v = 0;
        int n = 0;
        for (; at < end && n < 4; n++, at++) {
            const char c = *at, low = static_cast<char>(c | 32);
            if (c >= '0' && c <= '9') v = v << 4 | static_cast<u32>(c - '0');
            else if (low >= 'a' && low <= 'f') v = v << 4 | static_cast<u32>(low - 'a' + 10);
            else break;
        }
        *out = static_cast<u16>(v);
        return n > 0;
    }
    bool bytes16(u8* out) {
        u16 groups[8] = {};
        int n = 0, gap = -1;
        if (eat(':')) {
            if (!eat(':')) return false;
            gap = 0;
        }
        while (n < 8 && at < end && *at != ']' && *at != '%') {
            if (n <= 6) {  // IPv4 at the end
                Reader four = *this;
                u8 b[4];
                if (four.bytes4(b)) {
                    groups[n++] = static_cast<u16>(b[0] << 8 | b[1]);
                    groups[n++] = static_cast<u16>(b[2] << 8 | b[3]);
                    at = four.at;
                    break;
                }
            }
            if (!group(&groups[n++])) return false;
            if (!eat(':')) break;
            if (eat(':')) {
                if (gap >= 0) return false;
                gap = n;
            } else if (at == end || *at == ']' || *at == '%' || n == 8) {
                return false;  // one colon too many
            }
        }
        if (gap < 0 ? n != 8 : n > 7) return false;
        for (int i = 0; i < 8; i++) {
            const int from = gap < 0 || i < gap ? i : i - (8 - n);
            const u16 g = gap >= 0 && i >= gap && from < gap ? u16{0} : groups[from];
            out[2 * i] = static_cast<u8>(g >> 8);
            out[2 * i + 1] = static_cast<u8>(g);
        }
        return true;
    }
};

struct Writer {
    char* to;
    usize used = 0;

    void put(char c) {
        if (used < address_text_max) to[used++] = c;
    }
    void put(Str s) {
        for (usize i = 0; i < s.size; i++) put(s.data[i]);
    }
    void decimal(u64 v) {
        char digits[20];
        put(Str{digits, format_u64(digits, v)});
    }
    void group(u32 v) {
        char digits[18];
        const usize n = format_hex(digits, v);
        put(Str{digits + 2, n - 2});
    }
    void bytes4(const u8* b) {
        for (int i = 0; i < 4; i++) {
            if (i) put('.');
            decimal(b[i]);
        }
    }
    // RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::".
    void bytes16(const u8* b) {
        u32 g[8];
        for (int i = 0; i < 8; i++) g[i] = static_cast<u32>(b[2 * i] << 8 | b[2 * i + 1]);
        int best = -1, length = 1;
        for (int i = 0; i < 8; i++) {
            int n = 0;
            while (i + n < 8 && g[i + n] == 0) n++;
            if (n > length) best = i, length = n;
        }
        const bool mapped = best == 0 && length == 5 && g[5] == 0xffff;
        for (int i = 0; i < 8; i++) {
            if (i == best) {
                put(Str{"::", 2});
                i += length - 1;
                continue;
            }
            if (i && i != best + length) put(':');
            else if (i && best < 0) put(':');
            if (mapped && i == 6) return bytes4(b + 12);
            group(g[i]);
        }
    }
};

}  // namespace

Result parse_address(Str text, Address* out) {
    *out = {};
    const Result bad = Result::error(kernel::EINVAL);
    if (text.size == 0) return bad;
    if (text.data[0] == '/' || (text.size > 1 && text.data[0] == '.' && text.data[1] == '/')) return unix_address(text, out);
    Reader in{text.data, text.data + text.size};
    u16 port;
    if (in.eat('[')) {
        u8 b[16];
        u64 scope = 0;
        if (!in.bytes16(b) || (in.eat('%') && !in.decimal(0xffffffff, &scope)) || !in.eat(']') || !in.port(&port)) return bad;
        *out = ipv6(b, port, static_cast<u32>(scope));
        return {0};
    }
    u8 b[4];
    if (!in.bytes4(b) || !in.port(&port)) return bad;
    *out = ipv4(b[0], b[1], b[2], b[3], port);
    return {0};
}

usize format_address(char (&to)[address_text_max], const Address& address) {
    Writer out{to};
    const i32 family = address.family();
    if (family == AF_INET) {
        out.bytes4(address.bytes + offsetof(kernel::sockaddr_in, sin_addr));
        out.put(':');
        out.decimal(address.port());
    } else if (family == AF_INET6) {
        u32 scope;
        memcpy(&scope, address.bytes + offsetof(kernel::sockaddr_in6, sin6_scope_id), 4);
        out.put('[');
        out.bytes16(address.bytes + offsetof(kernel::sockaddr_in6, sin6_addr));
        if (scope) {
            out.put('%');
            out.decimal(scope);
        }
        out.put(Str{"]:", 2});
        out.decimal(address.port());
    } else if (const Str path = address.path(); path.size) {
        for (usize i = 0; i < path.size; i++) out.put(i == 0 && !path.data[0] ? '@' : path.data[i]);
    } else {
        out.put('-');
    }
    return out.used;
}

}  // namespace trapeze
