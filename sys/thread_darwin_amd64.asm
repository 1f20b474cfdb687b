; SPDX-License-Identifier: BSD-3-Clause
; Where XNU starts a thread that bsdthread_create made (bsdthread_register names this address).
%include "sys/section.inc"
extern thread_entry

TEXT bsdthread_start
; On entry (libpthread kern/kern_support.c, _bsdthread_create; xnu osfmk/i386/pcb.c): rdi = pthread = our Thread,
; esi = the thread's port, with a send right for us; rdx = func, rcx = arg, r8 = the stack argument, r9 = flags;
; rsp = stack - 128 up to 10.14, = stack later, so it is taken from r8; no return address; every signal blocked.
; thread_entry(Thread*, port) does not return.
        mov     rsp, r8
        and     rsp, -16
        xor     ebp, ebp                ; the outermost frame
        call    thread_entry
        ud2
