// SPDX-License-Identifier: BSD-3-Clause
// POSIX shared memory and named semaphores: bsd/kern/posix_shm.c, posix_sem.c of xnu-11417.121.6. Both are files in the host's /dev/shm,
// named xnurun.shm.NAME and xnurun.sem.NAME with every slash as '!', since XNU's names are no paths; they are there for every process of
// the machine until they are unlinked, as XNU's are. A semaphore's file holds a magic number and its value, which is the futex word;
// it appears complete or not at all (O_TMPFILE, linkat). An operation maps the file for its duration: a descriptor may be anything by
// the next one. Not as on XNU: shared memory may be resized, read and written as a file.
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD, name_max = 31;
constexpr u64 magic = 0x6d6573756e72'7801;
constexpr u32 value_max = 32767;

struct Name {
    char path[64];
    i32 error;
    Name(const char* kind, u64 from) {
        constexpr char folder[] = "/dev/shm/xnurun.";
        memcpy(path, folder, sizeof folder);
        usize n = sizeof folder - 1;
        while (*kind) path[n++] = *kind++;
        error = copyin_string(path + n, from, name_max + 1);
        if (!error && !path[n]) error = xnu::EINVAL;
        for (char* p = path + n; !error && *p; p++)
            if (*p == '/') *p = '!';
    }
};

struct Word {
    u64 magic;
    u32 value;
};

class Mapped {
public:
    explicit Mapped(i32 fd) {
        lnx::stat s{};
        if (host_failed(host(lnx::SYS_fstat, fd, &s))) error = xnu::EBADF;
        else if ((s.st_mode & lnx::S_IFMT) != lnx::S_IFREG || s.st_size != 4096) error = xnu::EINVAL;
        if (error) return;
        const i64 r = host(lnx::SYS_mmap, 0, 4096, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_SHARED, fd, 0);
        if (host_failed(r)) error = xnu::EINVAL;
        else word_ = reinterpret_cast<Word*>(r);
        if (!error && word_->magic != magic) error = xnu::EINVAL;
    }
    ~Mapped() {
        if (word_) host(lnx::SYS_munmap, word_, 4096);
    }
    Mapped(const Mapped&) = delete;
    u32* value() const { return &word_->value; }
    i32 error = 0;

private:
    Word* word_ = nullptr;
};

bool take(u32* value) {
    u32 v = __atomic_load_n(value, __ATOMIC_RELAXED);
    while (v && !__atomic_compare_exchange_n(value, &v, v - 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {}
    return v != 0;
}

// The descriptor, made above what the emulator closes with it: close-on-exec, as XNU marks both kinds.
i64 open_named(const char* path, i32 flags, u32 mode) {
    return host(lnx::SYS_openat, here, path, flags | lnx::O_CLOEXEC | lnx::O_NOFOLLOW, mode);
}

i64 make_semaphore(const char* path, u32 mode, u32 value) {
    constexpr i32 tmpfile = 020000000 | lnx::O_DIRECTORY;
    const i64 fd = host(lnx::SYS_openat, here, "/dev/shm", tmpfile | lnx::O_RDWR | lnx::O_CLOEXEC, mode & 07777);
    if (host_failed(fd)) return fd;
    const Word word{magic, value};
    i64 r = host(lnx::SYS_ftruncate, fd, 4096);
    if (!host_failed(r)) r = host(lnx::SYS_pwrite64, fd, &word, sizeof word, 0);
    char link[32];
    descriptor_link(static_cast<i32>(fd), link);
    if (!host_failed(r)) r = host(lnx::SYS_linkat, here, link, here, path, lnx::AT_SYMLINK_FOLLOW);
    if (!host_failed(r)) return fd;
    host(lnx::SYS_close, fd);
    return r;
}

Answer wait(i32 fd) {
    const Mapped m(fd);
    if (m.error) return fail(m.error);
    while (!take(m.value())) {
        constexpr i32 futex_wait_shared = 0;
        const i64 r = host_blocking(lnx::SYS_futex, m.value(), futex_wait_shared, 0, 0);
        if (r == -lnx::EINTR) return fail(xnu::EINTR);
    }
    return ok();
}

}  // namespace

Answer bsd_shm_open(Trap& trap) {
    const Name name("shm.", trap.w(0));
    if (name.error) return fail(name.error);
    const i32 flags = trap.i(1);
    if ((flags & xnu::O_ACCMODE) == xnu::O_WRONLY || (flags & xnu::O_ACCMODE) == xnu::O_ACCMODE) return fail(xnu::EINVAL);
    i32 h = (flags & xnu::O_ACCMODE) | (flags & xnu::O_CREAT ? lnx::O_CREAT : 0) | (flags & xnu::O_EXCL ? lnx::O_EXCL : 0);
    const i64 fd = open_named(name.path, h, trap.u(2) & 07777);
    lnx::stat s{};
    if (!host_failed(fd) && flags & xnu::O_TRUNC && !host_failed(host(lnx::SYS_fstat, fd, &s)) && s.st_size) {
        host(lnx::SYS_close, fd);
        return fail(xnu::EINVAL);  // only while it has no size yet
    }
    return from_host(fd);
}
Answer bsd_shm_unlink(Trap& trap) {
    const Name name("shm.", trap.w(0));
    return name.error ? fail(name.error) : from_host(host(lnx::SYS_unlinkat, here, name.path, 0));
}

Answer bsd_sem_open(Trap& trap) {
    const Name name("sem.", trap.w(0));
    if (name.error) return fail(name.error);
    const i32 flags = trap.i(1);
    const bool creates = flags & xnu::O_CREAT, exclusive = creates && flags & xnu::O_EXCL;
    if (creates && trap.u(3) > value_max) return fail(xnu::EINVAL);
    for (;;) {
        i64 fd = exclusive ? -lnx::ENOENT : open_named(name.path, lnx::O_RDWR, 0);
        if (fd == -lnx::ENOENT && creates) {
            fd = make_semaphore(name.path, trap.u(2), trap.u(3));
            if (fd == -lnx::EEXIST && !exclusive) continue;
        }
        return from_host(fd);
    }
}
Answer bsd_sem_close(Trap& trap) {
    const Mapped m(trap.i(0));
    return m.error ? fail(xnu::EBADF) : bsd_close(trap);
}
Answer bsd_sem_unlink(Trap& trap) {
    const Name name("sem.", trap.w(0));
    return name.error ? fail(name.error) : from_host(host(lnx::SYS_unlinkat, here, name.path, 0));
}
Answer bsd_sem_wait(Trap& trap) { return wait(trap.i(0)); }
Answer bsd_sem_trywait(Trap& trap) {
    const Mapped m(trap.i(0));
    return m.error ? fail(m.error) : take(m.value()) ? ok() : fail(xnu::EAGAIN);
}
Answer bsd_sem_post(Trap& trap) {
    const Mapped m(trap.i(0));
    if (m.error) return fail(m.error);
    __atomic_fetch_add(m.value(), 1, __ATOMIC_RELEASE);
    constexpr i32 futex_wake_shared = 1;
    host(lnx::SYS_futex, m.value(), futex_wake_shared, 1);
    return ok();
}

}  // namespace trapeze
