; SPDX-License-Identifier: BSD-3-Clause
; The end of a signal handler on Linux.
%include "sys/section.inc"

TEXT signal_restorer
; Where a handler returns to (sa_restorer): rsp points at the ucontext, as rt_sigreturn (15) wants it. Never returns.
        mov     eax, 15
        syscall
        ud2
