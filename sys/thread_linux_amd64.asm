; SPDX-License-Identifier: BSD-3-Clause
; clone, which no C function can wrap: the child returns on another stack.
%include "sys/section.inc"
extern thread_main

TEXT thread_clone
; i64 thread_clone(u64 flags /*rdi*/, void* stack /*rsi*/, u32* parent_tid /*rdx*/, u32* child_tid /*rcx*/, Thread* tls /*r8*/)
; in the parent: rax = thread id or -errno. The child keeps every register but rax, rcx, r11, starts with rsp = stack
; (16-aligned), and enters thread_main(tls), which does not return.
        mov     r10, rcx
        mov     eax, 56                 ; clone
        syscall
        test    eax, eax
        jz      .child
        ret
.child: xor     ebp, ebp                ; the outermost frame
        mov     rdi, r8
        call    thread_main
        ud2
