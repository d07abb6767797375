// SPDX-License-Identifier: MIT
// The system calls of parisc, made by tools/generate-syscall-tables.mjs from arch/parisc/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-hppa-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
0 restart_syscall
1 exit
2 fork
3 read
4 write
5 open
6 close
7 waitpid
8 creat
9 link
10 unlink
11 execve
12 chdir
13 time time32
14 mknod
15 chmod
16 lchown
17 socket
18 stat newstat
19 lseek
20 getpid
21 mount
22 bind
23 setuid
24 getuid
25 stime stime32
26 ptrace
27 alarm
28 fstat newfstat
29 pause
30 utime utime32
31 connect
32 listen
33 access
34 nice
35 accept
36 sync
37 kill
38 rename
39 mkdir
40 rmdir
41 dup
42 pipe
43 times
44 getsockname
45 brk
46 setgid
47 getgid
48 signal
49 geteuid
50 getegid
51 acct
52 umount2 umount
53 getpeername
54 ioctl
55 fcntl
56 socketpair
57 setpgid
58 send
59 uname newuname
60 umask
61 chroot
62 ustat
63 dup2
64 getppid
65 getpgrp
66 setsid
67 pivot_root
68 sgetmask
69 ssetmask
70 setreuid
71 setregid
72 mincore
73 sigpending
74 sethostname
75 setrlimit
76 getrlimit
77 getrusage
78 gettimeofday
79 settimeofday
80 getgroups
81 setgroups
82 sendto
83 symlink
84 lstat newlstat
85 readlink
86 uselib ?
87 swapon
88 reboot
89 mmap2
90 mmap mmap.2
91 munmap
92 truncate
93 ftruncate
94 fchmod
95 fchown
96 getpriority
97 setpriority
98 recv
99 statfs
100 fstatfs
101 stat64
103 syslog
104 setitimer
105 getitimer
106 capget
107 capset
108 pread64
109 pwrite64
110 getcwd
111 vhangup
112 fstat64
113 vfork
114 wait4
115 swapoff
116 sysinfo
117 shutdown
118 fsync
119 madvise
120 clone clone.2
121 setdomainname
122 sendfile
123 recvfrom
124 adjtimex adjtimex_time32
125 mprotect
126 sigprocmask
128 init_module
129 delete_module
131 quotactl
132 getpgid
133 fchdir
134 bdflush ?
135 sysfs
136 personality
138 setfsuid
139 setfsgid
140 _llseek llseek
141 getdents
142 _newselect select
143 flock
144 msync
145 readv
146 writev
147 getsid
148 fdatasync
149 _sysctl ?
150 mlock
151 munlock
152 mlockall
153 munlockall
154 sched_setparam
155 sched_getparam
156 sched_setscheduler
157 sched_getscheduler
158 sched_yield
159 sched_get_priority_max
160 sched_get_priority_min
161 sched_rr_get_interval sched_rr_get_interval_time32
162 nanosleep nanosleep_time32
163 mremap
164 setresuid
165 getresuid
166 sigaltstack
168 poll
170 setresgid
171 getresgid
172 prctl
173 rt_sigreturn
174 rt_sigaction
175 rt_sigprocmask
176 rt_sigpending
177 rt_sigtimedwait rt_sigtimedwait_time32
178 rt_sigqueueinfo
179 rt_sigsuspend
180 chown
181 setsockopt
182 getsockopt
183 sendmsg
184 recvmsg
185 semop
186 semget
187 semctl
188 msgsnd
189 msgrcv
190 msgget
191 msgctl
192 shmat
193 shmdt
194 shmget
195 shmctl
198 lstat64
199 truncate64 truncate64.2
200 ftruncate64 ftruncate64.2
201 getdents64
202 fcntl64
206 gettid
207 readahead
208 tkill
209 sendfile64
210 futex futex_time32
211 sched_setaffinity
212 sched_getaffinity
215 io_setup
216 io_destroy
217 io_getevents io_getevents_time32
218 io_submit
219 io_cancel
222 exit_group
223 lookup_dcookie ?
224 epoll_create
225 epoll_ctl
226 epoll_wait
227 remap_file_pages
228 semtimedop semtimedop_time32
229 mq_open
230 mq_unlink
231 mq_timedsend mq_timedsend_time32
232 mq_timedreceive mq_timedreceive_time32
233 mq_notify
234 mq_getsetattr
235 waitid
236 fadvise64_64
237 set_tid_address
238 setxattr
239 lsetxattr
240 fsetxattr
241 getxattr
242 lgetxattr
243 fgetxattr
244 listxattr
245 llistxattr
246 flistxattr
247 removexattr
248 lremovexattr
249 fremovexattr
250 timer_create
251 timer_settime timer_settime32
252 timer_gettime timer_gettime32
253 timer_getoverrun
254 timer_delete
255 clock_settime clock_settime32
256 clock_gettime clock_gettime32
257 clock_getres clock_getres_time32
258 clock_nanosleep clock_nanosleep_time32
259 tgkill
260 mbind
261 get_mempolicy
262 set_mempolicy
264 add_key
265 request_key
266 keyctl
267 ioprio_set
268 ioprio_get
269 inotify_init
270 inotify_add_watch
271 inotify_rm_watch
272 migrate_pages
273 pselect6 pselect6_time32
274 ppoll ppoll_time32
275 openat
276 mkdirat
277 mknodat
278 fchownat
279 futimesat futimesat_time32
280 fstatat64
281 unlinkat
282 renameat
283 linkat
284 symlinkat
285 readlinkat
286 fchmodat
287 faccessat
288 unshare
289 set_robust_list
290 get_robust_list
291 splice
292 sync_file_range
293 tee
294 vmsplice
295 move_pages
296 getcpu
297 epoll_pwait
298 statfs64
299 fstatfs64
300 kexec_load
301 utimensat utimensat_time32
302 signalfd
304 eventfd
305 fallocate
306 timerfd_create
307 timerfd_settime timerfd_settime32
308 timerfd_gettime timerfd_gettime32
309 signalfd4
310 eventfd2
311 epoll_create1
312 dup3
313 pipe2
314 inotify_init1
315 preadv
316 pwritev
317 rt_tgsigqueueinfo
318 perf_event_open
319 recvmmsg recvmmsg_time32
320 accept4
321 prlimit64
322 fanotify_init
323 fanotify_mark
324 clock_adjtime clock_adjtime32
325 name_to_handle_at
326 open_by_handle_at
327 syncfs
328 setns
329 sendmmsg
330 process_vm_readv
331 process_vm_writev
332 kcmp
333 finit_module
334 sched_setattr
335 sched_getattr
336 utimes utimes_time32
337 renameat2
338 seccomp
339 getrandom
340 memfd_create
341 bpf
342 execveat
343 membarrier
344 userfaultfd
345 mlock2
346 copy_file_range
347 preadv2
348 pwritev2
349 statx
350 io_pgetevents io_pgetevents_time32
351 pkey_mprotect
352 pkey_alloc
353 pkey_free
354 rseq
355 kexec_file_load
356 cacheflush
403 clock_gettime64 clock_gettime
404 clock_settime64 clock_settime
405 clock_adjtime64 clock_adjtime
406 clock_getres_time64 clock_getres
407 clock_nanosleep_time64 clock_nanosleep
408 timer_gettime64 timer_gettime
409 timer_settime64 timer_settime
410 timerfd_gettime64 timerfd_gettime
411 timerfd_settime64 timerfd_settime
412 utimensat_time64 utimensat
413 pselect6_time64 pselect6
414 ppoll_time64 ppoll
416 io_pgetevents_time64 io_pgetevents
417 recvmmsg_time64 recvmmsg
418 mq_timedsend_time64 mq_timedsend
419 mq_timedreceive_time64 mq_timedreceive
420 semtimedop_time64 semtimedop
421 rt_sigtimedwait_time64 rt_sigtimedwait
422 futex_time64 futex
423 sched_rr_get_interval_time64 sched_rr_get_interval
424 pidfd_send_signal
425 io_uring_setup
426 io_uring_enter
427 io_uring_register
428 open_tree
429 move_mount
430 fsopen
431 fsconfig
432 fsmount
433 fspick
434 pidfd_open
435 clone3
436 close_range
437 openat2
438 pidfd_getfd
439 faccessat2
440 process_madvise
441 epoll_pwait2
442 mount_setattr
443 quotactl_fd
444 landlock_create_ruleset
445 landlock_add_rule
446 landlock_restrict_self
448 process_mrelease
449 futex_waitv
450 set_mempolicy_home_node
451 cachestat
452 fchmodat2
453 map_shadow_stack
454 futex_wake
455 futex_wait
456 futex_requeue
457 statmount
458 listmount
459 lsm_get_self_attr
460 lsm_set_self_attr
461 lsm_list_modules
462 mseal
`;
