// SPDX-License-Identifier: MIT
// The system calls of m68k, made by tools/generate-syscall-tables.mjs from arch/m68k/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-m68k-cross.
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
16 chown chown16
18 oldstat stat
19 lseek
20 getpid
21 mount
22 umount oldumount
23 setuid setuid16
24 getuid getuid16
25 stime stime32
26 ptrace
27 alarm
28 oldfstat fstat
29 pause
30 utime utime32
33 access
34 nice
36 sync
37 kill
38 rename
39 mkdir
40 rmdir
41 dup
42 pipe
43 times
45 brk
46 setgid setgid16
47 getgid getgid16
48 signal
49 geteuid geteuid16
50 getegid getegid16
51 acct
52 umount2 umount
54 ioctl
55 fcntl
57 setpgid
60 umask
61 chroot
62 ustat
63 dup2
64 getppid
65 getpgrp
66 setsid
67 sigaction
68 sgetmask
69 ssetmask
70 setreuid setreuid16
71 setregid setregid16
72 sigsuspend
73 sigpending
74 sethostname
75 setrlimit
76 getrlimit old_getrlimit
77 getrusage
78 gettimeofday
79 settimeofday
80 getgroups getgroups16
81 setgroups setgroups16
82 select old_select
83 symlink
84 oldlstat lstat
85 readlink
86 uselib
87 swapon
88 reboot
89 readdir old_readdir
90 mmap old_mmap
91 munmap
92 truncate
93 ftruncate
94 fchmod
95 fchown fchown16
96 getpriority
97 setpriority
99 statfs
100 fstatfs
102 socketcall
103 syslog
104 setitimer
105 getitimer
106 stat newstat
107 lstat newlstat
108 fstat newfstat
111 vhangup
114 wait4
115 swapoff
116 sysinfo
117 ipc
118 fsync
119 sigreturn ?
120 clone
121 setdomainname
122 uname newuname
123 cacheflush cacheflush.2
124 adjtimex adjtimex_time32
125 mprotect
126 sigprocmask
127 create_module ?
128 init_module
129 delete_module
130 get_kernel_syms ?
131 quotactl
132 getpgid
133 fchdir
134 bdflush ?
135 sysfs
136 personality
138 setfsuid setfsuid16
139 setfsgid setfsgid16
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
164 setresuid setresuid16
165 getresuid getresuid16
166 getpagesize
167 query_module ?
168 poll
169 nfsservctl ?
170 setresgid setresgid16
171 getresgid getresgid16
172 prctl
173 rt_sigreturn
174 rt_sigaction
175 rt_sigprocmask
176 rt_sigpending
177 rt_sigtimedwait rt_sigtimedwait_time32
178 rt_sigqueueinfo
179 rt_sigsuspend
180 pread64
181 pwrite64
182 lchown lchown16
183 getcwd
184 capget
185 capset
186 sigaltstack
187 sendfile
188 getpmsg ?
189 putpmsg ?
190 vfork
191 ugetrlimit getrlimit
192 mmap2
193 truncate64
194 ftruncate64
195 stat64
196 lstat64
197 fstat64
198 chown32 chown
199 getuid32 getuid
200 getgid32 getgid
201 geteuid32 geteuid
202 getegid32 getegid
203 setreuid32 setreuid
204 setregid32 setregid
205 getgroups32 getgroups
206 setgroups32 setgroups
207 fchown32 fchown
208 setresuid32 setresuid
209 getresuid32 getresuid
210 setresgid32 setresgid
211 getresgid32 getresgid
212 lchown32 lchown
213 setuid32 setuid
214 setgid32 setgid
215 setfsuid32 setfsuid
216 setfsgid32 setfsgid
217 pivot_root
220 getdents64
221 gettid
222 tkill
223 setxattr
224 lsetxattr
225 fsetxattr
226 getxattr
227 lgetxattr
228 fgetxattr
229 listxattr
230 llistxattr
231 flistxattr
232 removexattr
233 lremovexattr
234 fremovexattr
235 futex futex_time32
236 sendfile64
237 mincore
238 madvise
239 fcntl64
240 readahead
241 io_setup
242 io_destroy
243 io_getevents io_getevents_time32
244 io_submit
245 io_cancel
246 fadvise64
247 exit_group
248 lookup_dcookie ?
249 epoll_create
250 epoll_ctl
251 epoll_wait
252 remap_file_pages
253 set_tid_address
254 timer_create
255 timer_settime timer_settime32
256 timer_gettime timer_gettime32
257 timer_getoverrun
258 timer_delete
259 clock_settime clock_settime32
260 clock_gettime clock_gettime32
261 clock_getres clock_getres_time32
262 clock_nanosleep clock_nanosleep_time32
263 statfs64
264 fstatfs64
265 tgkill
266 utimes utimes_time32
267 fadvise64_64
268 mbind
269 get_mempolicy
270 set_mempolicy
271 mq_open
272 mq_unlink
273 mq_timedsend mq_timedsend_time32
274 mq_timedreceive mq_timedreceive_time32
275 mq_notify
276 mq_getsetattr
277 waitid
279 add_key
280 request_key
281 keyctl
282 ioprio_set
283 ioprio_get
284 inotify_init
285 inotify_add_watch
286 inotify_rm_watch
287 migrate_pages
288 openat
289 mkdirat
290 mknodat
291 fchownat
292 futimesat futimesat_time32
293 fstatat64
294 unlinkat
295 renameat
296 linkat
297 symlinkat
298 readlinkat
299 fchmodat
300 faccessat
301 pselect6 pselect6_time32
302 ppoll ppoll_time32
303 unshare
304 set_robust_list
305 get_robust_list
306 splice
307 sync_file_range
308 tee
309 vmsplice
310 move_pages
311 sched_setaffinity
312 sched_getaffinity
313 kexec_load
314 getcpu
315 epoll_pwait
316 utimensat utimensat_time32
317 signalfd
318 timerfd_create
319 eventfd
320 fallocate
321 timerfd_settime timerfd_settime32
322 timerfd_gettime timerfd_gettime32
323 signalfd4
324 eventfd2
325 epoll_create1
326 dup3
327 pipe2
328 inotify_init1
329 preadv
330 pwritev
331 rt_tgsigqueueinfo
332 perf_event_open
333 get_thread_area get_thread_area.2
334 set_thread_area set_thread_area.3
335 atomic_cmpxchg_32
336 atomic_barrier
337 fanotify_init
338 fanotify_mark
339 prlimit64
340 name_to_handle_at
341 open_by_handle_at
342 clock_adjtime clock_adjtime32
343 syncfs
344 setns
345 process_vm_readv
346 process_vm_writev
347 kcmp
348 finit_module
349 sched_setattr
350 sched_getattr
351 renameat2
352 getrandom
353 memfd_create
354 bpf
355 execveat
356 socket
357 socketpair
358 bind
359 connect
360 listen
361 accept4
362 getsockopt
363 setsockopt
364 getsockname
365 getpeername
366 sendto
367 sendmsg
368 recvfrom
369 recvmsg
370 shutdown
371 recvmmsg recvmmsg_time32
372 sendmmsg
373 userfaultfd
374 membarrier
375 mlock2
376 copy_file_range
377 preadv2
378 pwritev2
379 statx
380 seccomp
381 pkey_mprotect
382 pkey_alloc
383 pkey_free
384 rseq
393 semget
394 semctl
395 shmget
396 shmctl
397 shmat
398 shmdt
399 msgget
400 msgsnd
401 msgrcv
402 msgctl
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
