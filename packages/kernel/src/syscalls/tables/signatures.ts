// SPDX-License-Identifier: MIT
// Arguments of the kernel's functions behind system calls, made by tools/generate-syscall-tables.mjs
// from Linux 6.12.117: a table, hence its length.
// A line: name, colon, arguments in order. Before a pointer: < the kernel reads, > fills, = does both.

export const SIGNATURES = `\
32_personality:unsigned long personality
64_mremap:unsigned long addr,unsigned long old_len,unsigned long new_len,unsigned long flags,unsigned long new_addr
64_munmap:unsigned long addr,size_t len
accept:int fd,>struct sockaddr * upeer_sockaddr,=int * upeer_addrlen
accept4:int fd,>struct sockaddr * upeer_sockaddr,=int * upeer_addrlen,int flags
access:<const char * filename,int mode
acct:<const char * name
add_key:<const char * _type,<const char * _description,<const void * _payload,size_t plen,key_serial_t ringid
adjtimex:=struct __kernel_timex * txc_p
adjtimex_time32:=struct old_timex32 * utp
alarm:unsigned int seconds
alpha_pipe:
arc_gettls:
arc_settls:>void * user_tls_data_ptr
arc_usr_cmpxchg:>int * uaddr,int expected,int new
arch_prctl:int option,unsigned long arg2
arm_fadvise64_64:int fd,int advice,loff_t offset,loff_t len
atomic_barrier:
atomic_cmpxchg_32:unsigned long newval,int oldval,int d3,int d4,int d5,>unsigned long * mem
bind:int fd,<struct sockaddr * umyaddr,int addrlen
bpf:int cmd,=union bpf_attr * uattr,unsigned int size
brk:unsigned long brk
cachectl:>char * addr,int nbytes,int op
cacheflush:unsigned long addr,unsigned long bytes,unsigned int cache
cacheflush.2:unsigned long addr,int scope,int cache,unsigned long len
cacheflush.3:unsigned long addr,unsigned long len,int op
cacheflush.4:uint32_t start,uint32_t sz,uint32_t flags
cacheflush.5:>void * addr,unsigned long bytes,int cache
cacheflush.6:unsigned long addr,unsigned long len,unsigned int op
cachestat:unsigned int fd,<struct cachestat_range * cstat_range,>struct cachestat * cstat,unsigned int flags
capget:=cap_user_header_t header,>cap_user_data_t dataptr
capset:=cap_user_header_t header,const cap_user_data_t data
chdir:<const char * filename
chmod:<const char * filename,umode_t mode
chown:<const char * filename,uid_t user,gid_t group
chown16:<const char * filename,old_uid_t user,old_gid_t group
chroot:<const char * filename
clock_adjtime:const clockid_t which_clock,=struct __kernel_timex * utx
clock_adjtime32:clockid_t which_clock,=struct old_timex32 * utp
clock_getres:const clockid_t which_clock,>struct __kernel_timespec * tp
clock_getres_time32:clockid_t which_clock,>struct old_timespec32 * tp
clock_gettime:const clockid_t which_clock,>struct __kernel_timespec * tp
clock_gettime32:clockid_t which_clock,>struct old_timespec32 * tp
clock_nanosleep:const clockid_t which_clock,int flags,<const struct __kernel_timespec * rqtp,>struct __kernel_timespec * rmtp
clock_nanosleep_time32:clockid_t which_clock,int flags,<struct old_timespec32 * rqtp,>struct old_timespec32 * rmtp
clock_settime:const clockid_t which_clock,<const struct __kernel_timespec * tp
clock_settime32:const clockid_t which_clock,<struct old_timespec32 * tp
clone:unsigned long clone_flags,unsigned long newsp,<int * parent_tidptr,<int * child_tidptr,unsigned long tls
clone.2:unsigned long clone_flags,unsigned long newsp,<int * parent_tidptr,unsigned long tls,<int * child_tidptr
clone.3:unsigned long newsp,unsigned long clone_flags,<int * parent_tidptr,<int * child_tidptr,unsigned long tls
clone.4:unsigned long clone_flags,unsigned long newsp,int stack_size,<int * parent_tidptr,<int * child_tidptr,unsigned long tls
clone3:=struct clone_args * uargs,size_t size
close:unsigned int fd
close_range:unsigned int fd,unsigned int max_fd,unsigned int flags
connect:int fd,<struct sockaddr * uservaddr,int addrlen
copy_file_range:int fd_in,=loff_t * off_in,int fd_out,=loff_t * off_out,size_t len,unsigned int flags
creat:<const char * pathname,umode_t mode
debug_setcontext:>struct ucontext * ctx,int ndbg,>struct sig_dbg_op * dbg
delete_module:<const char * name_user,unsigned int flags
dup:unsigned int fildes
dup2:unsigned int oldfd,unsigned int newfd
dup3:unsigned int oldfd,unsigned int newfd,int flags
epoll_create:int size
epoll_create1:int flags
epoll_ctl:int epfd,int op,int fd,<struct epoll_event * event
epoll_pwait:int epfd,>struct epoll_event * events,int maxevents,int timeout,<const sigset_t * sigmask,size_t sigsetsize
epoll_pwait.2:int epfd,>struct epoll_event * events,int maxevents,int timeout,<const compat_sigset_t * sigmask,compat_size_t sigsetsize
epoll_pwait2:int epfd,>struct epoll_event * events,int maxevents,<const struct __kernel_timespec * timeout,<const sigset_t * sigmask,size_t sigsetsize
epoll_pwait2.2:int epfd,>struct epoll_event * events,int maxevents,<const struct __kernel_timespec * timeout,<const compat_sigset_t * sigmask,compat_size_t sigsetsize
epoll_wait:int epfd,>struct epoll_event * events,int maxevents,int timeout
eventfd:unsigned int count
eventfd2:unsigned int count,int flags
execve:<const char * filename,<const char *const * argv,<const char *const * envp
execve.2:<const char * filename,<const compat_uptr_t * argv,<const compat_uptr_t * envp
execveat:int fd,<const char * filename,<const char *const * argv,<const char *const * envp,int flags
execveat.2:int fd,<const char * filename,<const compat_uptr_t * argv,<const compat_uptr_t * envp,int flags
exit:int error_code
exit_group:int error_code
faccessat:int dfd,<const char * filename,int mode
faccessat2:int dfd,<const char * filename,int mode,int flags
fadvise64:int fd,loff_t offset,size_t len,int advice
fadvise64_64:int fd,loff_t offset,loff_t len,int advice
fadvise64_64_wrapper:int fd,u32 offset0,u32 offset1,u32 len0,u32 len1,int advice
fallocate:int fd,int mode,loff_t offset,loff_t len
fanotify_init:unsigned int flags,unsigned int event_f_flags
fanotify_mark:int fanotify_fd,unsigned int flags,__u64 mask,int dfd,<const char * pathname
fchdir:unsigned int fd
fchmod:unsigned int fd,umode_t mode
fchmodat:int dfd,<const char * filename,umode_t mode
fchmodat2:int dfd,<const char * filename,umode_t mode,unsigned int flags
fchown:unsigned int fd,uid_t user,gid_t group
fchown16:unsigned int fd,old_uid_t user,old_gid_t group
fchownat:int dfd,<const char * filename,uid_t user,gid_t group,int flag
fcntl:unsigned int fd,unsigned int cmd,unsigned long arg
fcntl.2:unsigned int fd,unsigned int cmd,compat_ulong_t arg
fcntl64:unsigned int fd,unsigned int cmd,unsigned long arg
fcntl64.2:unsigned int fd,unsigned int cmd,compat_ulong_t arg
fdatasync:unsigned int fd
fgetxattr:int fd,<const char * name,>void * value,size_t size
finit_module:int fd,<const char * uargs,int flags
flistxattr:int fd,>char * list,size_t size
flock:unsigned int fd,unsigned int cmd
fork:
fremovexattr:int fd,<const char * name
fsconfig:int fd,unsigned int cmd,<const char * _key,<const void * _value,int aux
fsetxattr:int fd,<const char * name,<const void * value,size_t size,int flags
fsmount:int fs_fd,unsigned int flags,unsigned int attr_flags
fsopen:<const char * _fs_name,unsigned int flags
fspick:int dfd,<const char * path,unsigned int flags
fstat:unsigned int fd,>struct __old_kernel_stat * statbuf
fstat64:unsigned long fd,>struct stat64 * statbuf
fstatat64:int dfd,<const char * filename,>struct stat64 * statbuf,int flag
fstatfs:unsigned int fd,>struct statfs * buf
fstatfs.2:unsigned int fd,>struct compat_statfs * buf
fstatfs64:unsigned int fd,size_t sz,>struct statfs64 * buf
fstatfs64.2:unsigned int fd,compat_size_t sz,>struct compat_statfs64 * buf
fsync:unsigned int fd
ftruncate:unsigned int fd,off_t length
ftruncate64:unsigned int fd,loff_t length
ftruncate64.2:unsigned int fd,unsigned long length
futex:=u32 * uaddr,int op,u32 val,<const struct __kernel_timespec * utime,=u32 * uaddr2,u32 val3
futex_requeue:<struct futex_waitv * waiters,unsigned int flags,int nr_wake,int nr_requeue
futex_time32:=u32 * uaddr,int op,u32 val,<const struct old_timespec32 * utime,=u32 * uaddr2,u32 val3
futex_wait:=void * uaddr,unsigned long val,unsigned long mask,unsigned int flags,<struct __kernel_timespec * timeout,clockid_t clockid
futex_waitv:<struct futex_waitv * waiters,unsigned int nr_futexes,unsigned int flags,<struct __kernel_timespec * timeout,clockid_t clockid
futex_wake:=void * uaddr,unsigned long mask,int nr,unsigned int flags
futimesat:int dfd,<const char * filename,<struct __kernel_old_timeval * utimes
futimesat_time32:unsigned int dfd,<const char * filename,<struct old_timeval32 * t
get_mempolicy:>int * policy,>unsigned long * nmask,unsigned long maxnode,unsigned long addr,unsigned long flags
get_robust_list:int pid,>struct robust_list_head ** head_ptr,>size_t * len_ptr
get_robust_list.2:int pid,>compat_uptr_t * head_ptr,>compat_size_t * len_ptr
get_thread_area:>struct user_desc * u_info
get_thread_area.2:
getcpu:>unsigned * cpup,>unsigned * nodep,=struct getcpu_cache * unused
getcwd:>char * buf,unsigned long size
getdents:unsigned int fd,>struct linux_dirent * dirent,unsigned int count
getdents.2:unsigned int fd,>struct compat_linux_dirent * dirent,unsigned int count
getdents64:unsigned int fd,>struct linux_dirent64 * dirent,unsigned int count
getdomainname:>char * name,int len
getdtablesize:
getegid:
getegid16:
geteuid:
geteuid16:
getgid:
getgid16:
getgroups:int gidsetsize,>gid_t * grouplist
getgroups16:int gidsetsize,>old_gid_t * grouplist
gethostname:>char * name,int len
getitimer:int which,>struct __kernel_old_itimerval * value
getitimer.2:int which,>struct old_itimerval32 * value
getpagesize:
getpeername:int fd,>struct sockaddr * usockaddr,=int * usockaddr_len
getpgid:pid_t pid
getpgrp:
getpid:
getppid:
getpriority:int which,int who
getrandom:>char * ubuf,size_t len,unsigned int flags
getresgid:>gid_t * rgidp,>gid_t * egidp,>gid_t * sgidp
getresgid16:>old_gid_t * rgidp,>old_gid_t * egidp,>old_gid_t * sgidp
getresuid:>uid_t * ruidp,>uid_t * euidp,>uid_t * suidp
getresuid16:>old_uid_t * ruidp,>old_uid_t * euidp,>old_uid_t * suidp
getrlimit:unsigned int resource,>struct rlimit * rlim
getrlimit.2:unsigned int resource,>struct compat_rlimit * rlim
getrusage:int who,>struct rusage * ru
getrusage.2:int who,>struct compat_rusage * ru
getsid:pid_t pid
getsockname:int fd,>struct sockaddr * usockaddr,=int * usockaddr_len
getsockopt:int fd,int level,int optname,>char * optval,=int * optlen
gettid:
gettimeofday:>struct __kernel_old_timeval * tv,>struct timezone * tz
gettimeofday.2:>struct old_timeval32 * tv,>struct timezone * tz
getuid:
getuid16:
getxattr:<const char * pathname,<const char * name,>void * value,size_t size
getxgid:
getxpid:
getxuid:
ia32_fadvise64:int fd,unsigned int offset_lo,unsigned int offset_hi,size_t len,int advice
ia32_fadvise64_64:int fd,__u32 offset_low,__u32 offset_high,__u32 len_low,__u32 len_high,int advice
ia32_fallocate:int fd,int mode,unsigned int offset_lo,unsigned int offset_hi,unsigned int len_lo,unsigned int len_hi
ia32_ftruncate64:unsigned int fd,unsigned long offset_low,unsigned long offset_high
ia32_pread64:unsigned int fd,>char * ubuf,u32 count,u32 poslo,u32 poshi
ia32_pwrite64:unsigned int fd,<const char * ubuf,u32 count,u32 poslo,u32 poshi
ia32_readahead:int fd,unsigned int off_lo,unsigned int off_hi,size_t count
ia32_sync_file_range:int fd,unsigned int off_low,unsigned int off_hi,unsigned int n_low,unsigned int n_hi,int flags
ia32_truncate64:<const char * filename,unsigned long offset_low,unsigned long offset_high
init_module:<void * umod,unsigned long len,<const char * uargs
inotify_add_watch:int fd,<const char * pathname,u32 mask
inotify_init:
inotify_init1:int flags
inotify_rm_watch:int fd,__s32 wd
io_cancel:aio_context_t ctx_id,<struct iocb * iocb,>struct io_event * result
io_destroy:aio_context_t ctx
io_getevents:aio_context_t ctx_id,long min_nr,long nr,>struct io_event * events,<struct __kernel_timespec * timeout
io_getevents_time32:__u32 ctx_id,__s32 min_nr,__s32 nr,>struct io_event * events,<struct old_timespec32 * timeout
io_pgetevents:aio_context_t ctx_id,long min_nr,long nr,>struct io_event * events,<struct __kernel_timespec * timeout,<const struct __aio_sigset * usig
io_pgetevents.2:compat_aio_context_t ctx_id,compat_long_t min_nr,compat_long_t nr,>struct io_event * events,<struct old_timespec32 * timeout,<const struct __compat_aio_sigset * usig
io_pgetevents_time32:aio_context_t ctx_id,long min_nr,long nr,>struct io_event * events,<struct old_timespec32 * timeout,<const struct __aio_sigset * usig
io_pgetevents_time64:compat_aio_context_t ctx_id,compat_long_t min_nr,compat_long_t nr,>struct io_event * events,<struct __kernel_timespec * timeout,<const struct __compat_aio_sigset * usig
io_setup:unsigned nr_events,=aio_context_t * ctxp
io_setup.2:unsigned nr_events,>u32 * ctx32p
io_submit:aio_context_t ctx_id,long nr,<struct iocb ** iocbpp
io_submit.2:compat_aio_context_t ctx_id,int nr,<compat_uptr_t * iocbpp
io_uring_enter:unsigned int fd,u32 to_submit,u32 min_complete,u32 flags,<const void * argp,size_t argsz
io_uring_register:unsigned int fd,unsigned int opcode,=void * arg,unsigned int nr_args
io_uring_setup:u32 entries,=struct io_uring_params * params
ioctl:unsigned int fd,unsigned int cmd,unsigned long arg
ioctl.2:unsigned int fd,unsigned int cmd,compat_ulong_t arg
ioperm:unsigned long from,unsigned long num,int turn_on
iopl:unsigned int level
ioprio_get:int which,int who
ioprio_set:int which,int who,int ioprio
ipc:unsigned int call,int first,unsigned long second,unsigned long third,=void * ptr,long fifth
kcmp:pid_t pid1,pid_t pid2,int type,unsigned long idx1,unsigned long idx2
kern_features:
kexec_file_load:int kernel_fd,int initrd_fd,unsigned long cmdline_len,<const char * cmdline_ptr,unsigned long flags
kexec_load:unsigned long entry,unsigned long nr_segments,<struct kexec_segment * segments,unsigned long flags
kexec_load.2:compat_ulong_t entry,compat_ulong_t nr_segments,<struct compat_kexec_segment * segments,compat_ulong_t flags
keyctl:int option,unsigned long arg2,unsigned long arg3,unsigned long arg4,unsigned long arg5
keyctl.2:u32 option,u32 arg2,u32 arg3,u32 arg4,u32 arg5
kill:pid_t pid,int sig
landlock_add_rule:const int ruleset_fd,const enum landlock_rule_type rule_type,<const void *const rule_attr,const __u32 flags
landlock_create_ruleset:<const struct landlock_ruleset_attr *const attr,const size_t size,const __u32 flags
landlock_restrict_self:const int ruleset_fd,const __u32 flags
lchown:<const char * filename,uid_t user,gid_t group
lchown16:<const char * filename,old_uid_t user,old_gid_t group
lgetxattr:<const char * pathname,<const char * name,>void * value,size_t size
link:<const char * oldname,<const char * newname
linkat:int olddfd,<const char * oldname,int newdfd,<const char * newname,int flags
listen:int fd,int backlog
listmount:<const struct mnt_id_req * req,>u64 * mnt_ids,size_t nr_mnt_ids,unsigned int flags
listxattr:<const char * pathname,>char * list,size_t size
llistxattr:<const char * pathname,>char * list,size_t size
llseek:unsigned int fd,unsigned long offset_high,unsigned long offset_low,>loff_t * result,unsigned int whence
lremovexattr:<const char * pathname,<const char * name
lseek:unsigned int fd,off_t offset,unsigned int whence
lsetxattr:<const char * pathname,<const char * name,<const void * value,size_t size,int flags
lsm_get_self_attr:unsigned int attr,>struct lsm_ctx * ctx,=u32 * size,u32 flags
lsm_list_modules:>u64 * ids,=u32 * size,u32 flags
lsm_set_self_attr:unsigned int attr,<struct lsm_ctx * ctx,u32 size,u32 flags
lstat:<const char * filename,>struct __old_kernel_stat * statbuf
lstat64:<const char * filename,>struct stat64 * statbuf
madvise:unsigned long start,size_t len_in,int behavior
map_shadow_stack:unsigned long addr,unsigned long size,unsigned int flags
mbind:unsigned long start,unsigned long len,unsigned long mode,<const unsigned long * nmask,unsigned long maxnode,unsigned int flags
membarrier:int cmd,unsigned int flags,int cpu_id
memfd_create:<const char * uname,unsigned int flags
memfd_secret:unsigned int flags
memory_ordering:unsigned long model
migrate_pages:pid_t pid,unsigned long maxnode,<const unsigned long * old_nodes,<const unsigned long * new_nodes
mincore:unsigned long start,size_t len,>unsigned char * vec
mips_mmap:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,off_t offset
mips_mmap2:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long pgoff
mkdir:<const char * pathname,umode_t mode
mkdirat:int dfd,<const char * pathname,umode_t mode
mknod:<const char * filename,umode_t mode,unsigned dev
mknodat:int dfd,<const char * filename,umode_t mode,unsigned int dev
mlock:unsigned long start,size_t len
mlock2:unsigned long start,size_t len,int flags
mlockall:int flags
mmap:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long off
mmap.2:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long offset
mmap.3:unsigned long addr,size_t len,unsigned long prot,unsigned long flags,unsigned long fd,off_t offset
mmap.4:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long pgoff
mmap2:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long pgoff
mmap2.2:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long offset
mmap2.3:unsigned long addr,size_t len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long pgoff
mmap_pgoff:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long pgoff
modify_ldt:int func,=void * ptr,unsigned long bytecount
mount:<char * dev_name,<char * dir_name,<char * type,unsigned long flags,<void * data
mount_setattr:int dfd,<const char * path,unsigned int flags,=struct mount_attr * uattr,size_t usize
move_mount:int from_dfd,<const char * from_pathname,int to_dfd,<const char * to_pathname,unsigned int flags
move_pages:pid_t pid,unsigned long nr_pages,<const void ** pages,<const int * nodes,>int * status,int flags
mprotect:unsigned long start,size_t len,unsigned long prot
mq_getsetattr:mqd_t mqdes,<const struct mq_attr * u_mqstat,>struct mq_attr * u_omqstat
mq_getsetattr.2:mqd_t mqdes,<const struct compat_mq_attr * u_mqstat,>struct compat_mq_attr * u_omqstat
mq_notify:mqd_t mqdes,<const struct sigevent * u_notification
mq_notify.2:mqd_t mqdes,<const struct compat_sigevent * u_notification
mq_open:<const char * u_name,int oflag,umode_t mode,<struct mq_attr * u_attr
mq_open.2:<const char * u_name,int oflag,compat_mode_t mode,<struct compat_mq_attr * u_attr
mq_timedreceive:mqd_t mqdes,>char * u_msg_ptr,size_t msg_len,>unsigned int * u_msg_prio,<const struct __kernel_timespec * u_abs_timeout
mq_timedreceive_time32:mqd_t mqdes,>char * u_msg_ptr,unsigned int msg_len,>unsigned int * u_msg_prio,<const struct old_timespec32 * u_abs_timeout
mq_timedsend:mqd_t mqdes,<const char * u_msg_ptr,size_t msg_len,unsigned int msg_prio,<const struct __kernel_timespec * u_abs_timeout
mq_timedsend_time32:mqd_t mqdes,<const char * u_msg_ptr,unsigned int msg_len,unsigned int msg_prio,<const struct old_timespec32 * u_abs_timeout
mq_unlink:<const char * u_name
mremap:unsigned long addr,unsigned long old_len,unsigned long new_len,unsigned long flags,unsigned long new_addr
mseal:unsigned long start,size_t len,unsigned long flags
msgctl:int msqid,int cmd,=struct msqid_ds * buf
msgget:key_t key,int msgflg
msgrcv:int msqid,>struct msgbuf * msgp,size_t msgsz,long msgtyp,int msgflg
msgrcv.2:int msqid,compat_uptr_t msgp,compat_ssize_t msgsz,compat_long_t msgtyp,int msgflg
msgsnd:int msqid,<struct msgbuf * msgp,size_t msgsz,int msgflg
msgsnd.2:int msqid,compat_uptr_t msgp,compat_ssize_t msgsz,int msgflg
msync:unsigned long start,size_t len,int flags
munlock:unsigned long start,size_t len
munlockall:
munmap:unsigned long addr,size_t len
name_to_handle_at:int dfd,<const char * name,=struct file_handle * handle,>void * mnt_id,int flag
nanosleep:<struct __kernel_timespec * rqtp,>struct __kernel_timespec * rmtp
nanosleep_time32:<struct old_timespec32 * rqtp,>struct old_timespec32 * rmtp
newfstat:unsigned int fd,>struct stat * statbuf
newfstatat:int dfd,<const char * filename,>struct stat * statbuf,int flag
newlstat:<const char * filename,>struct stat * statbuf
newstat:<const char * filename,>struct stat * statbuf
newuname:>struct new_utsname * name
nice:int increment
nis_syscall:
old_adjtimex:>struct timex32 * txc_p
old_getrlimit:unsigned int resource,>struct rlimit * rlim
old_mmap:<struct mmap_arg_struct * arg
old_msgctl:int msqid,int cmd,>struct msqid_ds * buf
old_msgctl.2:int msqid,int cmd,>void * uptr
old_readdir:unsigned int fd,>struct old_linux_dirent * dirent,unsigned int count
old_select:<struct sel_arg_struct * arg
old_semctl:int semid,int semnum,int cmd,unsigned long arg
old_semctl.2:int semid,int semnum,int cmd,int arg
old_shmctl:int shmid,int cmd,>struct shmid_ds * buf
old_shmctl.2:int shmid,int cmd,>void * uptr
oldumount:<char * name
olduname:>struct oldold_utsname * name
open:<const char * filename,int flags,umode_t mode
open_by_handle_at:int mountdirfd,<struct file_handle * handle,int flags
open_tree:int dfd,<const char * filename,unsigned flags
openat:int dfd,<const char * filename,int flags,umode_t mode
openat2:int dfd,<const char * filename,<struct open_how * how,size_t usize
or1k_atomic:unsigned long type,>unsigned long * v1,>unsigned long * v2
osf_brk:unsigned long brk
osf_fstat:int fd,>struct osf_stat * buf
osf_fstatfs:unsigned long fd,>struct osf_statfs * buffer,unsigned long bufsiz
osf_fstatfs64:unsigned long fd,>struct osf_statfs64 * buffer,unsigned long bufsiz
osf_getdirentries:unsigned int fd,>struct osf_dirent * dirent,unsigned int count,>long * basep
osf_getdomainname:>char * name,int namelen
osf_getpriority:int which,int who
osf_getrusage:int who,>struct rusage32 * ru
osf_getsysinfo:unsigned long op,>void * buffer,unsigned long nbytes,>int * start,>void * arg
osf_gettimeofday:>struct timeval32 * tv,>struct timezone * tz
osf_lstat:<char * name,>struct osf_stat * buf
osf_mmap:unsigned long addr,unsigned long len,unsigned long prot,unsigned long flags,unsigned long fd,unsigned long off
osf_mount:unsigned long typenr,<const char * path,int flag,>void * data
osf_proplist_syscall:enum pl_code code,>union pl_args * args
osf_select:int n,>fd_set * inp,>fd_set * outp,>fd_set * exp,>struct timeval32 * tvp
osf_set_program_attributes:unsigned long text_start,unsigned long text_len,unsigned long bss_start,unsigned long bss_len
osf_setsysinfo:unsigned long op,>void * buffer,unsigned long nbytes,>int * start,>void * arg
osf_settimeofday:>struct timeval32 * tv,>struct timezone * tz
osf_sigaction:int sig,<const struct osf_sigaction * act,>struct osf_sigaction * oact
osf_sigprocmask:int how,unsigned long newmask
osf_sigstack:>struct sigstack * uss,>struct sigstack * uoss
osf_stat:<char * name,>struct osf_stat * buf
osf_statfs:<const char * pathname,>struct osf_statfs * buffer,unsigned long bufsiz
osf_statfs64:<char * pathname,>struct osf_statfs64 * buffer,unsigned long bufsiz
osf_sysinfo:int command,>char * buf,long count
osf_usleep_thread:>struct timeval32 * sleep,>struct timeval32 * remain
osf_utimes:<const char * filename,>struct timeval32 * tvs
osf_utsname:>char * name
osf_wait4:pid_t pid,>int * ustatus,int options,>struct rusage32 * ur
pause:
pciconfig_iobase:long which,unsigned long bus,unsigned long devfn
pciconfig_iobase.2:long which,unsigned long bus,unsigned long dfn
pciconfig_read:unsigned long bus,unsigned long dfn,unsigned long off,unsigned long len,>void * buf
pciconfig_write:unsigned long bus,unsigned long dfn,unsigned long off,unsigned long len,>void * buf
perf_event_open:<struct perf_event_attr * attr_uptr,pid_t pid,int cpu,int group_fd,unsigned long flags
personality:unsigned int personality
pidfd_getfd:int pidfd,int fd,unsigned int flags
pidfd_open:pid_t pid,unsigned int flags
pidfd_send_signal:int pidfd,int sig,<siginfo_t * info,unsigned int flags
pipe:>int * fildes
pipe2:>int * fildes,int flags
pivot_root:<const char * new_root,<const char * put_old
pkey_alloc:unsigned long flags,unsigned long init_val
pkey_free:int pkey
pkey_mprotect:unsigned long start,size_t len,unsigned long prot,int pkey
poll:=struct pollfd * ufds,unsigned int nfds,int timeout_msecs
ppc32_fadvise64:int fd,u32 unused,u32 offset1,u32 offset2,size_t len,int advice
ppc64_personality:unsigned long personality
ppc_fadvise64_64:int fd,int advice,u32 offset_high,u32 offset_low,u32 len_high,u32 len_low
ppc_fallocate:int fd,int mode,u32 offset1,u32 offset2,u32 len1,u32 len2
ppc_ftruncate64:unsigned int fd,u32 reg4,unsigned long len1,unsigned long len2
ppc_pread64:unsigned int fd,>char * ubuf,compat_size_t count,u32 reg6,u32 pos1,u32 pos2
ppc_pwrite64:unsigned int fd,<const char * ubuf,compat_size_t count,u32 reg6,u32 pos1,u32 pos2
ppc_readahead:int fd,u32 r4,u32 offset1,u32 offset2,u32 count
ppc_sync_file_range2:int fd,unsigned int flags,unsigned int offset1,unsigned int offset2,unsigned int nbytes1,unsigned int nbytes2
ppc_truncate64:<const char * path,u32 reg4,unsigned long len1,unsigned long len2
ppoll:=struct pollfd * ufds,unsigned int nfds,=struct __kernel_timespec * tsp,<const sigset_t * sigmask,size_t sigsetsize
ppoll_time32:=struct pollfd * ufds,unsigned int nfds,=struct old_timespec32 * tsp,<const sigset_t * sigmask,size_t sigsetsize
ppoll_time32.2:=struct pollfd * ufds,unsigned int nfds,=struct old_timespec32 * tsp,<const compat_sigset_t * sigmask,compat_size_t sigsetsize
ppoll_time64:=struct pollfd * ufds,unsigned int nfds,=struct __kernel_timespec * tsp,<const compat_sigset_t * sigmask,compat_size_t sigsetsize
prctl:int option,unsigned long arg2,unsigned long arg3,unsigned long arg4,unsigned long arg5
pread64:unsigned int fd,>char * buf,size_t count,loff_t pos
preadv:unsigned long fd,<const struct iovec * vec,unsigned long vlen,unsigned long pos_l,unsigned long pos_h
preadv.2:compat_ulong_t fd,<const struct iovec * vec,compat_ulong_t vlen,u32 pos_low,u32 pos_high
preadv2:unsigned long fd,<const struct iovec * vec,unsigned long vlen,unsigned long pos_l,unsigned long pos_h,rwf_t flags
preadv2.2:compat_ulong_t fd,<const struct iovec * vec,compat_ulong_t vlen,u32 pos_low,u32 pos_high,rwf_t flags
preadv64:unsigned long fd,<const struct iovec * vec,unsigned long vlen,loff_t pos
preadv64v2:unsigned long fd,<const struct iovec * vec,unsigned long vlen,loff_t pos,rwf_t flags
prlimit64:pid_t pid,unsigned int resource,<const struct rlimit64 * new_rlim,>struct rlimit64 * old_rlim
process_madvise:int pidfd,<const struct iovec * vec,size_t vlen,int behavior,unsigned int flags
process_mrelease:int pidfd,unsigned int flags
process_vm_readv:pid_t pid,<const struct iovec * lvec,unsigned long liovcnt,<const struct iovec * rvec,unsigned long riovcnt,unsigned long flags
process_vm_writev:pid_t pid,<const struct iovec * lvec,unsigned long liovcnt,<const struct iovec * rvec,unsigned long riovcnt,unsigned long flags
pselect6:int n,=fd_set * inp,=fd_set * outp,=fd_set * exp,=struct __kernel_timespec * tsp,<void * sig
pselect6_time32:int n,=fd_set * inp,=fd_set * outp,=fd_set * exp,=struct old_timespec32 * tsp,<void * sig
pselect6_time32.2:int n,=compat_ulong_t * inp,=compat_ulong_t * outp,=compat_ulong_t * exp,=struct old_timespec32 * tsp,<void * sig
pselect6_time64:int n,=compat_ulong_t * inp,=compat_ulong_t * outp,=compat_ulong_t * exp,=struct __kernel_timespec * tsp,<void * sig
ptrace:long request,long pid,unsigned long addr,unsigned long data
ptrace.2:compat_long_t request,compat_long_t pid,compat_long_t addr,compat_long_t data
pwrite64:unsigned int fd,<const char * buf,size_t count,loff_t pos
pwritev:unsigned long fd,<const struct iovec * vec,unsigned long vlen,unsigned long pos_l,unsigned long pos_h
pwritev.2:compat_ulong_t fd,<const struct iovec * vec,compat_ulong_t vlen,u32 pos_low,u32 pos_high
pwritev2:unsigned long fd,<const struct iovec * vec,unsigned long vlen,unsigned long pos_l,unsigned long pos_h,rwf_t flags
pwritev2.2:compat_ulong_t fd,<const struct iovec * vec,compat_ulong_t vlen,u32 pos_low,u32 pos_high,rwf_t flags
pwritev64:unsigned long fd,<const struct iovec * vec,unsigned long vlen,loff_t pos
pwritev64v2:unsigned long fd,<const struct iovec * vec,unsigned long vlen,loff_t pos,rwf_t flags
quotactl:unsigned int cmd,<const char * special,qid_t id,=void * addr
quotactl_fd:unsigned int fd,unsigned int cmd,qid_t id,=void * addr
read:unsigned int fd,>char * buf,size_t count
readahead:int fd,loff_t offset,size_t count
readlink:<const char * path,>char * buf,int bufsiz
readlinkat:int dfd,<const char * pathname,>char * buf,int bufsiz
readv:unsigned long fd,<const struct iovec * vec,unsigned long vlen
reboot:int magic1,int magic2,unsigned int cmd,<void * arg
recv:int fd,>void * ubuf,size_t size,unsigned int flags
recvfrom:int fd,>void * ubuf,size_t size,unsigned int flags,>struct sockaddr * addr,=int * addr_len
recvfrom.2:int fd,>void * buf,compat_size_t len,unsigned int flags,>struct sockaddr * addr,>int * addrlen
recvmmsg:int fd,=struct mmsghdr * mmsg,unsigned int vlen,unsigned int flags,=struct __kernel_timespec * timeout
recvmmsg_time32:int fd,=struct mmsghdr * mmsg,unsigned int vlen,unsigned int flags,=struct old_timespec32 * timeout
recvmmsg_time32.2:int fd,=struct compat_mmsghdr * mmsg,unsigned int vlen,unsigned int flags,=struct old_timespec32 * timeout
recvmmsg_time64:int fd,=struct compat_mmsghdr * mmsg,unsigned int vlen,unsigned int flags,=struct __kernel_timespec * timeout
recvmsg:int fd,=struct user_msghdr * msg,unsigned int flags
recvmsg.2:int fd,=struct compat_msghdr * msg,unsigned int flags
remap_file_pages:unsigned long start,unsigned long size,unsigned long prot,unsigned long pgoff,unsigned long flags
removexattr:<const char * pathname,<const char * name
rename:<const char * oldname,<const char * newname
renameat:int olddfd,<const char * oldname,int newdfd,<const char * newname
renameat2:int olddfd,<const char * oldname,int newdfd,<const char * newname,unsigned int flags
request_key:<const char * _type,<const char * _description,<const char * _callout_info,key_serial_t destringid
restart_syscall:
riscv_flush_icache:uintptr_t start,uintptr_t end,uintptr_t flags
riscv_hwprobe:>struct riscv_hwprobe * pairs,size_t pair_count,size_t cpusetsize,>unsigned long * cpus,unsigned int flags
rmdir:<const char * pathname
rseq:<struct rseq * rseq,u32 rseq_len,int flags,u32 sig
rt_sigaction:int sig,<const struct sigaction * act,>struct sigaction * oact,size_t sigsetsize
rt_sigaction.2:int sig,<const struct compat_sigaction * act,>struct compat_sigaction * oact,compat_size_t sigsetsize
rt_sigaction.3:int sig,<const struct sigaction * act,>struct sigaction * oact,>void * restorer,size_t sigsetsize
rt_sigaction.4:int sig,<const struct sigaction * act,>struct sigaction * oact,size_t sigsetsize,>void * restorer
rt_sigpending:>sigset_t * uset,size_t sigsetsize
rt_sigpending.2:>compat_sigset_t * uset,compat_size_t sigsetsize
rt_sigprocmask:int how,<sigset_t * nset,>sigset_t * oset,size_t sigsetsize
rt_sigprocmask.2:int how,<compat_sigset_t * nset,>compat_sigset_t * oset,compat_size_t sigsetsize
rt_sigqueueinfo:pid_t pid,int sig,<siginfo_t * uinfo
rt_sigqueueinfo.2:compat_pid_t pid,int sig,<struct compat_siginfo * uinfo
rt_sigreturn:
rt_sigsuspend:<sigset_t * unewset,size_t sigsetsize
rt_sigsuspend.2:<compat_sigset_t * unewset,compat_size_t sigsetsize
rt_sigtimedwait:<const sigset_t * uthese,>siginfo_t * uinfo,<const struct __kernel_timespec * uts,size_t sigsetsize
rt_sigtimedwait_time32:<const sigset_t * uthese,>siginfo_t * uinfo,<const struct old_timespec32 * uts,size_t sigsetsize
rt_sigtimedwait_time32.2:<compat_sigset_t * uthese,>struct compat_siginfo * uinfo,<struct old_timespec32 * uts,compat_size_t sigsetsize
rt_sigtimedwait_time64:<compat_sigset_t * uthese,>struct compat_siginfo * uinfo,<struct __kernel_timespec * uts,compat_size_t sigsetsize
rt_tgsigqueueinfo:pid_t tgid,pid_t pid,int sig,<siginfo_t * uinfo
rt_tgsigqueueinfo.2:compat_pid_t tgid,compat_pid_t pid,int sig,<struct compat_siginfo * uinfo
rtas:>struct rtas_args * uargs
s390_guarded_storage:int command,>struct gs_cb * gs_cb
s390_ipc:uint call,int first,unsigned long second,unsigned long third,>void * ptr
s390_pci_mmio_read:unsigned long arg0,>void * arg1,size_t arg2
s390_pci_mmio_write:unsigned long arg0,<const void * arg1,size_t arg2
s390_personality:unsigned int personality
s390_runtime_instr:int command,int signum
s390_sthyi:unsigned long function_code,>void * buffer,>u64 * return_code,unsigned long flags
sched_get_priority_max:int policy
sched_get_priority_min:int policy
sched_getaffinity:pid_t pid,unsigned int len,>unsigned long * user_mask_ptr
sched_getaffinity.2:compat_pid_t pid,unsigned int len,>compat_ulong_t * user_mask_ptr
sched_getattr:pid_t pid,>struct sched_attr * uattr,unsigned int usize,unsigned int flags
sched_getparam:pid_t pid,>struct sched_param * param
sched_getscheduler:pid_t pid
sched_rr_get_interval:pid_t pid,>struct __kernel_timespec * interval
sched_rr_get_interval_time32:pid_t pid,>struct old_timespec32 * interval
sched_setaffinity:pid_t pid,unsigned int len,<unsigned long * user_mask_ptr
sched_setaffinity.2:compat_pid_t pid,unsigned int len,<compat_ulong_t * user_mask_ptr
sched_setattr:pid_t pid,<struct sched_attr * uattr,unsigned int flags
sched_setparam:pid_t pid,<struct sched_param * param
sched_setscheduler:pid_t pid,int policy,<struct sched_param * param
sched_yield:
seccomp:unsigned int op,unsigned int flags,>void * uargs
select:int n,=fd_set * inp,=fd_set * outp,=fd_set * exp,=struct __kernel_old_timeval * tvp
select.2:int n,=compat_ulong_t * inp,=compat_ulong_t * outp,=compat_ulong_t * exp,=struct old_timeval32 * tvp
semctl:int semid,int semnum,int cmd,unsigned long arg
semget:key_t key,int nsems,int semflg
semop:int semid,<struct sembuf * tsops,unsigned nsops
semtimedop:int semid,<struct sembuf * tsops,unsigned int nsops,<const struct __kernel_timespec * timeout
semtimedop_time32:int semid,>struct sembuf * tsems,unsigned int nsops,<const struct old_timespec32 * timeout
send:int fd,<void * buff,size_t len,unsigned int flags
sendfile:int out_fd,int in_fd,=off_t * offset,size_t count
sendfile.2:int out_fd,int in_fd,=compat_off_t * offset,compat_size_t count
sendfile64:int out_fd,int in_fd,=loff_t * offset,size_t count
sendmmsg:int fd,=struct mmsghdr * mmsg,unsigned int vlen,unsigned int flags
sendmmsg.2:int fd,=struct compat_mmsghdr * mmsg,unsigned int vlen,unsigned int flags
sendmsg:int fd,<struct user_msghdr * msg,unsigned int flags
sendmsg.2:int fd,<struct compat_msghdr * msg,unsigned int flags
sendto:int fd,<void * buff,size_t len,unsigned int flags,<struct sockaddr * addr,int addr_len
set_mempolicy:int mode,<const unsigned long * nmask,unsigned long maxnode
set_mempolicy_home_node:unsigned long start,unsigned long len,unsigned long home_node,unsigned long flags
set_robust_list:<struct robust_list_head * head,size_t len
set_robust_list.2:<struct compat_robust_list_head * head,compat_size_t len
set_thread_area:=struct user_desc * u_info
set_thread_area.2:unsigned long addr
set_thread_area.3:unsigned long tp
set_tid_address:<int * tidptr
setdomainname:<char * name,int len
setfsgid:gid_t gid
setfsgid16:old_gid_t gid
setfsuid:uid_t uid
setfsuid16:old_uid_t uid
setgid:gid_t gid
setgid16:old_gid_t gid
setgroups:int gidsetsize,<gid_t * grouplist
setgroups16:int gidsetsize,<old_gid_t * grouplist
sethae:unsigned long val
sethostname:<char * name,int len
setitimer:int which,<struct __kernel_old_itimerval * value,>struct __kernel_old_itimerval * ovalue
setitimer.2:int which,<struct old_itimerval32 * value,>struct old_itimerval32 * ovalue
setns:int fd,int flags
setpgid:pid_t pid,pid_t pgid
setpriority:int which,int who,int niceval
setregid:gid_t rgid,gid_t egid
setregid16:old_gid_t rgid,old_gid_t egid
setresgid:gid_t rgid,gid_t egid,gid_t sgid
setresgid16:old_gid_t rgid,old_gid_t egid,old_gid_t sgid
setresuid:uid_t ruid,uid_t euid,uid_t suid
setresuid16:old_uid_t ruid,old_uid_t euid,old_uid_t suid
setreuid:uid_t ruid,uid_t euid
setreuid16:old_uid_t ruid,old_uid_t euid
setrlimit:unsigned int resource,<struct rlimit * rlim
setrlimit.2:unsigned int resource,<struct compat_rlimit * rlim
setsid:
setsockopt:int fd,int level,int optname,<char * optval,int optlen
settimeofday:<struct __kernel_old_timeval * tv,<struct timezone * tz
settimeofday.2:<struct old_timeval32 * tv,<struct timezone * tz
setuid:uid_t uid
setuid16:old_uid_t uid
setxattr:<const char * pathname,<const char * name,<const void * value,size_t size,int flags
sgetmask:
sh_pipe:
sh_sync_file_range6:int fd,SC_ARG64(offset) SC_ARG64(nbytes),unsigned int flags
shmat:int shmid,<char * shmaddr,int shmflg
shmctl:int shmid,int cmd,>struct shmid_ds * buf
shmdt:<char * shmaddr
shmget:key_t key,size_t size,int shmflg
shutdown:int fd,int how
sigaction:int sig,<const struct old_sigaction * act,>struct old_sigaction * oact
sigaction.2:int sig,<const struct sigaction * act,>struct sigaction * oact
sigaltstack:<const stack_t * uss,>stack_t * uoss
sigaltstack.2:<const compat_stack_t * uss_ptr,>compat_stack_t * uoss_ptr
signal:int sig,__sighandler_t handler
signalfd:int ufd,<sigset_t * user_mask,size_t sizemask
signalfd.2:int ufd,<const compat_sigset_t * user_mask,compat_size_t sigsetsize
signalfd4:int ufd,<sigset_t * user_mask,size_t sizemask,int flags
signalfd4.2:int ufd,<const compat_sigset_t * user_mask,compat_size_t sigsetsize,int flags
sigpending:>old_sigset_t * uset
sigprocmask:int how,<old_sigset_t * nset,>old_sigset_t * oset
sigreturn:
sigsuspend:old_sigset_t mask
sigsuspend.2:>sigset_t * uset
socket:int family,int type,int protocol
socketcall:int call,<unsigned long * args
socketpair:int family,int type,int protocol,>int * usockvec
sparc64_personality:unsigned long personality
sparc_adjtimex:>struct __kernel_timex * txc_p
sparc_clock_adjtime:const clockid_t which_clock,>struct __kernel_timex * txc_p
sparc_ipc:unsigned int call,int first,unsigned long second,unsigned long third,>void * ptr,long fifth
sparc_pipe:
sparc_remap_file_pages:unsigned long start,unsigned long size,unsigned long prot,unsigned long pgoff,unsigned long flags
sparc_sigaction:int sig,>struct old_sigaction * act,>struct old_sigaction * oact
splice:int fd_in,=loff_t * off_in,int fd_out,=loff_t * off_out,size_t len,unsigned int flags
spu_create:<const char * name,unsigned int flags,umode_t mode,int fd
spu_run:int fd,>__u32 * unpc,>__u32 * ustatus
ssetmask:int newmask
stat:<const char * filename,>struct __old_kernel_stat * statbuf
stat64:<const char * filename,>struct stat64 * statbuf
statfs:<const char * pathname,>struct statfs * buf
statfs.2:<const char * pathname,>struct compat_statfs * buf
statfs64:<const char * pathname,size_t sz,>struct statfs64 * buf
statfs64.2:<const char * pathname,compat_size_t sz,>struct compat_statfs64 * buf
statmount:<const struct mnt_id_req * req,>struct statmount * buf,size_t bufsize,unsigned int flags
statx:int dfd,<const char * filename,unsigned flags,unsigned int mask,>struct statx * buffer
stime:<__kernel_old_time_t * tptr
stime32:<old_time32_t * tptr
subpage_prot:unsigned long addr,unsigned long len,>u32 * map
swapcontext:>struct ucontext * old_ctx,>struct ucontext * new_ctx,long ctx_size
swapoff:<const char * specialfile
swapon:<const char * specialfile,int swap_flags
switch_endian:
symlink:<const char * oldname,<const char * newname
symlinkat:<const char * oldname,int newdfd,<const char * newname
sync:
sync_file_range:int fd,loff_t offset,loff_t nbytes,unsigned int flags
sync_file_range2:int fd,unsigned int flags,loff_t offset,loff_t nbytes
syncfs:int fd
sysfs:int option,unsigned long arg1,unsigned long arg2
sysinfo:>struct sysinfo * info
sysinfo.2:>struct compat_sysinfo * info
syslog:int type,>char * buf,int len
sysm_pipe:
sysmips:long cmd,long arg1,long arg2
tee:int fdin,int fdout,size_t len,unsigned int flags
tgkill:pid_t tgid,pid_t pid,int sig
time:>__kernel_old_time_t * tloc
time32:>old_time32_t * tloc
timer_create:const clockid_t which_clock,<struct sigevent * timer_event_spec,>timer_t * created_timer_id
timer_create.2:clockid_t which_clock,<struct compat_sigevent * timer_event_spec,>timer_t * created_timer_id
timer_delete:timer_t timer_id
timer_getoverrun:timer_t timer_id
timer_gettime:timer_t timer_id,>struct __kernel_itimerspec * setting
timer_gettime32:timer_t timer_id,>struct old_itimerspec32 * setting
timer_settime:timer_t timer_id,int flags,<const struct __kernel_itimerspec * new_setting,>struct __kernel_itimerspec * old_setting
timer_settime32:timer_t timer_id,int flags,>struct old_itimerspec32 * new,>struct old_itimerspec32 * old
timerfd_create:int clockid,int flags
timerfd_gettime:int ufd,>struct __kernel_itimerspec * otmr
timerfd_gettime32:int ufd,>struct old_itimerspec32 * otmr
timerfd_settime:int ufd,int flags,<const struct __kernel_itimerspec * utmr,>struct __kernel_itimerspec * otmr
timerfd_settime32:int ufd,int flags,<const struct old_itimerspec32 * utmr,>struct old_itimerspec32 * otmr
times:>struct tms * tbuf
times.2:>struct compat_tms * tbuf
tkill:pid_t pid,int sig
truncate:<const char * path,long length
truncate64:<const char * path,loff_t length
truncate64.2:<const char * path,unsigned long length
umask:int mask
umount:<char * name,int flags
uname:>struct old_utsname * name
unlink:<const char * pathname
unlinkat:int dfd,<const char * pathname,int flag
unshare:unsigned long unshare_flags
uretprobe:
uselib:<const char * library
userfaultfd:int flags
ustat:unsigned dev,>struct ustat * ubuf
ustat.2:unsigned dev,>struct compat_ustat * u
utime:<char * filename,<struct utimbuf * times
utime32:<const char * filename,<struct old_utimbuf32 * t
utimensat:int dfd,<const char * filename,<struct __kernel_timespec * utimes,int flags
utimensat_time32:unsigned int dfd,<const char * filename,<struct old_timespec32 * t,int flags
utimes:<char * filename,<struct __kernel_old_timeval * utimes
utimes_time32:<const char * filename,<struct old_timeval32 * t
utrap_install:utrap_entry_t type,utrap_handler_t new_p,utrap_handler_t new_d,>utrap_handler_t * old_p,>utrap_handler_t * old_d
vfork:
vhangup:
vm86:unsigned long cmd,unsigned long arg
vm86old:>struct vm86_struct * user_vm86
vmsplice:int fd,<const struct iovec * uiov,unsigned long nr_segs,unsigned int flags
wait4:pid_t upid,>int * stat_addr,int options,>struct rusage * ru
wait4.2:compat_pid_t pid,>compat_uint_t * stat_addr,int options,>struct compat_rusage * ru
waitid:int which,pid_t upid,>struct siginfo * infop,int options,>struct rusage * ru
waitid.2:int which,compat_pid_t pid,>struct compat_siginfo * infop,int options,>struct compat_rusage * uru
waitpid:pid_t pid,>int * stat_addr,int options
write:unsigned int fd,<const char * buf,size_t count
writev:unsigned long fd,<const struct iovec * vec,unsigned long vlen
x32_rt_sigreturn:
`;
