// SPDX-License-Identifier: BSD-3-Clause
// The Mach semaphores of sys/darwin/mach.h.
#include "sys/darwin/mach.h"
#include "tests/tap.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    xnu::kern_return_t error;
    const xnu::mach_port_t s = semcreate(&error);
    ok(s != 0 && error == xnu::KERN_SUCCESS, "semaphore_create by message");
    semrelease(s);
    semrelease(s);
    ok(semacquire(s, -1) && semacquire(s, nanotime()), "each release is taken once");
    ok(!semacquire(s, nanotime() + 1'000'000), "nothing is left: the deadline passes");
    for (int i = 0; i < 3; i++) semrelease(s);
    semreset(s);
    ok(!semacquire(s, nanotime()), "reset takes whatever the count holds");
    ok(semdestroy(s) == xnu::KERN_SUCCESS, "semaphore_destroy by message");
    ok(semdestroy(s) != xnu::KERN_SUCCESS, "destroying it again is refused");
    return done();
}
