// SPDX-License-Identifier: BSD-3-Clause
// The passes over the load commands, in XNU's order, so that a file with two
// faults fails with the errno that XNU gives:
//   0  every command's size; at most one version command
//   1  thread state, uuid
//   2  segments, one after the other, into the plan
//   3  entry point, header segment, dynamic linker
// and then what XNU leaves to dyld: work that nobody here would do.
//
// Every read is behind a size check: of the command against the commands, of
// the commands against the bytes given. Commands need not be aligned.
#include "tools/xnurun/macho_file.h"

namespace trapeze {

using namespace macho;

namespace {

constexpr usize header_size = 32, segment_size = 72, section_size = 80;

struct Command {
    u32 cmd, size;
    const u8* at;
    u32 u(usize offset) const { return read_at<u32>(at + offset); }
    u64 q(usize offset) const { return read_at<u64>(at + offset); }
};

const char* kind_of(u32 filetype) {
    constexpr const char* kinds[] = {"file", "object file", "program", "fixed library", "core file", "preloaded program", "dylib",
                                     "dynamic linker", "bundle", "dylib's stub", "dSYM file", "kernel extension", "file set"};
    return kinds[filetype < sizeof kinds / sizeof *kinds ? filetype : 0];
}

const char* cpu_name(u32 cputype) {
    switch (cputype) {
    case 7: return "i386, ";
    case 0x0100000c: return "arm64, ";
    case 0x0200000c: return "arm64_32, ";
    case 12: return "arm, ";
    case 18: return "ppc, ";
    case 0x01000012: return "ppc64, ";
    default: return "";
    }
}

class Parser {
public:
    Parser(ByteView head, u64 slice_size, u64 slice_offset, u64 file_size, MachoPlan& plan)
        : head_(head), slice_size_(slice_size), slice_offset_(slice_offset), file_size_(file_size), plan_(plan),
          line_(plan.reason, sizeof plan.reason) {}

    bool run() {
        return header() && commands(&Parser::version) && commands(&Parser::thread) && commands(&Parser::segment) &&
               entry() && commands(&Parser::dylinker) && linker_and_thread() && commands(&Parser::dylib) &&
               commands(&Parser::left_to_dyld) && own_entry();
    }

private:
    // Sets the errno and opens the reason; what is streamed into the result is the reason.
    Line& refuse(i32 err) {
        plan_.err = err;
        return line_;
    }

    bool header() {
        if (head_.size > slice_size_) head_.size = slice_size_;
        u32 magic = head_.size >= 4 ? read_at<u32>(head_.data) : 0;
        if (magic == MH_CIGAM || magic == MH_CIGAM_64)
            return refuse(EBADARCH) << "big-endian Mach-O, for another CPU", false;
        if (magic == MH_MAGIC)
            return refuse(EBADARCH) << "32-bit Mach-O; only x86_64 programs run here", false;
        if (magic != MH_MAGIC_64) return refuse(ENOEXEC) << "not a Mach-O file", false;
        if (head_.size < header_size) return refuse(EBADMACHO) << "truncated inside the Mach header", false;
        u32 cpu = word(4), sub = word(8) & ~CPU_SUBTYPE_MASK, filetype = word(12);
        if (filetype != MH_EXECUTE)
            return ((refuse(ENOEXEC) << "a Mach-O ") << kind_of(filetype) << " (file type ").dec(filetype) << "), no executable (2)", false;
        if (cpu != CPU_TYPE_X86_64 || (sub != CPU_SUBTYPE_X86_64_ALL && sub != CPU_SUBTYPE_X86_64_H))
            return ((refuse(EBADARCH) << "for " << cpu_name(cpu) << "CPU type ").hex(cpu) << " subtype ").hex(sub) << ", not x86_64", false;
        ncmds_ = word(16);
        plan_.flags = word(24);
        plan_.pie = plan_.flags & MH_PIE;
        plan_.exec_stack = plan_.flags & MH_ALLOW_STACK_EXECUTION;
        end_ = u64{header_size} + word(20);
        plan_.commands_end = end_;
        // XNU reads the commands in whole pages and wants all of them.
        if (end_ > slice_size_ || beyond(slice_offset_, page_up(end_), file_size_))
            return ((refuse(EBADMACHO) << "load commands up to ").dec(end_) << ", in whole pages, do not fit a file of ")
                       .dec(slice_size_) << " bytes", false;
        if (end_ > head_.size)
            return ((refuse(EBADMACHO) << "load commands up to ").dec(end_) << ", of which only ").dec(head_.size)
                       << " bytes could be read", false;
        return true;
    }

