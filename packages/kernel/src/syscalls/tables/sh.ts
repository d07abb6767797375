// SPDX-License-Identifier: MIT
// The system calls of sh, made by tools/generate-syscall-tables.mjs from arch/sh/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-sh4-cross.
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
16 lchown lchown16
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
42 pipe sh_pipe
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
83 symlink
84 oldlstat lstat
85 readlink
86 uselib
87 swapon
88 reboot
89 readdir old_readdir
90 mmap
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
109 olduname uname
111 vhangup
114 wait4
115 swapoff
116 sysinfo
117 ipc
118 fsync
119 sigreturn
120 clone
121 setdomainname
122 uname newuname
123 cacheflush cacheflush.3
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
182 chown chown16
183 getcwd
184 capget
185 capset
186 sigaltstack
187 sendfile
190 vfork
191 ugetrlimit getrlimit
192 mmap2
193 truncate64
194 ftruncate64
195 stat64
196 lstat64
197 fstat64
198 lchown32 lchown
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
212 chown32 chown
213 setuid32 setuid
214 setgid32 setgid
215 setfsuid32 setfsuid
216 setfsgid32 setfsgid
217 pivot_root
218 mincore
219 madvise
220 getdents64
221 fcntl64
224 gettid
225 readahead
226 setxattr
227 lsetxattr
228 fsetxattr
229 getxattr
230 lgetxattr
231 fgetxattr
232 listxattr
233 llistxattr
234 flistxattr
235 removexattr
236 lremovexattr
237 fremovexattr
238 tkill
239 sendfile64
240 futex futex_time32
241 sched_setaffinity
242 sched_getaffinity
245 io_setup
246 io_destroy
247 io_getevents io_getevents_time32
248 io_submit
249 io_cancel
250 fadvise64
252 exit_group
253 lookup_dcookie ?
254 epoll_create
255 epoll_ctl
256 epoll_wait
257 remap_file_pages
258 set_tid_address
259 timer_create
260 timer_settime timer_settime32
261 timer_gettime timer_gettime32
262 timer_getoverrun
263 timer_delete
264 clock_settime clock_settime32
265 clock_gettime clock_gettime32
266 clock_getres clock_getres_time32
267 clock_nanosleep clock_nanosleep_time32
268 statfs64
269 fstatfs64
270 tgkill
271 utimes utimes_time32
272 fadvise64_64 fadvise64_64_wrapper
274 mbind
275 get_mempolicy
276 set_mempolicy
277 mq_open
278 mq_unlink
279 mq_timedsend mq_timedsend_time32
280 mq_timedreceive mq_timedreceive_time32
281 mq_notify
282 mq_getsetattr
283 kexec_load
284 waitid
285 add_key
286 request_key
287 keyctl
288 ioprio_set
289 ioprio_get
290 inotify_init
291 inotify_add_watch
292 inotify_rm_watch
294 migrate_pages
295 openat
296 mkdirat
297 mknodat
298 fchownat
299 futimesat futimesat_time32
300 fstatat64
301 unlinkat
302 renameat
303 linkat
304 symlinkat
305 readlinkat
306 fchmodat
307 faccessat
308 pselect6 pselect6_time32
309 ppoll ppoll_time32
310 unshare
311 set_robust_list
312 get_robust_list
313 splice
314 sync_file_range sh_sync_file_range6
315 tee
316 vmsplice
317 move_pages
318 getcpu
319 epoll_pwait
320 utimensat utimensat_time32
321 signalfd
322 timerfd_create
323 eventfd
324 fallocate
325 timerfd_settime timerfd_settime32
326 timerfd_gettime timerfd_gettime32
327 signalfd4
328 eventfd2
329 epoll_create1
330 dup3
331 pipe2
332 inotify_init1
333 preadv
334 pwritev
335 rt_tgsigqueueinfo
336 perf_event_open
337 fanotify_init
338 fanotify_mark
339 prlimit64
340 socket
341 bind
342 connect
343 listen
344 accept
345 getsockname
346 getpeername
347 socketpair
348 send
349 sendto
350 recv
351 recvfrom
352 shutdown
353 setsockopt
354 getsockopt
355 sendmsg
356 recvmsg
357 recvmmsg recvmmsg_time32
358 accept4
359 name_to_handle_at
360 open_by_handle_at
361 clock_adjtime clock_adjtime32
362 syncfs
363 sendmmsg
364 setns
365 process_vm_readv
366 process_vm_writev
367 kcmp
368 finit_module
369 sched_getattr
370 sched_setattr
371 renameat2
372 seccomp
373 getrandom
374 memfd_create
375 bpf
376 execveat
377 userfaultfd
378 membarrier
379 mlock2
380 copy_file_range
381 preadv2
382 pwritev2
383 statx
384 pkey_mprotect
385 pkey_alloc
386 pkey_free
387 rseq
388 sync_file_range2
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
