; SPDX-License-Identifier: BSD-3-Clause
; The places where the emulator meets the host kernel: signal entry and exit, the interruptible host call, guarded copies
; to and from guest memory, entering the guest, ending a thread.
;
; No wake-up is lost between "look whether a signal came" and "go to sleep" or "return to the guest" because the two
; sequences are restartable: on_host_signal (signal_entry.cpp) moves rip of an interrupted one
;   host_call_begin .. host_call_end   -> host_call_interrupted  (the call did not happen: -EINTR)
;   leave_begin     .. leave_end       -> leave_begin            (look again)
;   fast_leave_begin..fast_leave_end -> fast_leave_begin       (the same for traps without a host signal)
;   guest_copy_begin.. guest_copy_end  -> guest_copy_fault       (on SIGSEGV/SIGBUS: the guest's address is bad)
; Rejected: masking all signals around every trap, which costs two host calls a trap and still needs a window to sleep in.
; THREAD_ATTENTION: Thread::attention (thread.h), found through FS, which no Darwin/amd64 program uses.

%include "sys/section.inc"

%define THREAD_ATTENTION 0x100
%define THREAD_FAST_FRAME 0x108
%define REGS 40                 ; HostContext::uc_mcontext: r8..r15 rdi rsi rbp rbx rdx rax rcx rsp rip eflags ... fpstate
%define SYS_rt_sigreturn 15
%define SYS_munmap 11
%define SYS_set_tid_address 218
%define SYS_exit 60
%define EINTR 4

extern on_host_signal
extern deliver_pending
extern fast_trap

%macro LABEL 1
        global %1:function hidden
%1:
%endmacro

TEXT signal_entry
; Host signal handler for every signal: rdi signal, rsi siginfo, rdx ucontext; rsp -> restorer's address, ucontext above it.
; on_host_signal says (al) whether the ucontext is the guest's; then pending guest signals are delivered into it first.
        mov     rbx, rdx                ; rt_sigreturn restores every register, so none is saved here
        cld
        pushfq
        btr     dword [rsp], 18         ; AC: the guest may want alignment checked, the emulator must not
        jc      .unchecked
.checked:
        call    on_host_signal
        test    al, al
        jz      leave_plain
LABEL leave_begin
        lea     rsp, [rbx - 64]         ; below the ucontext: room for calls, whatever rsp was
        and     rsp, -16
        cmp     dword [fs:THREAD_ATTENTION], 0
        jne     leave_deliver
LABEL leave_plain
        mov     rsp, rbx                ; where rt_sigreturn looks for the frame
        mov     eax, SYS_rt_sigreturn
        syscall
LABEL leave_end
        hlt
signal_entry.unchecked:
        push    qword [rsp]
        popfq
        jmp     signal_entry.checked
leave_deliver:
        mov     rdi, rbx
        call    deliver_pending
        jmp     leave_begin

TEXT signal_restorer
; The kernel wants one; signal_entry never returns to it.
        mov     eax, SYS_rt_sigreturn
        syscall
        hlt

TEXT enter_guest
; [[noreturn]] void enter_guest(rdi HostContext*): loads every register from it, the signal mask too.
        mov     rsp, rdi
        mov     eax, SYS_rt_sigreturn
        syscall
        hlt

%macro LOAD_GUEST 0                     ; from the HostContext at rsp; can be begun again until the last instruction
        push    qword [rsp + REGS + 136]
        popfq
        mov     r8, [rsp + REGS]
        mov     r9, [rsp + REGS + 8]
        mov     r10, [rsp + REGS + 16]
        mov     r11, [rsp + REGS + 24]
        mov     r12, [rsp + REGS + 32]
        mov     r13, [rsp + REGS + 40]
        mov     r14, [rsp + REGS + 48]
        mov     r15, [rsp + REGS + 56]
        mov     rdi, [rsp + REGS + 64]
        mov     rsi, [rsp + REGS + 72]
        mov     rbp, [rsp + REGS + 80]
        mov     rbx, [rsp + REGS + 88]
        mov     rdx, [rsp + REGS + 96]
        mov     rax, [rsp + REGS + 104]
        mov     rcx, [rsp + REGS + 128]         ; rip, which after a trap is rcx
        mov     rsp, [rsp + REGS + 120]
%endmacro

TEXT fast_entry
; From a stub (fast.cpp): every register the guest's at its trap, but rcx, which is where it goes on, and r11.
; Until the host stack is there, and from the moment it is left, a signal finds the guest's registers: fast_signal.
        mov     r11, rsp
        mov     rsp, [fs:THREAD_FAST_FRAME]
LABEL fast_entry_switched
        mov     [rsp + REGS], r8
        mov     [rsp + REGS + 8], r9
        mov     [rsp + REGS + 16], r10
        mov     [rsp + REGS + 32], r12
        mov     [rsp + REGS + 40], r13
        mov     [rsp + REGS + 48], r14
        mov     [rsp + REGS + 56], r15
        mov     [rsp + REGS + 64], rdi
        mov     [rsp + REGS + 72], rsi
        mov     [rsp + REGS + 80], rbp
        mov     [rsp + REGS + 88], rbx
        mov     [rsp + REGS + 96], rdx
        mov     [rsp + REGS + 104], rax
        mov     [rsp + REGS + 120], r11
        mov     [rsp + REGS + 128], rcx
        pushfq
        pop     qword [rsp + REGS + 136]
        cld
        mov     qword [rsp + REGS + 184], 0     ; fpstate
        test    dword [rsp + REGS + 136], 1 << 18
        jnz     fast_unchecked
fast_go:
        mov     rdi, rsp
        call    fast_trap
LABEL fast_leave_begin
        mov     rsp, [fs:THREAD_FAST_FRAME]
        cmp     dword [fs:THREAD_ATTENTION], 0
        jne     fast_attention
        LOAD_GUEST
LABEL fast_leave_jump
        jmp     rcx
fast_attention:
        LOAD_GUEST
LABEL fast_leave_trap
        int3                            ; its frame has the floating-point state too
LABEL fast_leave_end
        hlt
fast_unchecked:                             ; AC, as in signal_entry
        pushfq
        btr     dword [rsp], 18
        popfq
        jmp     fast_go

TEXT host_call
; i64 host_call(rdi number, rsi..r9 first five arguments, [rsp+8] sixth) -> rax as the kernel leaves it
        mov     rax, rdi
        mov     rdi, rsi
        mov     rsi, rdx
        mov     rdx, rcx
        mov     r10, r8
        mov     r8, r9
        mov     r9, [rsp + 8]
        syscall
        ret

TEXT host_call_interruptible
; As host_call, but -EINTR without calling if the thread has a signal to deliver, however late it came.
        mov     rax, rdi
        mov     rdi, rsi
        mov     rsi, rdx
        mov     rdx, rcx
        mov     r10, r8
        mov     r8, r9
        mov     r9, [rsp + 8]
LABEL host_call_begin
        cmp     dword [fs:THREAD_ATTENTION], 0
        jne     host_call_interrupted
        syscall
LABEL host_call_end
        ret
LABEL host_call_interrupted
        mov     rax, -EINTR
        ret

TEXT host_clone
; i64 host_clone(rdi flags, rsi stack top, rdx entry, rcx argument, r8 tls, r9 i32 tids[2])
; The child calls entry(argument) on its stack. tids[0]: its number, with CLONE_PARENT_SETTID; tids[1] is cleared when it has
; left its stack for ever, with CLONE_CHILD_CLEARTID.
        push    rbx
        push    r12
        mov     rbx, rdx                ; the child has the parent's registers, all but rax, rsp, rcx, r11
        mov     r12, rcx
        mov     rdx, r9                 ; parent_tid
        lea     r10, [r9 + 4]           ; child_tid
        mov     eax, 56                 ; clone
        syscall
        test    rax, rax
        jz      .child
        pop     r12
        pop     rbx
        ret
.child: xor     ebp, ebp
        mov     rdi, r12
        call    rbx
        hlt

TEXT begin_guest
; [[noreturn]] void begin_guest(rdi HostContext*): as enter_guest, but pending signals are delivered first, however late they came.
        mov     rbx, rdi
        jmp     leave_begin

TEXT host_thread_exit
; [[noreturn]] void host_thread_exit(rdi base, rsi size): unmaps the stack it stands on, unless size is 0, and ends the thread.
        test    rsi, rsi
        jz      .end
        mov     r8, rdi
        xor     edi, edi                ; tids[1] is in there, and what is there then is not to be cleared
        mov     eax, SYS_set_tid_address
        syscall
        mov     rdi, r8
        mov     eax, SYS_munmap
        syscall
.end:   xor     edi, edi
        mov     eax, SYS_exit
        syscall
        hlt

TEXT guest_touch
; u64 guest_touch(rdi address) -> 0 if a byte can be written there; it keeps its value, whoever else writes it
        mov     ecx, 1
        jmp     touch

TEXT guest_copy
; u64 guest_copy(rdi to, rsi from, rdx n) -> 0, or the number of bytes not copied since an address is bad
        mov     rcx, rdx
LABEL guest_copy_begin
        rep movsb
        xor     eax, eax
        ret
touch:  lock or byte [rdi], 0
LABEL guest_copy_end
        xor     eax, eax
        ret
LABEL guest_copy_fault
        mov     rax, rcx                ; at least 1: the fault was in rep movsb
        ret