    u32 word(usize offset) const { return read_at<u32>(head_.data + offset); }

    bool commands(bool (Parser::*each)(const Command&)) {
        u64 at = header_size;
        for (u32 i = 0; i < ncmds_; i++) {
            if (at + 8 > end_)
                return ((refuse(EBADMACHO) << "load command ").dec(i) << " of ").dec(ncmds_)
                           << " lies beyond the load commands", false;
            Command c{word(at), word(at + 4), head_.data + at};
            if (c.size < 8 || c.size > end_ - at)
                return (((refuse(EBADMACHO) << "load command ").dec(i) << " (").hex(c.cmd) << ") has a size of ")
                           .dec(c.size) << ", outside the load commands", false;
            at += c.size;
            if (!(this->*each)(c)) return false;
        }
        return true;
    }

    bool too_short(const Command& c, u32 least) {
        if (c.size >= least) return false;
        (((refuse(EBADMACHO) << "load command ").hex(c.cmd) << " of ").dec(c.size) << " bytes needs ").dec(least);
        return true;
    }

    bool version(const Command& c) {
        switch (c.cmd) {
        case LC_VERSION_MIN_MACOSX:
        case LC_VERSION_MIN_IPHONEOS:
        case LC_VERSION_MIN_TVOS:
        case LC_VERSION_MIN_WATCHOS:
        case LC_BUILD_VERSION:
            if (too_short(c, c.cmd == LC_BUILD_VERSION ? 24 : 16)) return false;
            if (versions_++) return refuse(EBADMACHO) << "two version commands", false;
        }
        return true;
    }

    bool thread(const Command& c) {
        if (c.cmd == LC_UUID) return !too_short(c, 24);
        if (c.cmd == LC_MAIN) {
            if (too_short(c, 24)) return false;
            if (threads_++) return refuse(EBADEXEC) << "two thread commands (LC_UNIXTHREAD, LC_MAIN)", false;
            lc_main_ = true;
        }
        if (c.cmd != LC_UNIXTHREAD) return true;
        if (threads_++) return refuse(EBADEXEC) << "two thread commands (LC_UNIXTHREAD, LC_MAIN)", false;
        if (c.size == 8) return refuse(EBADMACHO) << "empty LC_UNIXTHREAD", false;
        for (u64 at = 8; at < c.size;) {
            if (c.size - at < 8 || u64{c.u(at + 4)} * 4 > c.size - at - 8)
                return refuse(EBADMACHO) << "LC_UNIXTHREAD's registers reach beyond its end", false;
            u32 flavor = c.u(at), count = c.u(at + 4);
            if (flavor != x86_THREAD_STATE64 || count != x86_THREAD_STATE64_COUNT)
                return ((refuse(EBADEXEC) << "LC_UNIXTHREAD of flavor ").dec(flavor) << " and count ").dec(count)
                           << "; x86-64 registers are flavor 4, count 42", false;
            plan_.regs = read_at<MachoRegs>(c.at + at + 8);
            at += 8 + count * 4;
        }
        if (!plan_.regs.rip) plan_.regs.rip = VM_MIN_ADDRESS64;
        return true;
    }

    Line& in_segment(i32 err, const char* name) { return (refuse(err) << "segment ").name(name, 16); }

