// SPDX-License-Identifier: BSD-3-Clause
// What is emulated: one line a trap. Everything else that XNU knows ends the run with its name.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void raise_here(Thread&, i32 darwin_signal);  // a signal to this very thread, delivered when the trap returns

struct HandlerRow {
    u16 number;
    TrapHandler handler;
};

Answer bsd_execve(Trap&), bsd_waitid(Trap&), bsd_getpgrp(Trap&), bsd_getpgid(Trap&), bsd_setpgid(Trap&), bsd_getsid(Trap&);
Answer bsd_getpriority(Trap&), bsd_setpriority(Trap&), bsd_sigwait(Trap&), bsd_setuid(Trap&), bsd_setgid(Trap&);
Answer bsd_exit(Trap&), bsd_fork(Trap&), bsd_read(Trap&), bsd_write(Trap&), bsd_open(Trap&), bsd_close(Trap&);
Answer bsd_wait4(Trap&), bsd_unlink(Trap&), bsd_chdir(Trap&), bsd_chmod(Trap&), bsd_getpid(Trap&);
Answer bsd_getuid(Trap&), bsd_geteuid(Trap&), bsd_access(Trap&), bsd_kill(Trap&), bsd_getppid(Trap&);
Answer bsd_dup(Trap&), bsd_pipe(Trap&), bsd_getegid(Trap&), bsd_sigaction(Trap&), bsd_getgid(Trap&);
Answer bsd_sigprocmask(Trap&), bsd_sigpending(Trap&), bsd_sigaltstack(Trap&), bsd_ioctl(Trap&);
Answer bsd_readlink(Trap&), bsd_umask(Trap&), bsd_munmap(Trap&), bsd_mprotect(Trap&), bsd_madvise(Trap&);
Answer bsd_setitimer(Trap&), bsd_getitimer(Trap&), bsd_getdtablesize(Trap&), bsd_dup2(Trap&), bsd_fcntl(Trap&);
Answer bsd_select(Trap&), bsd_fsync(Trap&), bsd_sigsuspend(Trap&), bsd_gettimeofday(Trap&), bsd_getrusage(Trap&);
Answer bsd_readv(Trap&), bsd_writev(Trap&), bsd_rename(Trap&), bsd_mkdir(Trap&), bsd_rmdir(Trap&);
Answer bsd_setsid(Trap&), bsd_pread(Trap&), bsd_pwrite(Trap&), bsd_sigreturn(Trap&), bsd_stat(Trap&);
Answer bsd_fstat(Trap&), bsd_lstat(Trap&), bsd_getrlimit(Trap&), bsd_setrlimit(Trap&), bsd_mmap(Trap&);
Answer bsd_lseek(Trap&), bsd_truncate(Trap&), bsd_ftruncate(Trap&), bsd_sysctl(Trap&), bsd_poll(Trap&);
Answer bsd_sysctlbyname(Trap&), bsd_issetugid(Trap&), bsd_pthread_kill(Trap&), bsd_pthread_sigmask(Trap&);
Answer bsd_disable_threadsignal(Trap&), bsd_semwait_signal(Trap&), bsd_stat64(Trap&), bsd_fstat64(Trap&);
Answer bsd_lstat64(Trap&), bsd_getdirentries64(Trap&), bsd_bsdthread_create(Trap&), bsd_bsdthread_terminate(Trap&);
Answer bsd_bsdthread_register(Trap&), bsd_thread_selfid(Trap&), bsd_getentropy(Trap&);
Answer bsd_recvmsg(Trap&), bsd_sendmsg(Trap&), bsd_recvfrom(Trap&), bsd_accept(Trap&), bsd_getpeername(Trap&);
Answer bsd_getsockname(Trap&), bsd_socket(Trap&), bsd_connect(Trap&), bsd_bind(Trap&), bsd_setsockopt(Trap&);
Answer bsd_kqueue(Trap&), bsd_kevent(Trap&), bsd_kevent64(Trap&), bsd_sendfile(Trap&);
Answer bsd_listen(Trap&), bsd_getsockopt(Trap&), bsd_sendto(Trap&), bsd_shutdown(Trap&), bsd_socketpair(Trap&);
Answer mach_port_allocate(Trap&), mach_port_deallocate(Trap&), mach_port_mod_refs(Trap&);
Answer mach_port_insert_right(Trap&), mach_reply_port(Trap&), mach_thread_self(Trap&), mach_task_self(Trap&);
Answer mach_host_self(Trap&), mach_msg(Trap&), mach_semaphore_signal(Trap&), mach_semaphore_signal_all(Trap&);
Answer mach_semaphore_signal_thread(Trap&), mach_semaphore_wait(Trap&), mach_semaphore_wait_signal(Trap&);
Answer mach_semaphore_timedwait(Trap&), mach_semaphore_timedwait_signal(Trap&), mach_swtch_pri(Trap&);
Answer mach_swtch(Trap&), mach_thread_switch(Trap&), mach_clock_sleep(Trap&), mach_timebase_info(Trap&);
Answer mach_wait_until(Trap&), mach_msg2(Trap&);
Answer mach_vm_allocate_trap(Trap&), mach_vm_deallocate_trap(Trap&), mach_vm_purgable_control_trap(Trap&), mach_vm_protect_trap(Trap&), mach_vm_map_trap(Trap&);
Answer mach_port_destroy(Trap&), mach_port_move_member(Trap&), mach_port_insert_member(Trap&);
Answer mach_port_extract_member(Trap&), mach_port_construct(Trap&), mach_port_destruct(Trap&), mach_port_guard(Trap&);
Answer mach_port_unguard(Trap&), mach_port_get_attributes(Trap&), mach_port_type(Trap&);
Answer mach_port_request_notification(Trap&), mach_special_reply_port(Trap&);
Answer mach_task_name_for_pid(Trap&), mach_task_for_pid(Trap&), mach_pid_for_task(Trap&);
Answer mach_timer_create(Trap&), mach_timer_destroy(Trap&), mach_timer_arm(Trap&), mach_timer_cancel(Trap&);
Answer mach_timer_arm_leeway(Trap&);
Answer bsd_ulock_wait(Trap&), bsd_ulock_wake(Trap&), bsd_ulock_wait2(Trap&);
Answer bsd_pselect(Trap&), bsd_recvmsg_x(Trap&), bsd_sendmsg_x(Trap&), bsd_connectx(Trap&), bsd_disconnectx(Trap&), bsd_peeloff(Trap&);
Answer bsd_socket_delegate(Trap&), bsd_kevent_qos(Trap&), bsd_kevent_id(Trap&);
Answer mdep_set_gs_base(Trap&);
Answer bsd_posix_spawn(Trap&);
Answer bsd_pthread_markcancel(Trap&), bsd_pthread_canceled(Trap&);
bool cancellation_point(u32 bsd_number);
bool cancelled_before(Thread&, u32 bsd_number);  // the thread is to be cancelled: the call gives EINTR

