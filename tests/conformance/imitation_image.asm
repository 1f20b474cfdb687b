; SPDX-License-Identifier: BSD-3-Clause
; An image as old runtimes' linkers wrote them, and a program that uses the kernel as they did; a whole Mach-O file by itself:
;   nasm -f bin -DBASE=0x1000 imitation_image.asm -o image
; Loaded at BASE (0x1000, 0x1000000, 0x100000000 ...), with a __DWARF segment of vmsize 0 whose address lies in __DATA, a __DATA of
; an odd size, LC_LOAD_DYLINKER without a dylib, LC_UNIXTHREAD without a stack. Traps have -1 in 32 bits as a descriptor and
; garbage where a later era takes another argument; a thread has a stack of 2 KiB, signal frames included; the clock is read
; from the commpage. Prints TAP 13.

bits 64
default rel
org BASE

%define BSD 0x2000000
%define MACH 0x1000000
%define COMMPAGE 0x7fffffe00000
%define GARBAGE 0xdeadbeefdeadbeef

header: dd 0xfeedfacf, 0x01000007, 3, 2, 6, commands_end - commands, 1, 0     ; MH_EXECUTE, NOUNDEFS
%macro SEGMENT 6                ; name, address, vmsize, file offset, file size, protection
        dd 0x19, 72
%%name: db %1
        times 16 - ($ - %%name) db 0
        dq %2, %3, %4, %5
        dd %6 ? 7 : 0, %6, 0, 0
%endmacro
commands:
        SEGMENT "__PAGEZERO", 0, BASE, 0, 0, 0
        SEGMENT "__TEXT", BASE, 0x2000, 0, 0x2000, 5
        SEGMENT "__DATA", BASE + 0x2000, 0x5123, 0x2000, 0x1000, 3
        SEGMENT "__DWARF", BASE + 0x3000, 0, 0x3000, 0x800, 7
        dd 0xe, 32, 12          ; LC_LOAD_DYLINKER
        db "/usr/lib/dyld"
        times 7 db 0
        dd 0x5, 16 + 168, 4, 42 ; LC_UNIXTHREAD: x86_THREAD_STATE64, rip alone
        times 16 dq 0
        dq start
        times 4 dq 0
commands_end:

%macro SAY 1                    ; a text
        lea     rsi, [%%text]
        mov     edx, %%end - %%text
        call    write
        jmp     %%end
%%text: db %1
%%end:
%endmacro
%macro CHECK 2                  ; condition code, sentence
        j%1     %%good
        inc     dword [failed]
        SAY     "not "
%%good: SAY     {"ok - ", %2, 10}
        inc     dword [count]
%endmacro

write:  push    rdi
        mov     edi, 1
        mov     eax, BSD + 4
        syscall
        pop     rdi
        ret

; rax = nanoseconds by the commpage, as a program reads them that never asks the kernel. Clobbers rcx rdx rbx r8.
nanotime:
        mov     r8, COMMPAGE
.again: mov     ebx, [r8 + 0x68]
        test    ebx, ebx
        jz      .again
        lfence
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        sub     rax, [r8 + 0x50]
        mov     ecx, [r8 + 0x58]
        mul     rcx
        shrd    rax, rdx, 32
        add     rax, [r8 + 0x60]
        cmp     ebx, [r8 + 0x68]
        jne     .again
        ret

; rax = nanoseconds by gettimeofday, as a program up to 10.11 calls it: registers, and garbage in the third argument.
wall:   lea     rdi, [timeval]
        xor     esi, esi
        mov     rdx, GARBAGE
        mov     eax, BSD + 116
        syscall
        mov     ecx, edx
        imul    rax, rax, 1000000000
        imul    rcx, rcx, 1000
        add     rax, rcx
        ret

