// SPDX-License-Identifier: BSD-3-Clause
// The structures of sys/linux that only the trampolines take, against the host's own headers: sizes, offsets and constants, at compile
// time. Ours come first, as in linux_types.cpp. The headers of Linux 6.1 have no cachestat, cachestat_range, mnt_id_req, ns_id_req,
// xattr_args, file_attr and landlock_net_port_attr, and no header has ustat, __aio_sigset and sigset_argpack: those rest on our
// own asserts. landlock_ruleset_attr, perf_event_attr and rseq have grown since; file_handle has no length there.
#include "sys/linux/aio.h"
#include "sys/linux/file_calls.h"
#include "sys/linux/ipc.h"
#include "sys/linux/net.h"
#include "sys/linux/perf.h"
#include "sys/linux/process.h"
#include "sys/linux/sched.h"
#include "sys/linux/security.h"
#include "sys/linux/signal.h"
#include "sys/linux/time.h"
#include "tests/unit/same.h"

namespace {
using namespace trapeze;
constexpr i64 our_constants[] = {
    lnx::IOCB_CMD_PREAD, lnx::IOCB_CMD_PWRITE, lnx::IOCB_CMD_FSYNC, lnx::IOCB_CMD_FDSYNC, lnx::IOCB_CMD_POLL,
    lnx::IOCB_CMD_NOOP, lnx::IOCB_CMD_PREADV, lnx::IOCB_CMD_PWRITEV, lnx::IOCB_FLAG_RESFD, lnx::IOCB_FLAG_IOPRIO,
    lnx::RESOLVE_NO_XDEV, lnx::RESOLVE_NO_MAGICLINKS, lnx::RESOLVE_NO_SYMLINKS, lnx::RESOLVE_BENEATH, lnx::RESOLVE_IN_ROOT,
    lnx::RESOLVE_CACHED, lnx::SIGEV_SIGNAL, lnx::SIGEV_NONE, lnx::SIGEV_THREAD_ID, lnx::_LINUX_CAPABILITY_VERSION_3,
    lnx::LANDLOCK_RULE_PATH_BENEATH, lnx::PERF_TYPE_HARDWARE, lnx::PERF_TYPE_SOFTWARE, lnx::PERF_TYPE_TRACEPOINT,
    lnx::PERF_TYPE_HW_CACHE, lnx::PERF_TYPE_RAW};

constexpr usize our_offsets[] = {
    sizeof(lnx::timezone), offsetof(lnx::timezone, tz_dsttime), sizeof(lnx::tms), offsetof(lnx::tms, tms_cstime),
    sizeof(lnx::timex), offsetof(lnx::timex, offset), offsetof(lnx::timex, status), offsetof(lnx::timex, constant),
    offsetof(lnx::timex, time), offsetof(lnx::timex, tick), offsetof(lnx::timex, ppsfreq), offsetof(lnx::timex, jitter),
    offsetof(lnx::timex, shift), offsetof(lnx::timex, stabil), offsetof(lnx::timex, stbcnt), offsetof(lnx::timex, tai),
    sizeof(lnx::fd_set), sizeof(lnx::sigevent), offsetof(lnx::sigevent, sigev_signo), offsetof(lnx::sigevent, sigev_notify),
    sizeof(lnx::sysinfo), offsetof(lnx::sysinfo, loads), offsetof(lnx::sysinfo, totalram), offsetof(lnx::sysinfo, freeswap),
    offsetof(lnx::sysinfo, procs), offsetof(lnx::sysinfo, totalhigh), offsetof(lnx::sysinfo, mem_unit), sizeof(lnx::user_desc),
    offsetof(lnx::user_desc, base_addr), offsetof(lnx::user_desc, limit), sizeof(lnx::kexec_segment),
    offsetof(lnx::kexec_segment, bufsz), offsetof(lnx::kexec_segment, mem), offsetof(lnx::kexec_segment, memsz),
    sizeof(lnx::__sysctl_args), offsetof(lnx::__sysctl_args, nlen), offsetof(lnx::__sysctl_args, oldval),
    offsetof(lnx::__sysctl_args, oldlenp), offsetof(lnx::__sysctl_args, newval), offsetof(lnx::__sysctl_args, newlen),
    sizeof(lnx::open_how), offsetof(lnx::open_how, mode), offsetof(lnx::open_how, resolve), sizeof(lnx::utimbuf),
    offsetof(lnx::utimbuf, modtime), sizeof(lnx::mount_attr), offsetof(lnx::mount_attr, attr_clr),
    offsetof(lnx::mount_attr, propagation), offsetof(lnx::mount_attr, userns_fd), sizeof(lnx::ipc64_perm),
    offsetof(lnx::ipc64_perm, uid), offsetof(lnx::ipc64_perm, gid), offsetof(lnx::ipc64_perm, cuid),
    offsetof(lnx::ipc64_perm, cgid), offsetof(lnx::ipc64_perm, mode), offsetof(lnx::ipc64_perm, seq), sizeof(lnx::msqid_ds),
    offsetof(lnx::msqid_ds, msg_stime), offsetof(lnx::msqid_ds, msg_rtime), offsetof(lnx::msqid_ds, msg_ctime),
    offsetof(lnx::msqid_ds, msg_cbytes), offsetof(lnx::msqid_ds, msg_qnum), offsetof(lnx::msqid_ds, msg_qbytes),
    offsetof(lnx::msqid_ds, msg_lspid), offsetof(lnx::msqid_ds, msg_lrpid), sizeof(lnx::sembuf), offsetof(lnx::sembuf, sem_op),
    offsetof(lnx::sembuf, sem_flg), sizeof(lnx::semid_ds), offsetof(lnx::semid_ds, sem_otime),
    offsetof(lnx::semid_ds, sem_ctime), offsetof(lnx::semid_ds, sem_nsems), sizeof(lnx::shmid_ds),
    offsetof(lnx::shmid_ds, shm_segsz), offsetof(lnx::shmid_ds, shm_atime), offsetof(lnx::shmid_ds, shm_dtime),
    offsetof(lnx::shmid_ds, shm_ctime), offsetof(lnx::shmid_ds, shm_cpid), offsetof(lnx::shmid_ds, shm_lpid),
    offsetof(lnx::shmid_ds, shm_nattch), sizeof(lnx::mq_attr), offsetof(lnx::mq_attr, mq_maxmsg),
    offsetof(lnx::mq_attr, mq_msgsize), offsetof(lnx::mq_attr, mq_curmsgs), sizeof(lnx::sched_param), sizeof(lnx::sched_attr),
    offsetof(lnx::sched_attr, sched_policy), offsetof(lnx::sched_attr, sched_flags), offsetof(lnx::sched_attr, sched_nice),
    offsetof(lnx::sched_attr, sched_priority), offsetof(lnx::sched_attr, sched_runtime),
    offsetof(lnx::sched_attr, sched_deadline), offsetof(lnx::sched_attr, sched_period),
    offsetof(lnx::sched_attr, sched_util_min), offsetof(lnx::sched_attr, sched_util_max), sizeof(lnx::clone_args),
    offsetof(lnx::clone_args, pidfd), offsetof(lnx::clone_args, child_tid), offsetof(lnx::clone_args, parent_tid),
    offsetof(lnx::clone_args, exit_signal), offsetof(lnx::clone_args, stack), offsetof(lnx::clone_args, stack_size),
    offsetof(lnx::clone_args, tls), offsetof(lnx::clone_args, set_tid), offsetof(lnx::clone_args, set_tid_size),
    offsetof(lnx::clone_args, cgroup), sizeof(lnx::robust_list_head), offsetof(lnx::robust_list_head, futex_offset),
    offsetof(lnx::robust_list_head, list_op_pending), sizeof(lnx::futex_waitv), offsetof(lnx::futex_waitv, uaddr),
    offsetof(lnx::futex_waitv, flags), sizeof(lnx::rseq), offsetof(lnx::rseq, cpu_id), offsetof(lnx::rseq, rseq_cs),
    offsetof(lnx::rseq, flags), sizeof(lnx::iocb), offsetof(lnx::iocb, aio_rw_flags), offsetof(lnx::iocb, aio_lio_opcode),
    offsetof(lnx::iocb, aio_reqprio), offsetof(lnx::iocb, aio_fildes), offsetof(lnx::iocb, aio_buf),
    offsetof(lnx::iocb, aio_nbytes), offsetof(lnx::iocb, aio_offset), offsetof(lnx::iocb, aio_flags),
    offsetof(lnx::iocb, aio_resfd), sizeof(lnx::io_event), offsetof(lnx::io_event, obj), offsetof(lnx::io_event, res),
    offsetof(lnx::io_event, res2), sizeof(lnx::io_sqring_offsets), offsetof(lnx::io_sqring_offsets, tail),
    offsetof(lnx::io_sqring_offsets, ring_mask), offsetof(lnx::io_sqring_offsets, ring_entries),
    offsetof(lnx::io_sqring_offsets, flags), offsetof(lnx::io_sqring_offsets, dropped), offsetof(lnx::io_sqring_offsets, array),
    sizeof(lnx::io_cqring_offsets), offsetof(lnx::io_cqring_offsets, tail), offsetof(lnx::io_cqring_offsets, ring_mask),
    offsetof(lnx::io_cqring_offsets, ring_entries), offsetof(lnx::io_cqring_offsets, overflow),
    offsetof(lnx::io_cqring_offsets, cqes), offsetof(lnx::io_cqring_offsets, flags), sizeof(lnx::io_uring_params),
    offsetof(lnx::io_uring_params, cq_entries), offsetof(lnx::io_uring_params, flags),
    offsetof(lnx::io_uring_params, sq_thread_cpu), offsetof(lnx::io_uring_params, sq_thread_idle),
    offsetof(lnx::io_uring_params, features), offsetof(lnx::io_uring_params, wq_fd), offsetof(lnx::io_uring_params, sq_off),
    offsetof(lnx::io_uring_params, cq_off), sizeof(lnx::__user_cap_header_struct), offsetof(lnx::__user_cap_header_struct, pid),
    sizeof(lnx::__user_cap_data_struct), offsetof(lnx::__user_cap_data_struct, permitted),
    offsetof(lnx::__user_cap_data_struct, inheritable), sizeof(lnx::landlock_path_beneath_attr),
    offsetof(lnx::landlock_path_beneath_attr, parent_fd), offsetof(lnx::landlock_ruleset_attr, handled_access_fs),
    offsetof(lnx::file_handle, handle_type), offsetof(lnx::file_handle, f_handle), offsetof(lnx::perf_event_attr, size),
    offsetof(lnx::perf_event_attr, config), offsetof(lnx::perf_event_attr, sample_period),
    offsetof(lnx::perf_event_attr, sample_type), offsetof(lnx::perf_event_attr, read_format),
    offsetof(lnx::perf_event_attr, wakeup_events), offsetof(lnx::perf_event_attr, bp_type),
    offsetof(lnx::perf_event_attr, config1), offsetof(lnx::perf_event_attr, config2),
    offsetof(lnx::perf_event_attr, branch_sample_type), offsetof(lnx::perf_event_attr, sample_regs_user),
    offsetof(lnx::perf_event_attr, sample_stack_user), offsetof(lnx::perf_event_attr, clockid),
    offsetof(lnx::perf_event_attr, sample_regs_intr), offsetof(lnx::perf_event_attr, aux_watermark),
    offsetof(lnx::perf_event_attr, sample_max_stack), offsetof(lnx::perf_event_attr, aux_sample_size),
    offsetof(lnx::perf_event_attr, sig_data)};
}  // namespace