constexpr HandlerRow bsd_handlers[] = {
    {1, bsd_exit}, {2, bsd_fork}, {3, bsd_read}, {4, bsd_write}, {5, bsd_open}, {6, bsd_close}, {7, bsd_wait4},
    {10, bsd_unlink}, {12, bsd_chdir}, {15, bsd_chmod}, {20, bsd_getpid}, {23, bsd_setuid}, {24, bsd_getuid}, {25, bsd_geteuid},
    {33, bsd_access}, {37, bsd_kill}, {39, bsd_getppid}, {41, bsd_dup}, {42, bsd_pipe}, {43, bsd_getegid},
    {46, bsd_sigaction}, {47, bsd_getgid}, {48, bsd_sigprocmask}, {52, bsd_sigpending}, {53, bsd_sigaltstack},
    {54, bsd_ioctl}, {58, bsd_readlink}, {59, bsd_execve}, {60, bsd_umask}, {66, bsd_fork}, {73, bsd_munmap}, {74, bsd_mprotect}, {75, bsd_madvise},
    {81, bsd_getpgrp}, {82, bsd_setpgid}, {83, bsd_setitimer}, {86, bsd_getitimer}, {89, bsd_getdtablesize}, {90, bsd_dup2}, {92, bsd_fcntl},
    {93, bsd_select}, {95, bsd_fsync}, {96, bsd_setpriority}, {100, bsd_getpriority}, {111, bsd_sigsuspend}, {116, bsd_gettimeofday}, {117, bsd_getrusage},
    {120, bsd_readv}, {121, bsd_writev}, {128, bsd_rename}, {136, bsd_mkdir}, {137, bsd_rmdir}, {147, bsd_setsid}, {151, bsd_getpgid},
    {153, bsd_pread}, {154, bsd_pwrite}, {173, bsd_waitid}, {181, bsd_setgid}, {184, bsd_sigreturn}, {187, bsd_fsync}, {188, bsd_stat}, {189, bsd_fstat},
    {190, bsd_lstat}, {194, bsd_getrlimit}, {195, bsd_setrlimit}, {197, bsd_mmap}, {199, bsd_lseek},
    {200, bsd_truncate}, {201, bsd_ftruncate}, {202, bsd_sysctl}, {230, bsd_poll}, {244, bsd_posix_spawn}, {274, bsd_sysctlbyname},
    {310, bsd_getsid}, {327, bsd_issetugid}, {328, bsd_pthread_kill}, {329, bsd_pthread_sigmask}, {330, bsd_sigwait}, {331, bsd_disable_threadsignal},
    {332, bsd_pthread_markcancel}, {333, bsd_pthread_canceled}, {334, bsd_semwait_signal}, {338, bsd_stat64}, {339, bsd_fstat64}, {340, bsd_lstat64}, {344, bsd_getdirentries64},
    {360, bsd_bsdthread_create}, {361, bsd_bsdthread_terminate}, {366, bsd_bsdthread_register},
    {372, bsd_thread_selfid}, {396, bsd_read}, {397, bsd_write}, {398, bsd_open}, {399, bsd_close}, {400, bsd_wait4},
    {406, bsd_fcntl}, {407, bsd_select}, {408, bsd_fsync}, {410, bsd_sigsuspend}, {411, bsd_readv}, {412, bsd_writev},
    {414, bsd_pread}, {415, bsd_pwrite}, {416, bsd_waitid}, {417, bsd_poll}, {422, bsd_sigwait}, {423, bsd_semwait_signal}, {500, bsd_getentropy}, {515, bsd_ulock_wait},
    {516, bsd_ulock_wake}, {544, bsd_ulock_wait2},
};