    bool segment(const Command& c) {
        if (c.cmd == LC_SEGMENT) return refuse(EBADMACHO) << "a 32-bit segment (LC_SEGMENT) in a 64-bit file", false;
        if (c.cmd != LC_SEGMENT_64) return true;
        if (too_short(c, segment_size)) return false;
        MachoSegment s{};
        __builtin_memcpy(s.name, c.at + 8, 16);
        s.vmaddr = c.q(24), s.vmsize = c.q(32), s.fileoff = c.q(40), s.filesize = c.q(48);
        s.maxprot = c.u(56) & VM_PROT_ALL, s.initprot = c.u(60) & VM_PROT_ALL;
        u32 sections = c.u(64), flags = c.u(68);

        if (beyond(s.fileoff, s.filesize, slice_size_))
            return (((in_segment(EBADMACHO, s.name) << ": file bytes ").hex(s.fileoff) << " + ").hex(s.filesize)
                    << " reach beyond its end at ").hex(slice_size_), false;
        if (sections > (c.size - segment_size) / section_size)
            return in_segment(EBADMACHO, s.name).operator<<(": its command is too short for ").dec(sections)
                       << " sections", false;
        if ((slice_offset_ + s.fileoff) % page)
            return (in_segment(EBADMACHO, s.name) << ": file offset ").hex(s.fileoff) << " is not page-aligned", false;
        if (s.vmsize && !map(s, flags)) return false;

        if (s.fileoff == 0 && s.filesize) {
            if (has_header_ || (s.initprot & 5) != 5)
                return in_segment(EBADMACHO, s.name) << (has_header_ ? ": a second one that maps the Mach header"
                           : ": maps the Mach header, but is not readable and executable"), false;
            has_header_ = true;
        }
        return true;
    }

    // load_segment from where vmsize is not 0
    bool map(const MachoSegment& s, u32 flags) {
        if (!s.vmaddr && !s.filesize && !s.initprot && !s.maxprot) {
            if (beyond(0, s.vmsize, VM_MAX_ADDRESS64 - page) || page_up(s.vmsize) < plan_.pagezero_end ||
                (plan_.nsegments && plan_.low < page_up(s.vmsize)))
                return in_segment(EBADEXEC, s.name) << ": this page zero covers other segments or everything", false;
            plan_.pagezero_end = page_up(s.vmsize);
            return true;
        }
        // XNU maps from the start of vmaddr's page: nothing would be where the file says it is.
        if (s.vmaddr % page)
            return (in_segment(EBADMACHO, s.name) << ": address ").hex(s.vmaddr) << " is not page-aligned", false;
        if (flags & SG_PROTECTED_VERSION_1)
            return in_segment(EBADEXEC, s.name) << " is encrypted; only macOS can decrypt it", false;
        if (flags & SG_READ_ONLY && read_only_++)
            return in_segment(EBADMACHO, s.name) << ": a second SG_READ_ONLY segment", false;
        u64 extent = s.vmsize > s.filesize ? s.vmsize : s.filesize;
        if (s.vmaddr < plan_.pagezero_end || beyond(s.vmaddr, extent, VM_MAX_ADDRESS64))
            return (((in_segment(ENOMEM, s.name) << ": ").hex(s.vmaddr) << " + ").hex(extent)
                    << " lies in the page zero or beyond the end of user memory"), false;
        u64 end = s.vmaddr + page_up(extent);
        for (usize i = 0; i < plan_.nsegments; i++) {
            const MachoSegment& o = plan_.segments[i];
            u64 o_extent = o.vmsize > o.filesize ? o.vmsize : o.filesize;
            if (s.vmaddr < o.vmaddr + page_up(o_extent) && o.vmaddr < end)
                return ((in_segment(ENOMEM, s.name) << " at ").hex(s.vmaddr) << " overlaps segment ").name(o.name, 16),
                       false;
        }
        if (plan_.nsegments == MachoPlan::max_segments)
            return (refuse(ENOMEM) << "more than ").dec(MachoPlan::max_segments) << " segments, a limit of xnurun", false;

        if (!plan_.nsegments || s.vmaddr < plan_.low) plan_.low = s.vmaddr;
        if (end > plan_.high) plan_.high = end;
        if (s.fileoff == 0 && s.filesize) plan_.header_addr = s.vmaddr;
        if (plan_.regs.rip >= s.vmaddr && plan_.regs.rip - s.vmaddr < s.vmsize) valid_entry_ = (s.initprot & 5) == 5;
        plan_.segments[plan_.nsegments] = s;
        plan_.segments[plan_.nsegments++].fileoff += slice_offset_;
        return true;
    }

    bool entry() {
        if (threads_ && !lc_main_ && !valid_entry_)
            return (refuse(EBADEXEC) << "the entry point ").hex(plan_.regs.rip)
                       << " lies in no readable and executable segment", false;
        if (!threads_) return refuse(EBADEXEC) << "no thread command: there is no entry point", false;
        if (!has_header_) return refuse(EBADMACHO) << "no segment maps the Mach header", false;
        return true;
    }