#include <asm/ldt.h>
#include <asm/msgbuf.h>
#include <asm/sembuf.h>
#include <asm/shmbuf.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/kexec.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/sysctl.h>
#include <linux/sysinfo.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <utime.h>

namespace {
constexpr trapeze::i64 host_constants[] = {
    IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC, IOCB_CMD_POLL, IOCB_CMD_NOOP, IOCB_CMD_PREADV,
    IOCB_CMD_PWRITEV, IOCB_FLAG_RESFD, IOCB_FLAG_IOPRIO, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS,
    RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED, SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID, _LINUX_CAPABILITY_VERSION_3,
    LANDLOCK_RULE_PATH_BENEATH, PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_TRACEPOINT, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW};

using SysInfo = struct sysinfo;
constexpr trapeze::usize host_offsets[] = {
    sizeof(struct timezone), offsetof(struct timezone, tz_dsttime), sizeof(struct tms), offsetof(struct tms, tms_cstime),
    sizeof(struct timex), offsetof(struct timex, offset), offsetof(struct timex, status), offsetof(struct timex, constant),
    offsetof(struct timex, time), offsetof(struct timex, tick), offsetof(struct timex, ppsfreq), offsetof(struct timex, jitter),
    offsetof(struct timex, shift), offsetof(struct timex, stabil), offsetof(struct timex, stbcnt), offsetof(struct timex, tai),
    sizeof(::fd_set), sizeof(struct sigevent), offsetof(struct sigevent, sigev_signo), offsetof(struct sigevent, sigev_notify),
    sizeof(SysInfo), offsetof(SysInfo, loads), offsetof(SysInfo, totalram), offsetof(SysInfo, freeswap),
    offsetof(SysInfo, procs), offsetof(SysInfo, totalhigh), offsetof(SysInfo, mem_unit), sizeof(struct user_desc),
    offsetof(struct user_desc, base_addr), offsetof(struct user_desc, limit), sizeof(struct kexec_segment),
    offsetof(struct kexec_segment, bufsz), offsetof(struct kexec_segment, mem), offsetof(struct kexec_segment, memsz),
    sizeof(struct __sysctl_args), offsetof(struct __sysctl_args, nlen), offsetof(struct __sysctl_args, oldval),
    offsetof(struct __sysctl_args, oldlenp), offsetof(struct __sysctl_args, newval), offsetof(struct __sysctl_args, newlen),
    sizeof(struct open_how), offsetof(struct open_how, mode), offsetof(struct open_how, resolve), sizeof(struct utimbuf),
    offsetof(struct utimbuf, modtime), sizeof(struct mount_attr), offsetof(struct mount_attr, attr_clr),
    offsetof(struct mount_attr, propagation), offsetof(struct mount_attr, userns_fd), sizeof(struct ipc64_perm),
    offsetof(struct ipc64_perm, uid), offsetof(struct ipc64_perm, gid), offsetof(struct ipc64_perm, cuid),
    offsetof(struct ipc64_perm, cgid), offsetof(struct ipc64_perm, mode), offsetof(struct ipc64_perm, seq),
    sizeof(struct msqid64_ds), offsetof(struct msqid64_ds, msg_stime), offsetof(struct msqid64_ds, msg_rtime),
    offsetof(struct msqid64_ds, msg_ctime), offsetof(struct msqid64_ds, msg_cbytes), offsetof(struct msqid64_ds, msg_qnum),
    offsetof(struct msqid64_ds, msg_qbytes), offsetof(struct msqid64_ds, msg_lspid), offsetof(struct msqid64_ds, msg_lrpid),
    sizeof(struct sembuf), offsetof(struct sembuf, sem_op), offsetof(struct sembuf, sem_flg), sizeof(struct semid64_ds),
    offsetof(struct semid64_ds, sem_otime), offsetof(struct semid64_ds, sem_ctime), offsetof(struct semid64_ds, sem_nsems),
    sizeof(struct shmid64_ds), offsetof(struct shmid64_ds, shm_segsz), offsetof(struct shmid64_ds, shm_atime),
    offsetof(struct shmid64_ds, shm_dtime), offsetof(struct shmid64_ds, shm_ctime), offsetof(struct shmid64_ds, shm_cpid),
    offsetof(struct shmid64_ds, shm_lpid), offsetof(struct shmid64_ds, shm_nattch), sizeof(struct mq_attr),
    offsetof(struct mq_attr, mq_maxmsg), offsetof(struct mq_attr, mq_msgsize), offsetof(struct mq_attr, mq_curmsgs),
    sizeof(struct sched_param), sizeof(struct sched_attr), offsetof(struct sched_attr, sched_policy),
    offsetof(struct sched_attr, sched_flags), offsetof(struct sched_attr, sched_nice),
    offsetof(struct sched_attr, sched_priority), offsetof(struct sched_attr, sched_runtime),
    offsetof(struct sched_attr, sched_deadline), offsetof(struct sched_attr, sched_period),
    offsetof(struct sched_attr, sched_util_min), offsetof(struct sched_attr, sched_util_max), sizeof(struct clone_args),
    offsetof(struct clone_args, pidfd), offsetof(struct clone_args, child_tid), offsetof(struct clone_args, parent_tid),
    offsetof(struct clone_args, exit_signal), offsetof(struct clone_args, stack), offsetof(struct clone_args, stack_size),
    offsetof(struct clone_args, tls), offsetof(struct clone_args, set_tid), offsetof(struct clone_args, set_tid_size),
    offsetof(struct clone_args, cgroup), sizeof(struct robust_list_head), offsetof(struct robust_list_head, futex_offset),
    offsetof(struct robust_list_head, list_op_pending), sizeof(struct futex_waitv), offsetof(struct futex_waitv, uaddr),
    offsetof(struct futex_waitv, flags), sizeof(struct rseq), offsetof(struct rseq, cpu_id), offsetof(struct rseq, rseq_cs),
    offsetof(struct rseq, flags), sizeof(struct iocb), offsetof(struct iocb, aio_rw_flags),
    offsetof(struct iocb, aio_lio_opcode), offsetof(struct iocb, aio_reqprio), offsetof(struct iocb, aio_fildes),
    offsetof(struct iocb, aio_buf), offsetof(struct iocb, aio_nbytes), offsetof(struct iocb, aio_offset),
    offsetof(struct iocb, aio_flags), offsetof(struct iocb, aio_resfd), sizeof(struct io_event), offsetof(struct io_event, obj),
    offsetof(struct io_event, res), offsetof(struct io_event, res2), sizeof(struct io_sqring_offsets),
    offsetof(struct io_sqring_offsets, tail), offsetof(struct io_sqring_offsets, ring_mask),
    offsetof(struct io_sqring_offsets, ring_entries), offsetof(struct io_sqring_offsets, flags),
    offsetof(struct io_sqring_offsets, dropped), offsetof(struct io_sqring_offsets, array), sizeof(struct io_cqring_offsets),
    offsetof(struct io_cqring_offsets, tail), offsetof(struct io_cqring_offsets, ring_mask),
    offsetof(struct io_cqring_offsets, ring_entries), offsetof(struct io_cqring_offsets, overflow),
    offsetof(struct io_cqring_offsets, cqes), offsetof(struct io_cqring_offsets, flags), sizeof(struct io_uring_params),
    offsetof(struct io_uring_params, cq_entries), offsetof(struct io_uring_params, flags),
    offsetof(struct io_uring_params, sq_thread_cpu), offsetof(struct io_uring_params, sq_thread_idle),
    offsetof(struct io_uring_params, features), offsetof(struct io_uring_params, wq_fd),
    offsetof(struct io_uring_params, sq_off), offsetof(struct io_uring_params, cq_off), sizeof(struct __user_cap_header_struct),
    offsetof(struct __user_cap_header_struct, pid), sizeof(struct __user_cap_data_struct),
    offsetof(struct __user_cap_data_struct, permitted), offsetof(struct __user_cap_data_struct, inheritable),
    sizeof(struct landlock_path_beneath_attr), offsetof(struct landlock_path_beneath_attr, parent_fd),
    offsetof(struct landlock_ruleset_attr, handled_access_fs), offsetof(struct file_handle, handle_type),
    offsetof(struct file_handle, f_handle), offsetof(struct perf_event_attr, size), offsetof(struct perf_event_attr, config),
    offsetof(struct perf_event_attr, sample_period), offsetof(struct perf_event_attr, sample_type),
    offsetof(struct perf_event_attr, read_format), offsetof(struct perf_event_attr, wakeup_events),
    offsetof(struct perf_event_attr, bp_type), offsetof(struct perf_event_attr, config1),
    offsetof(struct perf_event_attr, config2), offsetof(struct perf_event_attr, branch_sample_type),
    offsetof(struct perf_event_attr, sample_regs_user), offsetof(struct perf_event_attr, sample_stack_user),
    offsetof(struct perf_event_attr, clockid), offsetof(struct perf_event_attr, sample_regs_intr),
    offsetof(struct perf_event_attr, aux_watermark), offsetof(struct perf_event_attr, sample_max_stack),
    offsetof(struct perf_event_attr, aux_sample_size), offsetof(struct perf_event_attr, sig_data)};

static_assert(same(our_constants, host_constants));
static_assert(same(our_offsets, host_offsets));
}  // namespace
