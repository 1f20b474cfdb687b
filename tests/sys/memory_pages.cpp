// SPDX-License-Identifier: BSD-3-Clause
// Pages: zeroed, writable, given back; the kernel's errno for what cannot be.
#include "tests/tap.h"

#include "sys/os.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    Result r = pages_map(3 * page_size);
    ok(r, "three pages");
    u8* at = reinterpret_cast<u8*>(r.value());
    bool zero = true;
    for (usize i = 0; i < 3 * page_size; i++) zero = zero && at[i] == 0;
    ok(zero, "fresh pages are zero");
    at[3 * page_size - 1] = 1;
    ok(pages_guard(at + page_size, page_size), "a guard in the middle");
    ok(pages_unmap(at, 3 * page_size), "given back at once");
    fails(pages_map(usize{1} << 62), kernel::ENOMEM, "more than an address space is ENOMEM");
    fails(pages_unmap(at + 1, page_size), kernel::EINVAL, "an odd address is EINVAL");
    return done();
}
