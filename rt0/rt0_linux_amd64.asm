; SPDX-License-Identifier: BSD-3-Clause
; _rt0_amd64_linux: where Linux starts the program (the ELF entry point).
;
; On entry rsp is 16-aligned and points at argc; argv[], NULL, environment, NULL and auxv follow (arch/x86/include/asm/elf.h,
; ELF_PLAT_INIT clears the registers; rdx is a libc's atexit pointer, 0 for static programs, and not used).
; rt0_start never returns.
%include "sys/section.inc"
extern rt0_start

TEXT _rt0_amd64_linux
        xor     ebp, ebp                ; the outermost frame: stack walks end here
        mov     edi, [rsp]              ; argc
        lea     rsi, [rsp + 8]          ; argv
        call    rt0_start               ; aligned as the System V ABI wants it at a call: rsp is a multiple of 16
        ud2
