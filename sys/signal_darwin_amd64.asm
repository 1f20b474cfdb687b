; SPDX-License-Identifier: BSD-3-Clause
; Where XNU enters a signal handler (sigaction's sa_tramp), and where it leaves.
%include "sys/section.inc"

TEXT signal_tramp
; On entry (bsd/dev/i386/unix_signal.c sendsig): rdi = the handler, esi = infostyle, edx = signal, rcx = siginfo*,
; r8 = ucontext*, r9 = token (from xnu-4903), rsp = 8 mod 16 with nothing in the slot where a return address would be.
; Calls handler(signal, siginfo*, ucontext*), then sigreturn(ucontext*, infostyle, token), which does not return.
        sub     rsp, 40                 ; now a multiple of 16
        mov     [rsp], r8
        mov     [rsp + 8], esi
        mov     [rsp + 16], r9
        mov     rax, rdi
        mov     edi, edx
        mov     rsi, rcx
        mov     rdx, r8
        call    rax
        mov     rdi, [rsp]
        mov     esi, [rsp + 8]
        mov     rdx, [rsp + 16]
        mov     eax, 0x2000000 + 184    ; sigreturn
        syscall
        ud2
