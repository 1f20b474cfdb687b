// SPDX-License-Identifier: BSD-3-Clause
// operator new and delete over mal, in all their forms, for programs that take the dependency trapeze_new_dep: without it a
// program that says new, or has a class with a virtual destructor, does not link.
//
// Without memory new ends the program and names the size, as mal does: there are no exceptions, so it has no other way to fail;
// new (std::nothrow) gives null. There is no new_handler. Alignments beyond 32 KiB are refused.
// Beside them, what compilers call where arrays and abstract classes go wrong.
#include <new>

#include "sync/mal.h"
#include "sys/panic.h"

using trapeze::mal_raw;
using trapeze::mal_try;
using trapeze::mfree;

const std::nothrow_t std::nothrow{};

static std::size_t of(std::align_val_t a) { return static_cast<std::size_t>(a); }

void* operator new(std::size_t n) { return mal_raw(n); }
void* operator new[](std::size_t n) { return mal_raw(n); }
void* operator new(std::size_t n, std::align_val_t a) { return mal_raw(n, of(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return mal_raw(n, of(a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return mal_try(n); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return mal_try(n); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return mal_try(n, of(a)); }
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return mal_try(n, of(a)); }

void operator delete(void* p) noexcept { mfree(p); }
void operator delete[](void* p) noexcept { mfree(p); }
void operator delete(void* p, std::align_val_t) noexcept { mfree(p); }
void operator delete[](void* p, std::align_val_t) noexcept { mfree(p); }
void operator delete(void* p, std::size_t n) noexcept { mfree(p, n); }
void operator delete[](void* p, std::size_t n) noexcept { mfree(p, n); }
void operator delete(void* p, std::size_t n, std::align_val_t a) noexcept { mfree(p, n, of(a)); }
void operator delete[](void* p, std::size_t n, std::align_val_t a) noexcept { mfree(p, n, of(a)); }
void operator delete(void* p, const std::nothrow_t&) noexcept { mfree(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { mfree(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { mfree(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { mfree(p); }

extern "C" {
[[noreturn]] void __cxa_pure_virtual() { trapeze::panic("a pure virtual function was called"); }
[[noreturn]] void __cxa_throw_bad_array_new_length() { trapeze::panic("new of an array with a negative or too large length"); }
}
