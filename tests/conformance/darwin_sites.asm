; SPDX-License-Identifier: BSD-3-Clause
; Traps at sites of their own, for darwin_sites.cpp. site_NAME is `mov eax, N; syscall`, which an emulator may turn into something
; faster; apart_NAME has a nop in between. Both give and take the whole state: void site_NAME(rdi State*). The same as C libraries
; have it (mov r10, rcx in between), with a 64-bit mov, and as one place for all traps: the number comes from the stack, the class is added.

bits 64
default rel

struc State
.rax: resq 1                    ; out only, but for a place that is for all traps: the number without the class
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
.rsp: resq 1                    ; out only: less what it was before
.rip: resq 1                    ; out only: the address behind the syscall
.float: resb 512                ; FXSAVE
.zone: resb 128                 ; the red zone, from rsp - 128 on
endstruc

section .text

%macro TRAP 3                   ; name, how rax gets its number (which is at rsp + 8 too), what comes between that and the syscall
global %1:private_extern
%1:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    qword [rdi + State.rax]
        push    rdi
        fxrstor [rdi + State.float]
        push    qword [rdi + State.rflags]
        popfq
        mov     rbx, [rdi + State.rbx]
        mov     rcx, [rdi + State.rcx]
        mov     rdx, [rdi + State.rdx]
        mov     rsi, [rdi + State.rsi]
        mov     rbp, [rdi + State.rbp]
        mov     r8, [rdi + State.r8]
        mov     r9, [rdi + State.r9]
        mov     r10, [rdi + State.r10]
        mov     r11, [rdi + State.r11]
        mov     r12, [rdi + State.r12]
        mov     r13, [rdi + State.r13]
        mov     r14, [rdi + State.r14]
        mov     r15, [rdi + State.r15]
%assign i 0
%rep 16
        mov     rax, [rdi + State.zone + i]
        mov     [rsp - 128 + i], rax
%assign i i + 8
%endrep
        mov     rdi, [rdi + State.rdi]
        %2
        %3
        syscall
%%behind:
        xchg    rdi, [rsp]              ; rdi is the pointer, [rsp] the register
        mov     [rdi + State.rax], rax
%assign i 0
%rep 16
        mov     rax, [rsp - 128 + i]
        mov     [rdi + State.zone + i], rax
%assign i i + 8
%endrep
        mov     [rdi + State.rsp], rsp
        pushfq
        pop     qword [rdi + State.rflags]
        fxsave  [rdi + State.float]
        pop     qword [rdi + State.rdi]
        mov     [rdi + State.rbx], rbx
        mov     [rdi + State.rcx], rcx
        mov     [rdi + State.rdx], rdx
        mov     [rdi + State.rsi], rsi
        mov     [rdi + State.rbp], rbp
        mov     [rdi + State.r8], r8
        mov     [rdi + State.r9], r9
        mov     [rdi + State.r10], r10
        mov     [rdi + State.r11], r11
        mov     [rdi + State.r12], r12
        mov     [rdi + State.r13], r13
        mov     [rdi + State.r14], r14
        mov     [rdi + State.r15], r15
        lea     rax, [%%behind]
        mov     [rdi + State.rip], rax
        cld
        pushfq
        and     dword [rsp], ~(1 << 18) ; AC
        popfq
        lea     rax, [rsp - 8]
        sub     [rdi + State.rsp], rax  ; 0
        pop     rax
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret
%endmacro
%macro BOTH 2
        TRAP    site_%1, {mov eax, %2}, {}
        TRAP    apart_%1, {mov eax, %2}, {nop}
%endmacro
%macro LOADED 0
        mov     rax, [rsp + 8]
        add     rax, BSD
%endmacro
%macro BY_LIBRARY 0
        mov     eax, BSD + 20
        mov     r10, rcx
%endmacro

%define MACH 0x1000000
%define BSD 0x2000000
BOTH thread_self, MACH + 27
BOTH task_self, MACH + 28
BOTH host_self, MACH + 29
BOTH semaphore_signal, MACH + 33
BOTH semaphore_signal_all, MACH + 34
BOTH semaphore_wait, MACH + 36
BOTH swtch_pri, MACH + 59
BOTH swtch, MACH + 60
BOTH timebase, MACH + 89
BOTH getpid, BSD + 20
BOTH getuid, BSD + 24
BOTH geteuid, BSD + 25
BOTH getppid, BSD + 39
BOTH getegid, BSD + 43
BOTH getgid, BSD + 47
BOTH getpgrp, BSD + 81
BOTH gettimeofday, BSD + 116
BOTH issetugid, BSD + 327
BOTH close, BSD + 6
BOTH thread_selfid, BSD + 372
BOTH ulock_wake, BSD + 516
BOTH lseek, BSD + 199
BOTH access, BSD + 33
BOTH stat, BSD + 338
BOTH fstat, BSD + 339
BOTH read, BSD + 3
BOTH write, BSD + 4
BOTH pread, BSD + 153
BOTH pwrite, BSD + 154
BOTH fcntl, BSD + 92
BOTH kevent, BSD + 363
TRAP site_any, {LOADED}, {}
TRAP apart_any, {LOADED}, {nop}
TRAP site_library, {BY_LIBRARY}, {}
TRAP apart_library, {BY_LIBRARY}, {nop}
TRAP site_long, {mov rax, strict dword BSD + 20}, {}
TRAP apart_long, {mov rax, strict dword BSD + 20}, {nop}
