// SPDX-License-Identifier: MIT
// The system calls of mips-n32, made by tools/generate-syscall-tables.mjs from arch/mips/kernel/syscalls/syscall_n32.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-mipsn32el-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
6000 read
6001 write
6002 open
6003 close
6004 stat newstat
6005 fstat newfstat
6006 lstat newlstat
6007 poll
6008 lseek
6009 mmap mips_mmap
6010 mprotect
6011 munmap
6012 brk
6013 rt_sigaction rt_sigaction.2
6014 rt_sigprocmask rt_sigprocmask.2
6015 ioctl ioctl.2
6016 pread64
6017 pwrite64
6018 readv
6019 writev
6020 access
6021 pipe sysm_pipe
6022 _newselect select.2
6023 sched_yield
6024 mremap
6025 msync
6026 mincore
6027 madvise
6028 shmget
6029 shmat
6030 shmctl old_shmctl.2
6031 dup
6032 dup2
6033 pause
6034 nanosleep nanosleep_time32
6035 getitimer getitimer.2
6036 setitimer setitimer.2
6037 alarm
6038 getpid
6039 sendfile sendfile.2
6040 socket
6041 connect
6042 accept
6043 sendto
6044 recvfrom recvfrom.2
6045 sendmsg sendmsg.2
6046 recvmsg recvmsg.2
6047 shutdown
6048 bind
6049 listen
6050 getsockname
6051 getpeername
6052 socketpair
6053 setsockopt
6054 getsockopt
6055 clone clone.2
6056 fork
6057 execve execve.2
6058 exit
6059 wait4 wait4.2
6060 kill
6061 uname newuname
6062 semget
6063 semop
6064 semctl old_semctl.2
6065 shmdt
6066 msgget
6067 msgsnd msgsnd.2
6068 msgrcv msgrcv.2
6069 msgctl old_msgctl.2
6070 fcntl fcntl.2
6071 flock
6072 fsync
6073 fdatasync
6074 truncate
6075 ftruncate
6076 getdents getdents.2
6077 getcwd
6078 chdir
6079 fchdir
6080 rename
6081 mkdir
6082 rmdir
6083 creat
6084 link
6085 unlink
6086 symlink
6087 readlink
6088 chmod
6089 fchmod
6090 chown
6091 fchown
6092 lchown
6093 umask
6094 gettimeofday gettimeofday.2
6095 getrlimit getrlimit.2
6096 getrusage getrusage.2
6097 sysinfo sysinfo.2
6098 times times.2
6099 ptrace ptrace.2
6100 getuid
6101 syslog
6102 getgid
6103 setuid
6104 setgid
6105 geteuid
6106 getegid
6107 setpgid
6108 getppid
6109 getpgrp
6110 setsid
6111 setreuid
6112 setregid
6113 getgroups
6114 setgroups
6115 setresuid
6116 getresuid
6117 setresgid
6118 getresgid
6119 getpgid
6120 setfsuid
6121 setfsgid
6122 getsid
6123 capget
6124 capset
6125 rt_sigpending rt_sigpending.2
6126 rt_sigtimedwait rt_sigtimedwait_time32.2
6127 rt_sigqueueinfo rt_sigqueueinfo.2
6128 rt_sigsuspend rt_sigsuspend.2
6129 sigaltstack sigaltstack.2
6130 utime utime32
6131 mknod
6132 personality 32_personality
6133 ustat ustat.2
6134 statfs statfs.2
6135 fstatfs fstatfs.2
6136 sysfs
6137 getpriority
6138 setpriority
6139 sched_setparam
6140 sched_getparam
6141 sched_setscheduler
6142 sched_getscheduler
6143 sched_get_priority_max
6144 sched_get_priority_min
6145 sched_rr_get_interval sched_rr_get_interval_time32
6146 mlock
6147 munlock
6148 mlockall
6149 munlockall
6150 vhangup
6151 pivot_root
6152 _sysctl ?
6153 prctl
6154 adjtimex adjtimex_time32
6155 setrlimit setrlimit.2
6156 chroot
6157 sync
6158 acct
6159 settimeofday settimeofday.2
6160 mount
6161 umount2 umount
6162 swapon
6163 swapoff
6164 reboot
6165 sethostname
6166 setdomainname
6167 create_module ?
6168 init_module
6169 delete_module
6170 get_kernel_syms ?
6171 query_module ?
6172 quotactl
6173 nfsservctl ?
6174 getpmsg ?
6175 putpmsg ?
6176 afs_syscall ?
6177 reserved177 ?
6178 gettid
6179 readahead
6180 setxattr
6181 lsetxattr
6182 fsetxattr
6183 getxattr
6184 lgetxattr
6185 fgetxattr
6186 listxattr
6187 llistxattr
6188 flistxattr
6189 removexattr
6190 lremovexattr
6191 fremovexattr
6192 tkill
6193 reserved193 ?
6194 futex futex_time32
6195 sched_setaffinity sched_setaffinity.2
6196 sched_getaffinity sched_getaffinity.2
6197 cacheflush
6198 cachectl
6199 sysmips
6200 io_setup io_setup.2
6201 io_destroy
6202 io_getevents io_getevents_time32
6203 io_submit io_submit.2
6204 io_cancel
6205 exit_group
6206 lookup_dcookie ?
6207 epoll_create
6208 epoll_ctl
6209 epoll_wait
6210 remap_file_pages
6211 rt_sigreturn
6212 fcntl64 fcntl64.2
6213 set_tid_address
6214 restart_syscall
6215 semtimedop semtimedop_time32
6216 fadvise64 fadvise64_64
6217 statfs64 statfs64.2
6218 fstatfs64 fstatfs64.2
6219 sendfile64
6220 timer_create timer_create.2
6221 timer_settime timer_settime32
6222 timer_gettime timer_gettime32
6223 timer_getoverrun
6224 timer_delete
6225 clock_settime clock_settime32
6226 clock_gettime clock_gettime32
6227 clock_getres clock_getres_time32
6228 clock_nanosleep clock_nanosleep_time32
6229 tgkill
6230 utimes utimes_time32
6231 mbind
6232 get_mempolicy
6233 set_mempolicy
6234 mq_open mq_open.2
6235 mq_unlink
6236 mq_timedsend mq_timedsend_time32
6237 mq_timedreceive mq_timedreceive_time32
6238 mq_notify mq_notify.2
6239 mq_getsetattr mq_getsetattr.2
6240 vserver ?
6241 waitid waitid.2
6243 add_key
6244 request_key
6245 keyctl keyctl.2
6246 set_thread_area set_thread_area.2
6247 inotify_init
6248 inotify_add_watch
6249 inotify_rm_watch
6250 migrate_pages
6251 openat
6252 mkdirat
6253 mknodat
6254 fchownat
6255 futimesat futimesat_time32
6256 newfstatat
6257 unlinkat
6258 renameat
6259 linkat
6260 symlinkat
6261 readlinkat
6262 fchmodat
6263 faccessat
6264 pselect6 pselect6_time32.2
6265 ppoll ppoll_time32.2
6266 unshare
6267 splice
6268 sync_file_range
6269 tee
6270 vmsplice
6271 move_pages
6272 set_robust_list set_robust_list.2
6273 get_robust_list get_robust_list.2
6274 kexec_load kexec_load.2
6275 getcpu
6276 epoll_pwait epoll_pwait.2
6277 ioprio_set
6278 ioprio_get
6279 utimensat utimensat_time32
6280 signalfd signalfd.2
6281 timerfd ?
6282 eventfd
6283 fallocate
6284 timerfd_create
6285 timerfd_gettime timerfd_gettime32
6286 timerfd_settime timerfd_settime32
6287 signalfd4 signalfd4.2
6288 eventfd2
6289 epoll_create1
6290 dup3
6291 pipe2
6292 inotify_init1
6293 preadv preadv.2
6294 pwritev pwritev.2
6295 rt_tgsigqueueinfo rt_tgsigqueueinfo.2
6296 perf_event_open
6297 accept4
6298 recvmmsg recvmmsg_time32.2
6299 getdents64
6300 fanotify_init
6301 fanotify_mark
6302 prlimit64
6303 name_to_handle_at
6304 open_by_handle_at
6305 clock_adjtime clock_adjtime32
6306 syncfs
6307 sendmmsg sendmmsg.2
6308 setns
6309 process_vm_readv
6310 process_vm_writev
6311 kcmp
6312 finit_module
6313 sched_setattr
6314 sched_getattr
6315 renameat2
6316 seccomp
6317 getrandom
6318 memfd_create
6319 bpf
6320 execveat execveat.2
6321 userfaultfd
6322 membarrier
6323 mlock2
6324 copy_file_range
6325 preadv2 preadv2.2
6326 pwritev2 pwritev2.2
6327 pkey_mprotect
6328 pkey_alloc
6329 pkey_free
6330 statx
6331 rseq
6332 io_pgetevents io_pgetevents.2
6403 clock_gettime64 clock_gettime
6404 clock_settime64 clock_settime
6405 clock_adjtime64 clock_adjtime
6406 clock_getres_time64 clock_getres
6407 clock_nanosleep_time64 clock_nanosleep
6408 timer_gettime64 timer_gettime
6409 timer_settime64 timer_settime
6410 timerfd_gettime64 timerfd_gettime
6411 timerfd_settime64 timerfd_settime
6412 utimensat_time64 utimensat
6413 pselect6_time64
6414 ppoll_time64
6416 io_pgetevents_time64
6417 recvmmsg_time64
6418 mq_timedsend_time64 mq_timedsend
6419 mq_timedreceive_time64 mq_timedreceive
6420 semtimedop_time64 semtimedop
6421 rt_sigtimedwait_time64
6422 futex_time64 futex
6423 sched_rr_get_interval_time64 sched_rr_get_interval
6424 pidfd_send_signal
6425 io_uring_setup
6426 io_uring_enter
6427 io_uring_register
6428 open_tree
6429 move_mount
6430 fsopen
6431 fsconfig
6432 fsmount
6433 fspick
6434 pidfd_open
6435 clone3
6436 close_range
6437 openat2
6438 pidfd_getfd
6439 faccessat2
6440 process_madvise
6441 epoll_pwait2 epoll_pwait2.2
6442 mount_setattr
6443 quotactl_fd
6444 landlock_create_ruleset
6445 landlock_add_rule
6446 landlock_restrict_self
6448 process_mrelease
6449 futex_waitv
6450 set_mempolicy_home_node
6451 cachestat
6452 fchmodat2
6453 map_shadow_stack
6454 futex_wake
6455 futex_wait
6456 futex_requeue
6457 statmount
6458 listmount
6459 lsm_get_self_attr
6460 lsm_set_self_attr
6461 lsm_list_modules
6462 mseal
`;
