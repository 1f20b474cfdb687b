// SPDX-License-Identifier: BSD-3-Clause
// Linux's clocks, monotonic and of the wall, through the vDSO where there is one (28 ns; the trap costs over a microsecond).
//
// The vDSO is an ELF image that the kernel maps (AT_SYSINFO_EHDR). Its dynamic section leads to the symbol table;
// the count of symbols is the hash table's second word (vDSOs of amd64 carry DT_HASH; from 6.11 on only DT_GNU_HASH is
// certain, so the table's end is taken from the string table that follows it: the linker lays them out in this order, and
// if it did not, the name is not found and the trap is used).
// The function is looked up at the first call; two threads may do so at once and store the same pointer.
#include "sys/auxv_linux.h"
#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "sys/time.h"

namespace trapeze {
namespace {

struct ElfHeader {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum;
};
struct ProgramHeader {
    u32 type, flags;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};
struct Dynamic {
    u64 tag, value;
};
struct Symbol {
    u32 name;
    u8 info, other;
    u16 section;
    u64 value, size;
};

using ClockGettime = i64 (*)(i32, lnx::timespec*);

i64 by_trap(i32 clock, lnx::timespec* ts) { return sys_clock_gettime(clock, ts).raw; }

[[gnu::cold]] ClockGettime find() {
    constexpr u32 pt_load = 1, pt_dynamic = 2;
    constexpr u64 dt_strtab = 5, dt_symtab = 6;
    const u64 base = auxval(lnx::AT_SYSINFO_EHDR);
    if (!base) return by_trap;
    const auto* eh = reinterpret_cast<const ElfHeader*>(base);
    const auto* ph = reinterpret_cast<const ProgramHeader*>(base + eh->phoff);
    u64 slide = base;
    const Dynamic* dyn = nullptr;
    for (u32 i = 0; i < eh->phnum; i++) {
        if (ph[i].type == pt_load) slide = base + ph[i].offset - ph[i].vaddr;
        if (ph[i].type == pt_dynamic) dyn = reinterpret_cast<const Dynamic*>(base + ph[i].offset);
    }
    const char* strings = nullptr;
    const Symbol* symbol = nullptr;
    for (; dyn && dyn->tag; dyn++) {
        if (dyn->tag == dt_strtab) strings = reinterpret_cast<const char*>(slide + dyn->value);
        if (dyn->tag == dt_symtab) symbol = reinterpret_cast<const Symbol*>(slide + dyn->value);
    }
    if (!strings || !symbol) return by_trap;
    for (; reinterpret_cast<const char*>(symbol + 1) <= strings; symbol++)
        if (symbol->section && str_eq(strings + symbol->name, "__vdso_clock_gettime"))
            return reinterpret_cast<ClockGettime>(slide + symbol->value);
    return by_trap;
}

ClockGettime clock_gettime;

i64 now(i32 clock) {
    ClockGettime f = __atomic_load_n(&clock_gettime, __ATOMIC_RELAXED);
    if (!f) __atomic_store_n(&clock_gettime, f = find(), __ATOMIC_RELAXED);
    lnx::timespec ts;
    if (f(clock, &ts) != 0) (void)by_trap(clock, &ts);
    return ts.tv_sec * 1'000'000'000 + ts.tv_nsec;
}

}  // namespace

i64 nanotime() { return now(lnx::CLOCK_MONOTONIC); }
i64 walltime() { return now(lnx::CLOCK_REALTIME); }

}  // namespace trapeze
