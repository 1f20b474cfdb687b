; SPDX-License-Identifier: BSD-3-Clause
; _rt0_amd64_darwin: where XNU starts the program (rip in LC_UNIXTHREAD).
;
; On entry rsp points at argc (8 bytes); argv[], NULL, environment, NULL, apple[], NULL follow
; (bsd/kern/kern_exec.c exec_copyout_strings). Unlike Linux, XNU promises only 8-byte alignment, and there is no
; Mach header pointer below argc in a program without dyld. rt0_start never returns.
%include "sys/section.inc"
extern rt0_start

TEXT _rt0_amd64_darwin
        xor     ebp, ebp                ; the outermost frame: stack walks end here
        mov     edi, [rsp]              ; argc
        lea     rsi, [rsp + 8]          ; argv
        and     rsp, -16
        call    rt0_start
        ud2
