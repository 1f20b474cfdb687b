; SPDX-License-Identifier: BSD-3-Clause
; Result syscall_number(u64 number, u64 a, b, c, d, e, f): C's second argument is the kernel's first, and so on; the
; seventh lies on the stack. Clobbers what a call may (the kernel rcx and r11).
%include "sys/section.inc"

TEXT syscall_number
        mov     rax, rdi
        mov     rdi, rsi
        mov     rsi, rdx
        mov     rdx, rcx
        mov     r10, r8                 ; the kernel's fourth: rcx is lost to the return address
        mov     r8, r9
        mov     r9, [rsp + 8]
        syscall
        ret
