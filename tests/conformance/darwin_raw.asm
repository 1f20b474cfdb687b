; SPDX-License-Identifier: BSD-3-Clause
; The bare machine under the darwin_* tests: entry, one trap with every register given and taken, a thread's start, a
; signal trampoline. It uses no part of the runtime, so what a test sees is what the kernel (or an emulator of it) did.
; No subsections_via_symbols: a linker would cut raw_trap at its inner label and drop the second half.

bits 64
default rel

extern raw_main, raw_thread, raw_handler

struc Regs
.rax: resq 1
.rbx: resq 1
.rcx: resq 1
.rdx: resq 1
.rdi: resq 1
.rsi: resq 1
.rbp: resq 1
.r8:  resq 1
.r9:  resq 1
.r10: resq 1
.r11: resq 1
.r12: resq 1
.r13: resq 1
.r14: resq 1
.r15: resq 1
.rflags: resq 1
.rsp: resq 1
.rip: resq 1                    ; out only: the address behind the syscall
.stack: resq 3                  ; arguments 7, 8, 9
endstruc

section .text

global _rt0_amd64_darwin
_rt0_amd64_darwin:
; rsp -> argc, argv...; int raw_main(int argc, char** argv) -> exit status
        mov     rdi, [rsp]
        lea     rsi, [rsp + 8]
        xor     ebp, ebp
        and     rsp, -16
        call    raw_main
        mov     edi, eax
        mov     eax, 0x2000001
        syscall
        hlt

global raw_trap:private_extern
raw_trap:
; void raw_trap(rdi Regs*): loads all registers but rsp, traps, stores them all. Clobbers nothing beyond the C convention.
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rdi
        sub     rsp, 32                 ; [rsp] is the return address's place, [rsp+8..31] arguments 7 to 9
        mov     rax, [rdi + Regs.stack]
        mov     [rsp + 8], rax
        mov     rax, [rdi + Regs.stack + 8]
        mov     [rsp + 16], rax
        mov     rax, [rdi + Regs.stack + 16]
        mov     [rsp + 24], rax
        push    qword [rdi + Regs.rflags]
        popfq
        mov     rax, [rdi + Regs.rax]
        mov     rbx, [rdi + Regs.rbx]
        mov     rcx, [rdi + Regs.rcx]
        mov     rdx, [rdi + Regs.rdx]
        mov     rsi, [rdi + Regs.rsi]
        mov     rbp, [rdi + Regs.rbp]
        mov     r8, [rdi + Regs.r8]
        mov     r9, [rdi + Regs.r9]
        mov     r10, [rdi + Regs.r10]
        mov     r11, [rdi + Regs.r11]
        mov     r12, [rdi + Regs.r12]
        mov     r13, [rdi + Regs.r13]
        mov     r14, [rdi + Regs.r14]
        mov     r15, [rdi + Regs.r15]
        mov     rdi, [rdi + Regs.rdi]
        syscall
.behind:
        push    rdi                     ; out of the way: it becomes the pointer
        mov     rdi, [rsp + 40]
        mov     [rdi + Regs.rax], rax
        pushfq
        pop     rax
        mov     [rdi + Regs.rflags], rax
        pop     qword [rdi + Regs.rdi]
        mov     [rdi + Regs.rsp], rsp
        mov     [rdi + Regs.rbx], rbx
        mov     [rdi + Regs.rcx], rcx
        mov     [rdi + Regs.rdx], rdx
        mov     [rdi + Regs.rsi], rsi
        mov     [rdi + Regs.rbp], rbp
        mov     [rdi + Regs.r8], r8
        mov     [rdi + Regs.r9], r9
        mov     [rdi + Regs.r10], r10
        mov     [rdi + Regs.r11], r11
        mov     [rdi + Regs.r12], r12
        mov     [rdi + Regs.r13], r13
        mov     [rdi + Regs.r14], r14
        mov     [rdi + Regs.r15], r15
        lea     rax, [.behind]
        mov     [rdi + Regs.rip], rax
        cld
        add     rsp, 40
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

global raw_thread_entry:private_extern
raw_thread_entry:
; What bsdthread_register names. Stores the state XNU starts a thread with, where rcx (the argument) points: rax is
; parked in the red zone that XNU leaves, or on the stack below it. void raw_thread(Regs*), which ends the thread.
        mov     [rsp - 8], rax
        mov     rax, rcx
        mov     [rax + Regs.rbx], rbx
        mov     rbx, [rsp - 8]
        mov     [rax + Regs.rax], rbx
        pushfq
        pop     qword [rax + Regs.rflags]
        mov     [rax + Regs.rcx], rcx
        mov     [rax + Regs.rdx], rdx
        mov     [rax + Regs.rdi], rdi
        mov     [rax + Regs.rsi], rsi
        mov     [rax + Regs.rbp], rbp
        mov     [rax + Regs.r8], r8
        mov     [rax + Regs.r9], r9
        mov     [rax + Regs.r10], r10
        mov     [rax + Regs.r11], r11
        mov     [rax + Regs.r12], r12
        mov     [rax + Regs.r13], r13
        mov     [rax + Regs.r14], r14
        mov     [rax + Regs.r15], r15
        mov     [rax + Regs.rsp], rsp
        mov     rdi, rax
        and     rsp, -16
        call    raw_thread
        hlt

global raw_sigtramp:private_extern
raw_sigtramp:
; Signal trampoline. rdi handler, esi infostyle, edx signal, rcx siginfo, r8 ucontext, r9 token, rsp = 8 mod 16.
; void raw_handler(catcher, infostyle, signal, siginfo, ucontext, rsp), then sigreturn(ucontext, infostyle, token).
        mov     rbx, r8
        mov     r12d, esi
        mov     r13, r9
        mov     r9, rsp
        sub     rsp, 8
        call    raw_handler
        mov     rdi, rbx
        mov     esi, r12d
        mov     rdx, r13
        mov     eax, 0x20000b8
        syscall
        hlt

global raw_divide:private_extern
raw_divide:
; int raw_divide(edi, esi)
        mov     eax, edi
        cdq
        idiv    esi
        ret