start:  mov     r15, rsp
        and     rsp, -16
        SAY     {"TAP version 13", 10}
        cmp     qword [r15], 1
        CHECK   e, "argc at the top of the stack"
        mov     rax, [r15]
        cmp     qword [r15 + 8 + rax * 8], 0
        CHECK   e, "argv ends with 0"
        cmp     qword [data], 0x1234
        CHECK   e, "__DATA is there, not what __DWARF has for the same address"
        lea     rdi, [header + 0x3000]  ; bss: to the last byte of the odd size
        mov     ecx, 0x5123 - 0x1000
        xor     eax, eax
        repe    scasb
        CHECK   e, "the rest of __DATA is 0"

        ; mmap(0, 64 KiB, read and write, private anonymous, -1 in 32 bits, 0)
        xor     edi, edi
        mov     esi, 0x10000
        mov     edx, 3
        mov     r10d, 0x1002
        mov     r8d, -1
        xor     r9d, r9d
        mov     eax, BSD + 197
        syscall
        mov     r14, rax
        CHECK   nc, "mmap with a descriptor of -1 in 32 bits"
        mov     qword [r14 + 0xfff8], 1

        ; a reservation of 136 GiB that is committed piece by piece
        mov     rdi, 0xc000000000
        mov     rsi, 0x2200000000
        xor     edx, edx
        mov     r10d, 0x1002
        mov     r8d, -1
        xor     r9d, r9d
        mov     eax, BSD + 197
        syscall
        mov     r13, rax
        CHECK   nc, "a reservation of 136 GiB"
        mov     rdi, r13
        mov     esi, 0x100000
        mov     edx, 3
        mov     r10d, 0x1012
        mov     r8d, -1
        xor     r9d, r9d
        mov     eax, BSD + 197
        syscall
        mov     qword [rax], 7
        CHECK   nc, "of which 1 MiB is committed in place"

        call    nanotime
        mov     r12, rax
        call    wall
        mov     r13, rax
        lea     rdi, [r12 + 5000000]
        mov     eax, MACH + 90          ; mach_wait_until, in the commpage's units
        syscall
        test    eax, eax
        CHECK   z, "mach_wait_until"
        call    wall
        sub     rax, r13
        mov     r13, rax                ; by the calendar
        call    nanotime
        sub     rax, r12                ; around it, by the commpage
        mov     r12, rax
        cmp     r12, 5000000
        CHECK   ge, "the commpage's clock is the one that mach_wait_until waits by"
        add     r12, 2000000            ; the calendar may be set a little at any time
        cmp     r12, r13
        CHECK   ge, "and goes no slower than gettimeofday"
        call    wall
        mov     r13, rax
        call    nanotime
        mov     r12, rax
        xor     edi, edi
        xor     esi, esi
        xor     edx, edx
        xor     r10d, r10d
        lea     r8, [pause_time]
        mov     eax, BSD + 93           ; select: the upper half of tv_usec is garbage
        syscall
        call    nanotime
        sub     rax, r12
        mov     r12, rax
        call    wall
        sub     rax, r13
        add     rax, 2000000
        cmp     rax, r12
        CHECK   ge, "nor faster"
        cmp     r12, 3000000
        CHECK   ge, "select slept its 3 ms"
        mov     r8, COMMPAGE
        cmp     dword [r8 + 0x6c], 0
        CHECK   e, "the commpage's calendar says: use the trap"

        ; gs: a block at 0x8a0 as thread-local storage has it
        lea     rdi, [r14 + 0x1000 - 0x8a0]
        mov     eax, 0x3000003
        syscall
        mov     qword [r14 + 0x1000], 0x5a5a
        mov     rax, [gs:0x8a0]
        cmp     rax, 0x5a5a
        CHECK   e, "machdep 3: gs:0x8a0 is the block's first word"

        ; a thread on 2 KiB
        lea     rdi, [thread]
        mov     rsi, GARBAGE
        xor     edx, edx
        xor     r10d, r10d
        xor     r8d, r8d
        xor     r9d, r9d
        mov     eax, BSD + 366
        syscall
        CHECK   nc, "bsdthread_register with a start routine alone"
        mov     edi, 31
        lea     rsi, [action]
        xor     edx, edx
        mov     eax, BSD + 46
        syscall
        CHECK   nc, "sigaction with flags 0x43"
        lea     rdi, [data]             ; canaries on both sides of the stack
        mov     rax, 0x0123456789abcdef
        mov     [r14 + 0x1ff8], rax
        mov     [r14 + 0x2800], rax
        lea     rdi, [thread_body]
        mov     esi, 0x77
        lea     rdx, [r14 + 0x2800]
        mov     r10d, 0x99
        mov     r8d, 0x01000000
        mov     eax, BSD + 360
        syscall
        CHECK   nc, "bsdthread_create with a stack of 2 KiB"
