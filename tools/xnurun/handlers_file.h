// SPDX-License-Identifier: BSD-3-Clause
// The handlers of files, directories, memory and time: more rows of handlers.h's table.
#pragma once
#include "sys/darwin/errno.h"
#include "tools/xnurun/handlers.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

Answer bsd_link(Trap&), bsd_fchdir(Trap&), bsd_chown(Trap&), bsd_chflags(Trap&), bsd_fchflags(Trap&), bsd_sync(Trap&), bsd_symlink(Trap&);
Answer bsd_msync(Trap&), bsd_mincore(Trap&), bsd_fchown(Trap&), bsd_fchmod(Trap&), bsd_flock(Trap&), bsd_mkfifo(Trap&), bsd_utimes(Trap&);
Answer bsd_futimes(Trap&), bsd_pathconf(Trap&), bsd_fpathconf(Trap&), bsd_mlock(Trap&), bsd_munlock(Trap&), bsd_getattrlist(Trap&);
Answer bsd_setattrlist(Trap&), bsd_fgetattrlist(Trap&), bsd_fsetattrlist(Trap&), bsd_getxattr(Trap&), bsd_fgetxattr(Trap&);
Answer bsd_setxattr(Trap&), bsd_fsetxattr(Trap&), bsd_removexattr(Trap&), bsd_fremovexattr(Trap&), bsd_listxattr(Trap&);
Answer bsd_flistxattr(Trap&), bsd_minherit(Trap&), bsd_mlockall(Trap&), bsd_statfs64(Trap&), bsd_fstatfs64(Trap&), bsd_getfsstat64(Trap&);
Answer bsd_lchown(Trap&), bsd_openat(Trap&), bsd_renameat(Trap&), bsd_faccessat(Trap&), bsd_fchmodat(Trap&), bsd_fchownat(Trap&);
Answer bsd_fstatat(Trap&), bsd_fstatat64(Trap&), bsd_linkat(Trap&), bsd_unlinkat(Trap&), bsd_readlinkat(Trap&), bsd_symlinkat(Trap&);
Answer bsd_mkdirat(Trap&), bsd_getattrlistat(Trap&), bsd_thread_selfusage(Trap&), bsd_renameatx_np(Trap&), bsd_setattrlistat(Trap&);
Answer bsd_getattrlistbulk(Trap&), bsd_statfs(Trap&), bsd_fstatfs(Trap&), bsd_getfsstat(Trap&);
Answer bsd_shared_region_check_np(Trap&), bsd_shared_region_map_np(Trap&);
Answer bsd_mknod(Trap&), bsd_mknodat(Trap&), bsd_open_extended(Trap&), bsd_open_dprotected_np(Trap&),
bsd_openat_dprotected_np(Trap&), bsd_umask_extended(Trap&), bsd_mkfifo_extended(Trap&), bsd_mkdir_extended(Trap&),
bsd_chmod_extended(Trap&), bsd_fchmod_extended(Trap&), bsd_stat_extended(Trap&), bsd_lstat_extended(Trap&),
bsd_fstat_extended(Trap&), bsd_stat64_extended(Trap&), bsd_lstat64_extended(Trap&), bsd_fstat64_extended(Trap&),
bsd_access_extended(Trap&), bsd_clonefileat(Trap&), bsd_fclonefileat(Trap&), bsd_getdirentries(Trap&), bsd_freadlink(Trap&),
bsd_fsgetpath(Trap&), bsd_undelete(Trap&), bsd_exchangedata(Trap&), bsd_copyfile(Trap&), bsd_fsctl(Trap&), bsd_ffsctl(Trap&),
bsd_quotactl(Trap&), bsd_searchfs(Trap&), bsd_unmount(Trap&), bsd_mount(Trap&), bsd_chroot(Trap&), bsd_revoke(Trap&),
bsd_delete(Trap&), bsd_csops(Trap&), bsd_guarded_close_np(Trap&);
Answer bsd_preadv(Trap&), bsd_pwritev(Trap&), bsd_mkfifoat(Trap&), bsd_fdatasync(Trap&);

template <i32 E>
Answer refuse(Trap&) {
    return fail(E);
}
inline Answer accept(Trap&) { return ok(); }

