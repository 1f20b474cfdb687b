// SPDX-License-Identifier: BSD-3-Clause
// The handlers of files, directories, memory and time: more rows of handlers.h's table.
#pragma once
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
Answer bsd_preadv(Trap&), bsd_pwritev(Trap&), bsd_mkfifoat(Trap&), bsd_fdatasync(Trap&);

constexpr HandlerRow bsd_file_handlers[] = {
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
