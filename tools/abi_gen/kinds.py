# SPDX-License-Identifier: BSD-3-Clause
"""The types that a table may use, and what each is in C++.

An argument is `name:type`. A type is one of

    a scalar of SCALARS below         fd:fd, count:size, flags:open_flags
    in T, out T, inout T              pointer to one T that the kernel reads, writes, or both
    in T[n], out T[n], inout T[n]     pointer to n of them; n is another argument or a number
    in[n], out[n], inout[n]           the same for n bytes
    out T[*n]                         n is an argument that points to the length

where T is a scalar or a struct that a `struct` line at the head of the table names.
A scalar says two things: the register's C++ type, and how a trace shows it. Narrow
arguments need no extension by the caller: both kernels look at the low 32 bits.
"""

# table name -> (C++ type, meaning)
SCALARS = {
    # plain numbers
    'i32': ('i32', 'signed, 32 bits'),
    'u32': ('u32', 'unsigned, 32 bits'),
    'x32': ('u32', 'unsigned, 32 bits, shown in hex: bits without a kind of their own'),
    'i64': ('i64', 'signed, 64 bits'),
    'u64': ('u64', 'unsigned, 64 bits'),
    'x64': ('u64', 'unsigned, 64 bits, shown in hex'),
    'u8': ('u8', 'a byte behind a pointer'),
    'u16': ('u16', '16 bits behind a pointer'),
    'i16': ('i16', '16 bits behind a pointer'),
    'size': ('usize', 'a count of bytes or elements'),
    'ssize': ('isize', 'a signed count'),
    'off': ('i64', 'file offset'),
    'boolean': ('i32', 'zero or not'),
    # names of things
    'fd': ('i32', 'file descriptor'),
    'dirfd': ('i32', 'file descriptor of a directory or AT_FDCWD'),
    'pid': ('i32', 'process, process group or thread number'),
    'uid': ('u32', 'user'),
    'gid': ('u32', 'group'),
    'dev': ('u32', 'device number'),
    'key': ('i32', 'System V IPC key'),
    'serial': ('i32', 'key of the Linux key service'),
    'timerid': ('i32', 'POSIX timer'),
    'port': ('u32', 'Mach port name'),
    'sig': ('i32', 'signal number'),
    'sigmask': ('u32', 'Darwin signal set, by value'),
    'clock': ('i32', 'clock number'),
    # addresses
    'ptr': ('void*', 'address of something that has no type here'),
    'addr': ('void*', 'address that is mapped, unmapped or compared, never followed'),
    'code': ('const void*', 'address of code'),
    'str': ('const char*', 'string that ends in NUL'),
    'strv': ('const char* const*', 'array of strings that ends in a null pointer'),
    # bits and selectors that traces spell out
    'open_flags': ('i32', 'O_*'),
    'at_flags': ('i32', 'AT_*'),
    'access': ('i32', 'R_OK, W_OK, X_OK'),
    'mode': ('u32', 'permission bits, octal'),
    'whence': ('i32', 'SEEK_*'),
    'fcntl_cmd': ('i32', 'F_*'),
    'ioctl_cmd': ('u64', 'ioctl request'),
    'flock_op': ('i32', 'LOCK_*'),
    'prot': ('i32', 'PROT_*'),
    'map_flags': ('i32', 'MAP_*'),
    'madv': ('i32', 'MADV_*'),
    'msync_flags': ('i32', 'MS_*'),
    'sig_how': ('i32', 'SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK'),
    'wait_flags': ('i32', 'WNOHANG ...'),
    'clone_flags': ('u64', 'CLONE_*'),
    'futex_op': ('i32', 'FUTEX_*'),
    'sock_domain': ('i32', 'AF_*'),
    'sock_type': ('i32', 'SOCK_*'),
    'sock_level': ('i32', 'SOL_*, IPPROTO_*'),
    'sock_opt': ('i32', 'SO_* and others, by level'),
    'shut_how': ('i32', 'SHUT_*'),
    'msg_flags': ('i32', 'MSG_*'),
    'epoll_op': ('i32', 'EPOLL_CTL_*'),
    'rlimit_id': ('i32', 'RLIMIT_*'),
    'mach_msg_options': ('u32', 'MACH_SEND_*, MACH_RCV_*'),
    'port_right': ('u32', 'MACH_PORT_RIGHT_*'),
    'port_disposition': ('u32', 'MACH_MSG_TYPE_*'),
    'vm_flags': ('i32', 'VM_FLAGS_*'),
    'ulock_op': ('u32', 'UL_* and ULF_*'),
    # the same of Darwin alone; sys/darwin/values.tbl has their names
    'mlockall_flags': ('i32', 'MCL_*'),
    'ip_protocol': ('i32', 'IPPROTO_*'),
    'prio_which': ('i32', 'PRIO_*'),
    'rusage_who': ('i32', 'RUSAGE_*'),
    'itimer': ('u32', 'ITIMER_*'),
    'ptrace_req': ('i32', 'PT_*'),
    'file_flags': ('u32', 'UF_*, SF_*'),
    'mount_flags': ('u32', 'MNT_*'),
    'fsstat_flags': ('i32', 'MNT_WAIT, MNT_NOWAIT, MNT_DWAIT'),
    'xattr_options': ('u32', 'XATTR_*'),
    'attr_options': ('u64', 'FSOPT_*'),
    'attr_options32': ('u32', 'FSOPT_*, as 32 bits'),
    'search_options': ('u32', 'SRCHFS_*'),
    'clonefile_flags': ('u32', 'CLONE_NOFOLLOW ...'),
    'rename_flags': ('u32', 'RENAME_*'),
    'kevent_flags': ('u32', 'KEVENT_FLAG_*'),
    'csops_op': ('u32', 'CS_OPS_*'),
    'proc_call': ('i32', 'PROC_INFO_CALL_*'),
    'pathconf_name': ('i32', '_PC_*'),
    'ipc_cmd': ('i32', 'IPC_*, GETVAL ...'),
    'ipc_flags': ('u32', 'IPC_* and permission bits'),
    'shm_flags': ('u32', 'SHM_*'),
    'reboot_flags': ('u32', 'RB_*'),
    'thread_start_flags': ('u32', 'PTHREAD_START_*; the low bits: policy and importance'),
    'workq_op': ('u32', 'WQOPS_*'),
    'bsdthread_cmd': ('u64', 'BSDTHREAD_CTL_*'),
    'guard_flags': ('u32', 'GUARD_*'),
    'iopol_cmd': ('i32', 'IOPOL_CMD_*'),
    'aio_mode': ('i32', 'LIO_*'),
    'snapshot_op': ('u32', 'SNAPSHOT_OP_*'),
    'memstat_cmd': ('u32', 'MEMORYSTATUS_CMD_*'),
    'idtype': ('i32', 'P_ALL, P_PID, P_PGID'),
    'switch_option': ('i32', 'SWITCH_OPTION_*'),
    'sync_policy': ('i32', 'SYNC_POLICY_*'),
    'sleep_type': ('i32', 'TIME_ABSOLUTE, TIME_RELATIVE'),
    'notify_id': ('i32', 'MACH_NOTIFY_*'),
    # of Mach's messages
    'name': ('u32', 'Mach port name as a number: no right goes over'),
    'inherit': ('i32', 'VM_INHERIT_*'),
    'vm_behavior': ('i32', 'VM_BEHAVIOR_*'),
    'purgable': ('i32', 'VM_PURGABLE_*'),
    'region_flavor': ('i32', 'VM_REGION_*'),
    'kern_return': ('i32', 'kern_return_t'),
    'state_flavor': ('i32', 'x86_THREAD_STATE64 ...'),
    'task_flavor': ('i32', 'TASK_*_INFO'),
    'thread_flavor': ('i32', 'THREAD_*_INFO'),
    'host_flavor': ('i32', 'HOST_*'),
    'port_flavor': ('i32', 'MACH_PORT_LIMITS_INFO ...'),
    'port_type': ('u32', 'MACH_PORT_TYPE_*'),
    'exception': ('i32', 'EXC_*'),
    'exception_mask': ('i32', 'EXC_MASK_*'),
    'exception_behavior': ('i32', 'EXCEPTION_*'),
}

