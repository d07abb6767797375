// SPDX-License-Identifier: MIT
// The system calls of xtensa, made by tools/generate-syscall-tables.mjs from arch/xtensa/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers unverified.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
0 spill ?
1 xtensa ?
2 available4 ?
3 available5 ?
4 available6 ?
5 available7 ?
6 available8 ?
7 available9 ?
8 open
9 close
10 dup
11 dup2
12 read
13 write
14 select
15 lseek
16 poll
17 _llseek llseek
18 epoll_wait
19 epoll_ctl
20 epoll_create
21 creat
22 truncate
23 ftruncate
24 readv
25 writev
26 fsync
27 fdatasync
28 truncate64
29 ftruncate64
30 pread64
31 pwrite64
32 link
33 rename
34 symlink
35 readlink
36 mknod
37 pipe
38 unlink
39 rmdir
40 mkdir
41 chdir
42 fchdir
43 getcwd
44 chmod
45 chown
46 stat newstat
47 stat64
48 lchown
49 lstat newlstat
50 lstat64
51 available51 ?
52 fchmod
53 fchown
54 fstat newfstat
55 fstat64
56 flock
57 access
58 umask
59 getdents
60 getdents64
61 fcntl64
62 fallocate
63 fadvise64_64
64 utime utime32
65 utimes utimes_time32
66 ioctl
67 fcntl
68 setxattr
69 getxattr
70 listxattr
71 removexattr
72 lsetxattr
73 lgetxattr
74 llistxattr
75 lremovexattr
76 fsetxattr
77 fgetxattr
78 flistxattr
79 fremovexattr
80 mmap2 mmap_pgoff
81 munmap
82 mprotect
83 brk
84 mlock
85 munlock
86 mlockall
87 munlockall
88 mremap
89 msync
90 mincore
91 madvise
92 shmget
93 shmat
94 shmctl old_shmctl
95 shmdt
96 socket
97 setsockopt
98 getsockopt
99 shutdown
100 bind
101 connect
102 listen
103 accept
104 getsockname
105 getpeername
106 sendmsg
107 recvmsg
108 send
109 recv
110 sendto
111 recvfrom
112 socketpair
113 sendfile
114 sendfile64
115 sendmmsg
116 clone clone.2
117 execve
118 exit
119 exit_group
120 getpid
121 wait4
122 waitid
123 kill
124 tkill
125 tgkill
126 set_tid_address
127 gettid
128 setsid
129 getsid
130 prctl
131 personality
132 getpriority
133 setpriority
134 setitimer
135 getitimer
136 setuid
137 getuid
138 setgid
139 getgid
140 geteuid
141 getegid
142 setreuid
143 setregid
144 setresuid
145 getresuid
146 setresgid
147 getresgid
148 setpgid
149 getpgid
150 getppid
151 getpgrp
152 reserved152 ?
153 reserved153 ?
154 times
155 acct
156 sched_setaffinity
157 sched_getaffinity
158 capget
159 capset
160 ptrace
161 semtimedop semtimedop_time32
162 semget
163 semop
164 semctl old_semctl
165 available165 ?
166 msgget
167 msgsnd
168 msgrcv
169 msgctl old_msgctl
170 available170 ?
171 umount2 umount
172 mount
173 swapon
174 chroot
175 pivot_root
176 umount oldumount
177 swapoff
178 sync
179 syncfs
180 setfsuid
181 setfsgid
182 sysfs
183 ustat
184 statfs
185 fstatfs
186 statfs64
187 fstatfs64
188 setrlimit
189 getrlimit
190 getrusage
191 futex futex_time32
192 gettimeofday
193 settimeofday
194 adjtimex adjtimex_time32
195 nanosleep nanosleep_time32
196 getgroups
197 setgroups
198 sethostname
199 setdomainname
200 syslog
201 vhangup
202 uselib
203 reboot
204 quotactl
205 nfsservctl ?
206 _sysctl ?
207 bdflush ?
208 uname newuname
209 sysinfo
210 init_module
211 delete_module
212 sched_setparam
213 sched_getparam
214 sched_setscheduler
215 sched_getscheduler
216 sched_get_priority_max
217 sched_get_priority_min
218 sched_rr_get_interval sched_rr_get_interval_time32
219 sched_yield
222 available222 ?
223 restart_syscall
224 sigaltstack
225 rt_sigreturn
226 rt_sigaction
227 rt_sigprocmask
228 rt_sigpending
229 rt_sigtimedwait rt_sigtimedwait_time32
230 rt_sigqueueinfo
231 rt_sigsuspend
232 mq_open
233 mq_unlink
234 mq_timedsend mq_timedsend_time32
235 mq_timedreceive mq_timedreceive_time32
236 mq_notify
237 mq_getsetattr
238 available238 ?
239 io_setup
240 io_destroy
241 io_submit
242 io_getevents io_getevents_time32
243 io_cancel
244 clock_settime clock_settime32
245 clock_gettime clock_gettime32
246 clock_getres clock_getres_time32
247 clock_nanosleep clock_nanosleep_time32
248 timer_create
249 timer_delete
250 timer_settime timer_settime32
251 timer_gettime timer_gettime32
252 timer_getoverrun
253 reserved253 ?
254 lookup_dcookie ?
255 available255 ?
256 add_key
257 request_key
258 keyctl
259 available259 ?
260 readahead
261 remap_file_pages
262 migrate_pages
263 mbind
264 get_mempolicy
265 set_mempolicy
266 unshare
267 move_pages
268 splice
269 tee
270 vmsplice
271 available271 ?
272 pselect6 pselect6_time32
273 ppoll ppoll_time32
274 epoll_pwait
275 epoll_create1
276 inotify_init
277 inotify_add_watch
278 inotify_rm_watch
279 inotify_init1
280 getcpu
281 kexec_load ?
282 ioprio_set
283 ioprio_get
284 set_robust_list
285 get_robust_list
286 available286 ?
287 available287 ?
288 openat
289 mkdirat
290 mknodat
291 unlinkat
292 renameat
293 linkat
294 symlinkat
295 readlinkat
296 utimensat utimensat_time32
297 fchownat
298 futimesat futimesat_time32
299 fstatat64
300 fchmodat
301 faccessat
302 available302 ?
303 available303 ?
304 signalfd
306 eventfd
307 recvmmsg recvmmsg_time32
308 setns
309 signalfd4
310 dup3
311 pipe2
312 timerfd_create
313 timerfd_settime timerfd_settime32
314 timerfd_gettime timerfd_gettime32
315 available315 ?
316 eventfd2
317 preadv
318 pwritev
319 available319 ?
320 fanotify_init
321 fanotify_mark
322 process_vm_readv
323 process_vm_writev
324 name_to_handle_at
325 open_by_handle_at
326 sync_file_range2
327 perf_event_open
328 rt_tgsigqueueinfo
329 clock_adjtime clock_adjtime32
330 prlimit64
331 kcmp
332 finit_module
333 accept4
334 sched_setattr
335 sched_getattr
336 renameat2
337 seccomp
338 getrandom
339 memfd_create
340 bpf
341 execveat
342 userfaultfd
343 membarrier
344 mlock2
345 copy_file_range
346 preadv2
347 pwritev2
348 pkey_mprotect
349 pkey_alloc
350 pkey_free
351 statx
352 rseq
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