.waits: cmp     dword [thread_port], 0
        jne     .kill
        mov     eax, MACH + 60
        syscall
        jmp     .waits
.kill:  mov     r13d, 100
.next:  mov     edi, [thread_port]
        mov     esi, 31
        mov     eax, BSD + 328
        syscall
        mov     ebx, [handled]
.yield: xor     edi, edi
        mov     eax, MACH + 59
        syscall
        cmp     dword [handled], 0
        je      .yield
        dec     r13d
        jnz     .next
        mov     dword [thread_ends], 1
.ends:  xor     edi, edi
        mov     eax, MACH + 59
        syscall
        cmp     dword [thread_ended], 0
        je      .ends
        mov     rax, 0x0123456789abcdef
        cmp     [r14 + 0x1ff8], rax
        CHECK   e, "100 signals to it: its frames and its traps use its stack alone, and no byte below"
        mov     rax, 0x0123456789abcdef
        cmp     [r14 + 0x2800], rax
        CHECK   e, "nor above"
        cmp     dword [wrong], 0
        CHECK   e, "and every register of it survives them"

        ; fork, as a runtime without libc does it: rdx tells the child
        mov     rdx, GARBAGE
        mov     eax, BSD + 2
        syscall
        cmp     edx, 1
        jne     .parent
        mov     edi, 33
        mov     eax, BSD + 1
        syscall
.parent: mov    edi, eax
        lea     rsi, [data]
        xor     edx, edx
        xor     r10d, r10d
        mov     eax, BSD + 7
        syscall
        cmp     dword [data], 33 << 8
        CHECK   e, "fork beside a thread, and wait4"

        SAY     "1.."
        mov     eax, [count]
        mov     ecx, 10
        lea     rsi, [digits + 2]
.digit: xor     edx, edx
        div     ecx
        add     edx, '0'
        dec     rsi
        mov     [rsi], dl
        test    eax, eax
        jnz     .digit
        lea     rdx, [digits + 3]
        sub     rdx, rsi
        call    write
        xor     edi, edi
        cmp     dword [failed], 0
        setne   dil
        mov     eax, BSD + 1
        syscall

thread: ; rdi pthread, esi port, rdx function, rcx argument, r8 stack, r9d flags
        mov     [r8 - 0x800], esi       ; the lowest word of its 2 KiB: no frame may reach it
        jmp     rdx
thread_body:
        cmp     ecx, 0x77
        jne     .wrong
        cmp     edi, 0x99
        jne     .wrong
        mov     ebp, esi
        mov     [thread_port], esi
        mov     rbx, 0x1111
        mov     r11, 0x2222
        mov     r9, 0x3333
        movq    xmm5, rbx
.spins: cmp     rbx, 0x1111             ; in its own code, where a signal finds it between any two instructions
        jne     .wrong
        cmp     r9, 0x3333
        jne     .wrong
        cmp     r11, 0x2222
        jne     .wrong
        movq    rax, xmm5
        cmp     rax, rbx
        jne     .wrong
        cmp     dword [thread_ends], 0
        je      .spins
.end:   cmp     ebp, [rsp + 128 - 0x800]
        je      .done
        inc     dword [wrong]
.done:  mov     dword [thread_ended], 1
        xor     edi, edi
        xor     esi, esi
        mov     edx, ebp
        xor     r10d, r10d
        mov     eax, BSD + 361
        syscall
.wrong: inc     dword [wrong]
        jmp     .end

; rdi handler, esi style, edx signal, rcx siginfo, r8 ucontext. It uses all it likes, and 64 bytes of stack.
trampoline:
        push    r8
        push    rsi
        pxor    xmm5, xmm5
        xor     ebx, ebx
        xor     r11d, r11d
        inc     dword [handled]
        pop     rsi
        pop     rdi
        mov     eax, BSD + 184
        syscall
        hlt

        times 0x2000 - ($ - $$) db 0
data:   dq 0x1234
action: dq trampoline, trampoline
        dd 0, 0x42
pause_time: dq 0
        dd 3000, 0xdeadbeef
timeval: dq 0, 0
count:  dd 0
failed: dd 0
wrong:  dd 0
handled: dd 0
thread_port: dd 0
thread_ends: dd 0
thread_ended: dd 0
digits: db "  ", 10
        times 0x3000 - ($ - $$) db 0
        times 0x800 db 0xdd             ; debugging information, not for the memory