SAME_VALUES = {'attr_options32': 'attr_options'}

# What a trap gives back: shown by traces; the C++ type follows from class and kind.
RESULTS = {
    'zero': 'nothing but success',
    'i32': 'signed number', 'u32': 'unsigned number',
    'i64': 'signed number, 64 bits', 'u64': 'unsigned number, 64 bits',
    'size': 'count of bytes', 'off': 'file offset', 'addr': 'address',
    'fd': 'file descriptor', 'pid': 'process or thread number', 'uid': 'user', 'gid': 'group',
    'mode': 'permission bits', 'serial': 'key', 'boolean': 'zero or not',
    'fds': 'two file descriptors, in rax and rdx', 'fork': 'pid in rax; rdx is 1 in the child',
    'noreturn': 'does not return', 'nothing': 'rax says nothing',
    'kr': 'kern_return_t', 'mr': 'mach_msg_return_t', 'port': 'Mach port name',
    'none': 'there is no such call',
}
PAIRS = ('fds', 'fork')             # two result registers: Result2

# Words that are names in the kernels' prototypes but keywords in C++.
KEYWORDS = {'class', 'new', 'delete', 'this', 'private', 'public', 'operator', 'template',
            'namespace', 'default', 'register', 'int', 'long', 'signed', 'unsigned'}


def cname(word):
    return word + '_' if word in KEYWORDS else word
