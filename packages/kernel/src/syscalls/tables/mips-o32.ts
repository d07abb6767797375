// SPDX-License-Identifier: MIT
// The system calls of mips-o32, made by tools/generate-syscall-tables.mjs from arch/mips/kernel/syscalls/syscall_o32.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-mipsel-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
4000 syscall ?
4001 exit
4002 fork
4003 read
4004 write
4005 open
4006 close
4007 waitpid
4008 creat
4009 link
4010 unlink
4011 execve
4012 chdir
4013 time time32
4014 mknod
4015 chmod
4016 lchown
4017 break ?
4018 unused18 ?
4019 lseek
4020 getpid
4021 mount
4022 umount oldumount
4023 setuid
4024 getuid
4025 stime stime32
4026 ptrace
4027 alarm
4028 unused28 ?
4029 pause
4030 utime utime32
4031 stty ?
4032 gtty ?
4033 access
4034 nice
4035 ftime ?
4036 sync
4037 kill
4038 rename
4039 mkdir
4040 rmdir
4041 dup
4042 pipe sysm_pipe
4043 times
4044 prof ?
4045 brk
4046 setgid
4047 getgid
4048 signal ?
4049 geteuid
4050 getegid
4051 acct
4052 umount2 umount
4053 lock ?
4054 ioctl
4055 fcntl
4056 mpx ?
4057 setpgid
4058 ulimit ?
4059 unused59 olduname
4060 umask
4061 chroot
4062 ustat
4063 dup2
4064 getppid
4065 getpgrp
4066 setsid
4067 sigaction sigaction.2
4068 sgetmask
4069 ssetmask
4070 setreuid
4071 setregid
4072 sigsuspend sigsuspend.2
4073 sigpending
4074 sethostname
4075 setrlimit
4076 getrlimit
4077 getrusage
4078 gettimeofday
4079 settimeofday
4080 getgroups
4081 setgroups
4082 reserved82 ?
4083 symlink
4084 unused84 ?
4085 readlink
4086 uselib
4087 swapon
4088 reboot
4089 readdir old_readdir
4090 mmap mips_mmap
4091 munmap
4092 truncate
4093 ftruncate
4094 fchmod
4095 fchown
4096 getpriority
4097 setpriority
4098 profil ?
4099 statfs
4100 fstatfs
4101 ioperm ?
4102 socketcall
4103 syslog
4104 setitimer
4105 getitimer
4106 stat newstat
4107 lstat newlstat
4108 fstat newfstat
4109 unused109 uname
4110 iopl ?
4111 vhangup
4112 idle ?
4113 vm86 ?
4114 wait4
4115 swapoff
4116 sysinfo
4117 ipc
4118 fsync
4119 sigreturn ?
4120 clone clone.2
4121 setdomainname
4122 uname newuname
4123 modify_ldt ?
4124 adjtimex adjtimex_time32
4125 mprotect
4126 sigprocmask
4127 create_module ?
4128 init_module
4129 delete_module
4130 get_kernel_syms ?
4131 quotactl
4132 getpgid
4133 fchdir
4134 bdflush ?
4135 sysfs
4136 personality
4137 afs_syscall ?
4138 setfsuid
4139 setfsgid
4140 _llseek llseek
4141 getdents
4142 _newselect select
4143 flock
4144 msync
4145 readv
4146 writev
4147 cacheflush
4148 cachectl
4149 sysmips
4150 unused150 ?
4151 getsid
4152 fdatasync
4153 _sysctl ?
4154 mlock
4155 munlock
4156 mlockall
4157 munlockall
4158 sched_setparam
4159 sched_getparam
4160 sched_setscheduler
4161 sched_getscheduler
4162 sched_yield
4163 sched_get_priority_max
4164 sched_get_priority_min
4165 sched_rr_get_interval sched_rr_get_interval_time32
4166 nanosleep nanosleep_time32
4167 mremap
4168 accept
4169 bind
4170 connect
4171 getpeername
4172 getsockname
4173 getsockopt
4174 listen
4175 recv
4176 recvfrom
4177 recvmsg
4178 send
4179 sendmsg
4180 sendto
4181 setsockopt
4182 shutdown
4183 socket
4184 socketpair
4185 setresuid
4186 getresuid
4187 query_module ?
4188 poll
4189 nfsservctl ?
4190 setresgid
4191 getresgid
4192 prctl
4193 rt_sigreturn
4194 rt_sigaction
4195 rt_sigprocmask
4196 rt_sigpending
4197 rt_sigtimedwait rt_sigtimedwait_time32
4198 rt_sigqueueinfo
4199 rt_sigsuspend
4200 pread64
4201 pwrite64
4202 chown
4203 getcwd
4204 capget
4205 capset
4206 sigaltstack
4207 sendfile
4208 getpmsg ?
4209 putpmsg ?
4210 mmap2 mips_mmap2
4211 truncate64
4212 ftruncate64
4213 stat64
4214 lstat64
4215 fstat64
4216 pivot_root
4217 mincore
4218 madvise
4219 getdents64
4220 fcntl64
4221 reserved221 ?
4222 gettid
4223 readahead
4224 setxattr
4225 lsetxattr
4226 fsetxattr
4227 getxattr
4228 lgetxattr
4229 fgetxattr
4230 listxattr
4231 llistxattr
4232 flistxattr
4233 removexattr
4234 lremovexattr
4235 fremovexattr
4236 tkill
4237 sendfile64
4238 futex futex_time32
4239 sched_setaffinity
4240 sched_getaffinity
4241 io_setup
4242 io_destroy
4243 io_getevents io_getevents_time32
4244 io_submit
4245 io_cancel
4246 exit_group
4247 lookup_dcookie ?
4248 epoll_create
4249 epoll_ctl
4250 epoll_wait
4251 remap_file_pages
4252 set_tid_address
4253 restart_syscall
4254 fadvise64 fadvise64_64
4255 statfs64
4256 fstatfs64
4257 timer_create
4258 timer_settime timer_settime32
4259 timer_gettime timer_gettime32
4260 timer_getoverrun
4261 timer_delete
4262 clock_settime clock_settime32
4263 clock_gettime clock_gettime32
4264 clock_getres clock_getres_time32
4265 clock_nanosleep clock_nanosleep_time32
4266 tgkill
4267 utimes utimes_time32
4268 mbind
4269 get_mempolicy
4270 set_mempolicy
4271 mq_open
4272 mq_unlink
4273 mq_timedsend mq_timedsend_time32
4274 mq_timedreceive mq_timedreceive_time32
4275 mq_notify
4276 mq_getsetattr
4277 vserver ?
4278 waitid
4280 add_key
4281 request_key
4282 keyctl
4283 set_thread_area set_thread_area.2
4284 inotify_init
4285 inotify_add_watch
4286 inotify_rm_watch
4287 migrate_pages
4288 openat
4289 mkdirat
4290 mknodat
4291 fchownat
4292 futimesat futimesat_time32
4293 fstatat64
4294 unlinkat
4295 renameat
4296 linkat
4297 symlinkat
4298 readlinkat
4299 fchmodat
4300 faccessat
4301 pselect6 pselect6_time32
4302 ppoll ppoll_time32
4303 unshare
4304 splice
4305 sync_file_range
4306 tee
4307 vmsplice
4308 move_pages
4309 set_robust_list
4310 get_robust_list
4311 kexec_load
4312 getcpu
4313 epoll_pwait
4314 ioprio_set
4315 ioprio_get
4316 utimensat utimensat_time32
4317 signalfd
4318 timerfd ?
4319 eventfd
4320 fallocate
4321 timerfd_create
4322 timerfd_gettime timerfd_gettime32
4323 timerfd_settime timerfd_settime32
4324 signalfd4
4325 eventfd2
4326 epoll_create1
4327 dup3
4328 pipe2
4329 inotify_init1
4330 preadv
4331 pwritev
4332 rt_tgsigqueueinfo
4333 perf_event_open
4334 accept4
4335 recvmmsg recvmmsg_time32
4336 fanotify_init
4337 fanotify_mark
4338 prlimit64
4339 name_to_handle_at
4340 open_by_handle_at
4341 clock_adjtime clock_adjtime32
4342 syncfs
4343 sendmmsg
4344 setns
4345 process_vm_readv
4346 process_vm_writev
4347 kcmp
4348 finit_module
4349 sched_setattr
4350 sched_getattr
4351 renameat2
4352 seccomp
4353 getrandom
4354 memfd_create
4355 bpf
4356 execveat
4357 userfaultfd
4358 membarrier
4359 mlock2
4360 copy_file_range
4361 preadv2
4362 pwritev2
4363 pkey_mprotect
4364 pkey_alloc
4365 pkey_free
4366 statx
4367 rseq
4368 io_pgetevents io_pgetevents_time32
4393 semget
4394 semctl
4395 shmget
4396 shmctl
4397 shmat
4398 shmdt
4399 msgget
4400 msgsnd
4401 msgrcv
4402 msgctl
4403 clock_gettime64 clock_gettime
4404 clock_settime64 clock_settime
4405 clock_adjtime64 clock_adjtime
4406 clock_getres_time64 clock_getres
4407 clock_nanosleep_time64 clock_nanosleep
4408 timer_gettime64 timer_gettime
4409 timer_settime64 timer_settime
4410 timerfd_gettime64 timerfd_gettime
4411 timerfd_settime64 timerfd_settime
4412 utimensat_time64 utimensat
4413 pselect6_time64 pselect6
4414 ppoll_time64 ppoll
4416 io_pgetevents_time64 io_pgetevents
4417 recvmmsg_time64 recvmmsg
4418 mq_timedsend_time64 mq_timedsend
4419 mq_timedreceive_time64 mq_timedreceive
4420 semtimedop_time64 semtimedop
4421 rt_sigtimedwait_time64 rt_sigtimedwait
4422 futex_time64 futex
4423 sched_rr_get_interval_time64 sched_rr_get_interval
4424 pidfd_send_signal
4425 io_uring_setup
4426 io_uring_enter
4427 io_uring_register
4428 open_tree
4429 move_mount
4430 fsopen
4431 fsconfig
4432 fsmount
4433 fspick
4434 pidfd_open
4435 clone3
4436 close_range
4437 openat2
4438 pidfd_getfd
4439 faccessat2
4440 process_madvise
4441 epoll_pwait2
4442 mount_setattr
4443 quotactl_fd
4444 landlock_create_ruleset
4445 landlock_add_rule
4446 landlock_restrict_self
4448 process_mrelease
4449 futex_waitv
4450 set_mempolicy_home_node
4451 cachestat
4452 fchmodat2
4453 map_shadow_stack
4454 futex_wake
4455 futex_wait
4456 futex_requeue
4457 statmount
4458 listmount
4459 lsm_get_self_attr
4460 lsm_set_self_attr
4461 lsm_list_modules
4462 mseal
`;
