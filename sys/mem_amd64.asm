; SPDX-License-Identifier: BSD-3-Clause
; memcpy, memmove, memset, memcmp: C compilers emit calls to them, also in freestanding code.
;
; rep movsb/stosb: the shortest code there is and, with ERMS (every amd64 since 2012), near the best for the sizes that
; matter; small copies are inlined by the compiler. Darwin's clang says ___bzero for a memset of 0: same routine.
; Rejected: SSE/AVX loops. They would be the largest routines of a hello of 4 KiB.
; Direction flag: clear at every entry, by the System V ABI; memmove's backward copy restores it.

%include "sys/section.inc"

TEXT memcpy
; void* memcpy(rdi to, rsi from, rdx n) -> rax = to; clobbers rcx rsi rdi
        mov     rax, rdi
        mov     rcx, rdx
        rep movsb
        ret

TEXT memmove
; void* memmove(rdi to, rsi from, rdx n) -> rax = to; clobbers rcx rsi rdi
        mov     rax, rdi
        mov     rcx, rdx
        mov     r8, rdi
        sub     r8, rsi                 ; distance, unsigned: < n only if `to` lies inside the source
        cmp     r8, rdx
        jb      .backward
        rep movsb
        ret
.backward:
        lea     rdi, [rdi + rdx - 1]
        lea     rsi, [rsi + rdx - 1]
        std
        rep movsb
        cld
        ret

TEXT memset
; void* memset(rdi at, esi byte, rdx n) -> rax = at; clobbers rcx rdi
        mov     r8, rdi
        mov     eax, esi
        mov     rcx, rdx
        rep stosb
        mov     rax, r8
        ret

; clang says bcmp for a memcmp of which only == 0 is asked: same routine.
TEXT bcmp
        jmp     memcmp

TEXT strlen
; usize strlen(rdi s) -> rax; clobbers rcx rdi. Compilers say it for a loop that looks for the end of a string.
        mov     rcx, -1
        xor     eax, eax
        repne scasb
        not     rcx                     ; bytes seen, the zero too
        lea     rax, [rcx - 1]
        ret

TEXT memcmp
; int memcmp(rdi a, rsi b, rdx n) -> eax < 0, 0, > 0; clobbers rcx rsi rdi
        mov     rcx, rdx
        xor     eax, eax                ; also sets ZF: n = 0 is equal
        repe cmpsb
        je      .equal
        movzx   eax, byte [rdi - 1]
        movzx   ecx, byte [rsi - 1]
        sub     eax, ecx
.equal: ret

%ifidn __OUTPUT_FORMAT__, macho64
TEXT __bzero
; void __bzero(rdi at, rsi n): what clang calls for a memset of 0 on Darwin
        mov     rcx, rsi
        xor     eax, eax
        rep stosb
        ret
%endif