constexpr HandlerRow bsd_socket_handlers[] = {
    {27, bsd_recvmsg}, {28, bsd_sendmsg}, {29, bsd_recvfrom}, {30, bsd_accept}, {31, bsd_getpeername}, {32, bsd_getsockname},
    {97, bsd_socket}, {98, bsd_connect}, {104, bsd_bind}, {105, bsd_setsockopt}, {106, bsd_listen}, {118, bsd_getsockopt},
    {133, bsd_sendto}, {134, bsd_shutdown}, {135, bsd_socketpair}, {401, bsd_recvmsg}, {402, bsd_sendmsg},
    {337, bsd_sendfile}, {362, bsd_kqueue}, {363, bsd_kevent}, {369, bsd_kevent64}, {403, bsd_recvfrom}, {404, bsd_accept},
    {409, bsd_connect}, {413, bsd_sendto}, {394, bsd_pselect}, {395, bsd_pselect}, {447, bsd_connectx}, {448, bsd_disconnectx},
    {449, bsd_peeloff}, {450, bsd_socket_delegate}, {374, bsd_kevent_qos}, {375, bsd_kevent_id}, {480, bsd_recvmsg_x}, {481, bsd_sendmsg_x},
};

constexpr HandlerRow mach_handlers[] = {
    {10, mach_vm_allocate_trap}, {11, mach_vm_purgable_control_trap}, {12, mach_vm_deallocate_trap}, {14, mach_vm_protect_trap}, {15, mach_vm_map_trap},
    {16, mach_port_allocate}, {17, mach_port_destroy}, {20, mach_port_move_member}, {22, mach_port_insert_member},
    {23, mach_port_extract_member}, {24, mach_port_construct}, {25, mach_port_destruct}, {40, mach_port_get_attributes},
    {41, mach_port_guard}, {42, mach_port_unguard}, {44, mach_task_name_for_pid}, {45, mach_task_for_pid},
    {46, mach_pid_for_task}, {47, mach_msg2}, {50, mach_special_reply_port}, {76, mach_port_type},
    {77, mach_port_request_notification}, {91, mach_timer_create}, {92, mach_timer_destroy}, {93, mach_timer_arm},
    {94, mach_timer_cancel}, {95, mach_timer_arm_leeway}, {18, mach_port_deallocate}, {19, mach_port_mod_refs}, {21, mach_port_insert_right},
    {26, mach_reply_port}, {27, mach_thread_self}, {28, mach_task_self}, {29, mach_host_self}, {31, mach_msg},
    {32, mach_msg}, {33, mach_semaphore_signal}, {34, mach_semaphore_signal_all}, {35, mach_semaphore_signal_thread},
    {36, mach_semaphore_wait}, {37, mach_semaphore_wait_signal}, {38, mach_semaphore_timedwait},
    {39, mach_semaphore_timedwait_signal}, {59, mach_swtch_pri}, {60, mach_swtch}, {61, mach_thread_switch},
    {62, mach_clock_sleep}, {89, mach_timebase_info}, {90, mach_wait_until},
};

}  // namespace trapeze
#pragma GCC visibility pop