    bool dylinker(const Command& c) {
        if (c.cmd != LC_LOAD_DYLINKER) return true;
        if (plan_.names_dyld) return refuse(EBADEXEC) << "two LC_LOAD_DYLINKER commands", false;
        if (too_short(c, 12)) return false;
        u32 name = c.u(8);
        bool ends = false;
        for (u64 i = name; i < c.size; i++) ends |= !c.at[i];
        if (!ends) return refuse(EBADMACHO) << "LC_LOAD_DYLINKER's name does not end", false;
        plan_.names_dyld = true;
        return true;
    }

    bool linker_and_thread() {
        if (plan_.flags & MH_DYLDLINK && !plan_.names_dyld)
            return refuse(EBADEXEC) << "marked for dyld (MH_DYLDLINK), but without LC_LOAD_DYLINKER", false;
        if (plan_.pagezero_end < page)
            return refuse(EBADMACHO) << "no page zero of at least 4 KiB: a segment at 0 without access, not from the file",
                   false;
        return true;
    }

    // First of what is dyld's: a dylib's name helps the reader more than what its symbols need.
    bool dylib(const Command& c) {
        switch (c.cmd) {
        case LC_LOAD_DYLIB:
        case LC_LOAD_WEAK_DYLIB:
        case LC_REEXPORT_DYLIB:
        case LC_LAZY_LOAD_DYLIB:
        case LC_LOAD_UPWARD_DYLIB: {
            u32 name = c.size < 24 || c.u(8) > c.size ? c.size : c.u(8);
            return (refuse(EBADEXEC) << "needs the dylib ").name(reinterpret_cast<const char*>(c.at) + name, c.size - name)
                       << "; only static programs run here", false;
        }
        }
        return true;
    }

    bool own_entry() {
        if (lc_main_)
            return refuse(EBADEXEC) << "starts by LC_MAIN, which only dyld can do; link it static (LC_UNIXTHREAD)", false;
        return true;
    }

    bool left_to_dyld(const Command& c) {
        switch (c.cmd) {
        case LC_DYLD_INFO:
        case LC_DYLD_INFO_ONLY:  // rebases are nothing to do at slide 0
            if (c.size >= 48 && (c.u(20) || c.u(28) || c.u(36)))
                return refuse(EBADEXEC) << "has symbols for dyld to bind; only static programs run here", false;
            return true;
        case LC_DYSYMTAB:
            if (c.size >= 80 && c.u(68))
                return refuse(EBADEXEC) << "has external relocations for dyld; only static programs run here", false;
            return true;
        case LC_DYLD_CHAINED_FIXUPS:
            return refuse(EBADEXEC) << "has chained fix-ups for dyld; link it with -no_fixup_chains", false;
        case LC_ENCRYPTION_INFO:
        case LC_ENCRYPTION_INFO_64:
            if (c.size >= 20 && c.u(16)) return refuse(EAUTH) << "encrypted; only macOS can decrypt it", false;
            return true;
        case LC_SEGMENT_64: {
            u32 sections = c.u(64);
            for (u32 i = 0; i < sections; i++) {
                u32 kind = c.u(segment_size + i * section_size + 64) & 0xff;
                if (kind >= S_THREAD_LOCAL_REGULAR && kind <= S_THREAD_LOCAL_INIT_FUNCTION_POINTERS)
                    return refuse(EBADEXEC) << "has thread-local variables, which only dyld can set up", false;
            }
            return true;
        }
        }
        return true;
    }

    ByteView head_;
    u64 slice_size_, slice_offset_, file_size_;
    MachoPlan& plan_;
    Line line_;
    u32 ncmds_ = 0;
    u64 end_ = 0;  // of the load commands, in the slice
    u32 versions_ = 0, threads_ = 0, read_only_ = 0;
    bool lc_main_ = false, has_header_ = false, valid_entry_ = false;
};

}  // namespace

MachoPlan parse_macho(ByteView head, u64 slice_size, u64 slice_offset, u64 file_size) {
    MachoPlan plan{};
    Parser(head, slice_size, slice_offset, file_size ? file_size : slice_offset + slice_size, plan).run();
    return plan;
}

u64 macho_head_size(ByteView head) {
    if (head.size < header_size || read_at<u32>(head.data) != MH_MAGIC_64) return 0;
    return u64{header_size} + read_at<u32>(head.data + 20);
}

}  // namespace trapeze