constexpr HandlerRow bsd_file_handlers[] = {
    {14, bsd_mknod}, {56, bsd_revoke}, {61, bsd_chroot}, {159, bsd_unmount}, {165, bsd_quotactl}, {167, bsd_mount}, {169,
    bsd_csops}, {170, bsd_csops}, {196, bsd_getdirentries}, {205, bsd_undelete}, {216, bsd_open_dprotected_np}, {217,
    bsd_fsgetpath}, {218, bsd_openat_dprotected_np}, {223, bsd_exchangedata}, {225, bsd_searchfs}, {226, bsd_delete}, {227,
    bsd_copyfile}, {242, bsd_fsctl}, {245, bsd_ffsctl}, {277, bsd_open_extended}, {278, bsd_umask_extended}, {279,
    bsd_stat_extended}, {280, bsd_lstat_extended}, {281, bsd_fstat_extended}, {282, bsd_chmod_extended}, {283,
    bsd_fchmod_extended}, {284, bsd_access_extended}, {291, bsd_mkfifo_extended}, {292, bsd_mkdir_extended}, {341,
    bsd_stat64_extended}, {342, bsd_lstat64_extended}, {343, bsd_fstat64_extended}, {424, bsd_mount}, {427, bsd_fsgetpath},
    {442, bsd_guarded_close_np}, {462, bsd_clonefileat}, {517, bsd_fclonefileat}, {551, bsd_freadlink}, {554, bsd_mknodat},
    // nobody's but root's, and not on this host
    {51, refuse<xnu::EPERM>}, {55, refuse<xnu::EPERM>}, {155, refuse<xnu::EPERM>}, {161, refuse<xnu::EPERM>}, {177,
    refuse<xnu::EPERM>}, {248, refuse<xnu::EPERM>}, {350, refuse<xnu::EPERM>}, {351, refuse<xnu::EPERM>}, {354,
    refuse<xnu::EPERM>}, {357, refuse<xnu::EPERM>}, {358, refuse<xnu::EPERM>}, {359, refuse<xnu::EPERM>}, {426,
    refuse<xnu::EPERM>}, {432, refuse<xnu::EPERM>}, {440, refuse<xnu::EPERM>}, {454, refuse<xnu::EPERM>}, {455,
    refuse<xnu::EPERM>}, {483, refuse<xnu::EPERM>}, {522, refuse<xnu::EPERM>}, {523, refuse<xnu::EPERM>}, {526,
    refuse<xnu::EPERM>}, {537, refuse<xnu::EPERM>}, {549, refuse<xnu::EPERM>}, {555, refuse<xnu::EPERM>},
    // nothing of that kind is here
    {85, refuse<xnu::ENOTSUP>}, {247, refuse<xnu::ENOTSUP>}, {287, refuse<xnu::ENOTSUP>}, {288, refuse<xnu::ENOTSUP>}, {289,
    refuse<xnu::ENOTSUP>}, {290, refuse<xnu::ENOTSUP>}, {439, refuse<xnu::ENOTSUP>}, {518, refuse<xnu::ENOTSUP>},
    // descriptors have no guards and no ports; there is no shared region, no session, no name by number
    {178, refuse<xnu::EINVAL>}, {428, refuse<xnu::EINVAL>}, {429,
    refuse<xnu::EINVAL>}, {430, refuse<xnu::EINVAL>}, {431, refuse<xnu::EINVAL>}, {441,
    refuse<xnu::EINVAL>}, {443, refuse<xnu::EINVAL>}, {444, refuse<xnu::EINVAL>}, {460, refuse<xnu::EINVAL>}, {484,
    refuse<xnu::EINVAL>}, {485, refuse<xnu::EINVAL>},     // no such policy or label
    {382, refuse<xnu::ENOSYS>}, {383, refuse<xnu::ENOSYS>}, {384, refuse<xnu::ENOSYS>}, {385, refuse<xnu::ENOSYS>}, {386,
    refuse<xnu::ENOSYS>}, {387, refuse<xnu::ENOSYS>}, {388, refuse<xnu::ENOSYS>}, {389, refuse<xnu::ENOSYS>}, {390,
    refuse<xnu::ENOSYS>}, {425, refuse<xnu::ENOSYS>},
    // tracing is off
    {179, accept}, {180, accept}, {381, refuse<103>},

    {9, bsd_link}, {13, bsd_fchdir}, {16, bsd_chown}, {34, bsd_chflags}, {35, bsd_fchflags}, {36, bsd_sync}, {57, bsd_symlink},
    {65, bsd_msync}, {78, bsd_mincore}, {123, bsd_fchown}, {124, bsd_fchmod}, {131, bsd_flock}, {132, bsd_mkfifo},
    {138, bsd_utimes}, {139, bsd_futimes}, {187, bsd_fdatasync}, {191, bsd_pathconf}, {192, bsd_fpathconf}, {203, bsd_mlock}, {204, bsd_munlock},
    {220, bsd_getattrlist}, {221, bsd_setattrlist}, {228, bsd_fgetattrlist}, {229, bsd_fsetattrlist}, {234, bsd_getxattr},
    {235, bsd_fgetxattr}, {236, bsd_setxattr}, {237, bsd_fsetxattr}, {238, bsd_removexattr}, {239, bsd_fremovexattr},
    {240, bsd_listxattr}, {241, bsd_flistxattr}, {250, bsd_minherit}, {324, bsd_mlockall}, {325, bsd_mlockall},
    {345, bsd_statfs64}, {346, bsd_fstatfs64}, {347, bsd_getfsstat64}, {364, bsd_lchown}, {405, bsd_msync}, {463, bsd_openat},
    {464, bsd_openat}, {465, bsd_renameat}, {466, bsd_faccessat}, {467, bsd_fchmodat}, {468, bsd_fchownat}, {469, bsd_fstatat},
    {470, bsd_fstatat64}, {471, bsd_linkat}, {472, bsd_unlinkat}, {473, bsd_readlinkat}, {474, bsd_symlinkat},
    {475, bsd_mkdirat}, {476, bsd_getattrlistat}, {482, bsd_thread_selfusage}, {488, bsd_renameatx_np}, {524, bsd_setattrlistat},
    {18, bsd_getfsstat}, {157, bsd_statfs}, {158, bsd_fstatfs}, {461, bsd_getattrlistbulk},
    {294, bsd_shared_region_check_np}, {295, bsd_shared_region_map_np}, {438, bsd_shared_region_map_np}, {536, bsd_shared_region_map_np},
    {540, bsd_preadv}, {541, bsd_pwritev}, {542, bsd_preadv}, {543, bsd_pwritev}, {553, bsd_mkfifoat},
};

}  // namespace trapeze
#pragma GCC visibility pop
