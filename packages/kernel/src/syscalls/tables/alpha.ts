// SPDX-License-Identifier: MIT
// The system calls of alpha, made by tools/generate-syscall-tables.mjs from arch/alpha/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-alpha-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
0 osf_syscall ?
1 exit
2 fork
3 read
4 write
5 osf_old_open ?
6 close
7 osf_wait4
8 osf_old_creat ?
9 link
10 unlink
11 osf_execve ?
12 chdir
13 fchdir
14 mknod
15 chmod
16 chown
17 brk osf_brk
18 osf_getfsstat ?
19 lseek
20 getxpid
21 osf_mount
22 umount2 umount
23 setuid
24 getxuid
25 exec_with_loader ?
26 ptrace
27 osf_nrecvmsg ?
28 osf_nsendmsg ?
29 osf_nrecvfrom ?
30 osf_naccept ?
31 osf_ngetpeername ?
32 osf_ngetsockname ?
33 access
34 osf_chflags ?
35 osf_fchflags ?
36 sync
37 kill
38 osf_old_stat ?
39 setpgid
40 osf_old_lstat ?
41 dup
42 pipe alpha_pipe
43 osf_set_program_attributes
44 osf_profil ?
45 open
46 osf_old_sigaction ?
47 getxgid
48 osf_sigprocmask
49 osf_getlogin ?
50 osf_setlogin ?
51 acct
52 sigpending
54 ioctl
55 osf_reboot ?
56 osf_revoke ?
57 symlink
58 readlink
59 execve
60 umask
61 chroot
62 osf_old_fstat ?
63 getpgrp
64 getpagesize
65 osf_mremap ?
66 vfork
67 stat newstat
68 lstat newlstat
69 osf_sbrk ?
70 osf_sstk ?
71 mmap osf_mmap
72 osf_old_vadvise ?
73 munmap
74 mprotect
75 madvise
76 vhangup
77 osf_kmodcall ?
78 osf_mincore ?
79 getgroups
80 setgroups
81 osf_old_getpgrp ?
82 setpgrp setpgid
83 osf_setitimer setitimer.2
84 osf_old_wait ?
85 osf_table ?
86 osf_getitimer getitimer.2
87 gethostname
88 sethostname
89 getdtablesize
90 dup2
91 fstat newfstat
92 fcntl
93 osf_select
94 poll
95 fsync
96 setpriority
97 socket
98 connect
99 accept
100 getpriority osf_getpriority
101 send
102 recv
103 sigreturn ?
104 bind
105 setsockopt
106 listen
107 osf_plock ?
108 osf_old_sigvec ?
109 osf_old_sigblock ?
110 osf_old_sigsetmask ?
111 sigsuspend
112 osf_sigstack
113 recvmsg
114 sendmsg
115 osf_old_vtrace ?
116 osf_gettimeofday
117 osf_getrusage
118 getsockopt
120 readv
121 writev
122 osf_settimeofday
123 fchown
124 fchmod
125 recvfrom
126 setreuid
127 setregid
128 rename
129 truncate
130 ftruncate
131 flock
132 setgid
133 sendto
134 shutdown
135 socketpair
136 mkdir
137 rmdir
138 osf_utimes
139 osf_old_sigreturn ?
140 osf_adjtime ?
141 getpeername
142 osf_gethostid ?
143 osf_sethostid ?
144 getrlimit
145 setrlimit
146 osf_old_killpg ?
147 setsid
148 quotactl
149 osf_oldquota ?
150 getsockname
153 osf_pid_block ?
154 osf_pid_unblock ?
156 sigaction osf_sigaction
157 osf_sigwaitprim ?
158 osf_nfssvc ?
159 osf_getdirentries
160 osf_statfs
161 osf_fstatfs
163 osf_asynch_daemon ?
164 osf_getfh ?
165 osf_getdomainname
166 setdomainname
169 osf_exportfs ?
181 osf_alt_plock ?
184 osf_getmnt ?
187 osf_alt_sigpending ?
188 osf_alt_setsid ?
199 osf_swapon swapon
200 msgctl old_msgctl
201 msgget
202 msgrcv
203 msgsnd
204 semctl old_semctl
205 semget
206 semop
207 osf_utsname
208 lchown
209 shmat
210 shmctl old_shmctl
211 shmdt
212 shmget
213 osf_mvalid ?
214 osf_getaddressconf ?
215 osf_msleep ?
216 osf_mwakeup ?
217 msync
218 osf_signal ?
219 osf_utc_gettime ?
220 osf_utc_adjtime ?
222 osf_security ?
223 osf_kloadcall ?
224 osf_stat
225 osf_lstat
226 osf_fstat
227 osf_statfs64
228 osf_fstatfs64
233 getpgid
234 getsid
235 sigaltstack
236 osf_waitid ?
237 osf_priocntlset ?
238 osf_sigsendset ?
239 osf_set_speculative ?
240 osf_msfs_syscall ?
241 osf_sysinfo
242 osf_uadmin ?
243 osf_fuser ?
244 osf_proplist_syscall
245 osf_ntp_adjtime ?
246 osf_ntp_gettime ?
247 osf_pathconf ?
248 osf_fpathconf ?
250 osf_uswitch ?
251 osf_usleep_thread
252 osf_audcntl ?
253 osf_audgen ?
254 sysfs
255 osf_subsys_info ?
256 osf_getsysinfo
257 osf_setsysinfo
258 osf_afs_syscall ?
259 osf_swapctl ?
260 osf_memcntl ?
261 osf_fdatasync ?
300 bdflush ?
301 sethae
302 mount
303 old_adjtimex
304 swapoff
305 getdents
306 create_module ?
307 init_module
308 delete_module
309 get_kernel_syms ?
310 syslog
311 reboot
312 clone
313 uselib
314 mlock
315 munlock
316 mlockall
317 munlockall
318 sysinfo
319 _sysctl ?
321 oldumount
322 swapon
323 times
324 personality
325 setfsuid
326 setfsgid
327 ustat
328 statfs
329 fstatfs
330 sched_setparam
331 sched_getparam
332 sched_setscheduler
333 sched_getscheduler
334 sched_yield
335 sched_get_priority_max
336 sched_get_priority_min
337 sched_rr_get_interval
338 afs_syscall ?
339 uname newuname
340 nanosleep
341 mremap
342 nfsservctl ?
343 setresuid
344 getresuid
345 pciconfig_read
346 pciconfig_write
347 query_module ?
348 prctl
349 pread64
350 pwrite64
351 rt_sigreturn
352 rt_sigaction rt_sigaction.4
353 rt_sigprocmask
354 rt_sigpending
355 rt_sigtimedwait
356 rt_sigqueueinfo
357 rt_sigsuspend
358 select
359 gettimeofday
360 settimeofday
361 getitimer
362 setitimer
363 utimes
364 getrusage
365 wait4
366 adjtimex
367 getcwd
368 capget
369 capset
370 sendfile sendfile64
371 setresgid
372 getresgid
373 dipc ?
374 pivot_root
375 mincore
376 pciconfig_iobase pciconfig_iobase.2
377 getdents64
378 gettid
379 readahead
381 tkill
382 setxattr
383 lsetxattr
384 fsetxattr
385 getxattr
386 lgetxattr
387 fgetxattr
388 listxattr
389 llistxattr
390 flistxattr
391 removexattr
392 lremovexattr
393 fremovexattr
394 futex
395 sched_setaffinity
396 sched_getaffinity
397 tuxcall ?
398 io_setup
399 io_destroy
400 io_getevents
401 io_submit
402 io_cancel
405 exit_group
406 lookup_dcookie ?
407 epoll_create
408 epoll_ctl
409 epoll_wait
410 remap_file_pages
411 set_tid_address
412 restart_syscall
413 fadvise64
414 timer_create
415 timer_settime
416 timer_gettime
417 timer_getoverrun
418 timer_delete
419 clock_settime
420 clock_gettime
421 clock_getres
422 clock_nanosleep
423 semtimedop
424 tgkill
425 stat64
426 lstat64
427 fstat64
428 vserver ?
429 mbind ?
430 get_mempolicy ?
431 set_mempolicy ?
432 mq_open
433 mq_unlink
434 mq_timedsend
435 mq_timedreceive
436 mq_notify
437 mq_getsetattr
438 waitid
439 add_key
440 request_key
441 keyctl
442 ioprio_set
443 ioprio_get
444 inotify_init
445 inotify_add_watch
446 inotify_rm_watch
447 fdatasync
448 kexec_load
449 migrate_pages
450 openat
451 mkdirat
452 mknodat
453 fchownat
454 futimesat
455 fstatat64
456 unlinkat
457 renameat
458 linkat
459 symlinkat
460 readlinkat
461 fchmodat
462 faccessat
463 pselect6
464 ppoll
465 unshare
466 set_robust_list
467 get_robust_list
468 splice
469 sync_file_range
470 tee
471 vmsplice
472 move_pages
473 getcpu
474 epoll_pwait
475 utimensat
476 signalfd
477 timerfd ?
478 eventfd
479 recvmmsg
480 fallocate
481 timerfd_create
482 timerfd_settime
483 timerfd_gettime
484 signalfd4
485 eventfd2
486 epoll_create1
487 dup3
488 pipe2
489 inotify_init1
490 preadv
491 pwritev
492 rt_tgsigqueueinfo
493 perf_event_open
494 fanotify_init
495 fanotify_mark
496 prlimit64
497 name_to_handle_at
498 open_by_handle_at
499 clock_adjtime
500 syncfs
501 setns
502 accept4
503 sendmmsg
504 process_vm_readv
505 process_vm_writev
506 kcmp
507 finit_module
508 sched_setattr
509 sched_getattr
510 renameat2
511 getrandom
512 memfd_create
513 execveat
514 seccomp
515 bpf
516 userfaultfd
517 membarrier
518 mlock2
519 copy_file_range
520 preadv2
521 pwritev2
522 statx
523 io_pgetevents
524 pkey_mprotect
525 pkey_alloc
526 pkey_free
527 rseq
528 statfs64
529 fstatfs64
530 getegid
531 geteuid
532 getppid
534 pidfd_send_signal
535 io_uring_setup
536 io_uring_enter
537 io_uring_register
538 open_tree
539 move_mount
540 fsopen
541 fsconfig
542 fsmount
543 fspick
544 pidfd_open
545 clone3
546 close_range
547 openat2
548 pidfd_getfd
549 faccessat2
550 process_madvise
551 epoll_pwait2
552 mount_setattr
553 quotactl_fd
554 landlock_create_ruleset
555 landlock_add_rule
556 landlock_restrict_self
558 process_mrelease
559 futex_waitv
560 set_mempolicy_home_node ?
561 cachestat
562 fchmodat2
563 map_shadow_stack
564 futex_wake
565 futex_wait
566 futex_requeue
567 statmount
568 listmount
569 lsm_get_self_attr
570 lsm_set_self_attr
571 lsm_list_modules
572 mseal
`;
