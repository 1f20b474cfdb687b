; SPDX-License-Identifier: BSD-3-Clause
; Result2 bsd_number(u64 eax, u64 a, b, c, d, e, f, g, h)
; u64 mach_number(u64 eax, u64 a, b, c, d, e, f, g, h, i)
; C's second argument is the kernel's first, and so on. XNU reads the seventh and further ones from 8(rsp)
; (bsd/dev/i386/systemcalls.c unix_syscall64, osfmk/i386/bsd_i386.c mach_call_munger64), where C has left its own seventh,
; the kernel's sixth: all are one slot off. So the return address leaves the stack while the kernel looks, and is kept in
; rbx; rbx waits in the slot of the sixth argument, which is ours as a called function's arguments are.
; Clobbers what a call may (the kernel rcx and r11).
%include "sys/section.inc"

%macro ENTER_KERNEL 0
        mov     rax, rdi
        mov     rdi, rsi
        mov     rsi, rdx
        mov     rdx, rcx
        mov     r10, r8                 ; the kernel's fourth: rcx is lost to the return address
        mov     r8, r9
        mov     r9, [rsp + 8]
        mov     [rsp + 8], rbx
        pop     rbx                     ; the return address; 8(rsp) is the kernel's seventh argument
        syscall
        mov     r11, rbx                ; neither mov nor push touches the carry flag
        mov     rbx, [rsp]
        push    r11
%endmacro

TEXT bsd_number
        ENTER_KERNEL
        jnc     .done
        neg     rax
.done:  ret

TEXT mach_number
        ENTER_KERNEL
        ret
