// SPDX-License-Identifier: MIT
// The system calls of arm, made by tools/generate-syscall-tables.mjs from arch/arm/tools/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-armhf-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
0 restart_syscall
1 exit
2 fork
3 read
4 write
5 open
6 close
8 creat
9 link
10 unlink
11 execve
12 chdir
14 mknod
15 chmod
16 lchown lchown16
19 lseek
20 getpid
21 mount
23 setuid setuid16
24 getuid getuid16
26 ptrace
29 pause
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
70 setreuid setreuid16
71 setregid setregid16
72 sigsuspend
73 sigpending
74 sethostname
75 setrlimit
77 getrusage
78 gettimeofday
79 settimeofday
80 getgroups getgroups16
81 setgroups setgroups16
83 symlink
85 readlink
86 uselib
87 swapon
88 reboot
91 munmap
92 truncate
93 ftruncate
94 fchmod
95 fchown fchown16
96 getpriority
97 setpriority
99 statfs
100 fstatfs
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
118 fsync
119 sigreturn
120 clone clone.2
121 setdomainname
122 uname newuname
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
217 getdents64
218 pivot_root
219 mincore
220 madvise
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
243 io_setup
244 io_destroy
245 io_getevents io_getevents_time32
246 io_submit
247 io_cancel
248 exit_group
249 lookup_dcookie ?
250 epoll_create
251 epoll_ctl
252 epoll_wait
253 remap_file_pages
256 set_tid_address
257 timer_create
258 timer_settime timer_settime32
259 timer_gettime timer_gettime32
260 timer_getoverrun
261 timer_delete
262 clock_settime clock_settime32
263 clock_gettime clock_gettime32
264 clock_getres clock_getres_time32
265 clock_nanosleep clock_nanosleep_time32
266 statfs64
267 fstatfs64
268 tgkill
269 utimes utimes_time32
270 arm_fadvise64_64
271 pciconfig_iobase
272 pciconfig_read
273 pciconfig_write
274 mq_open
275 mq_unlink
276 mq_timedsend mq_timedsend_time32
277 mq_timedreceive mq_timedreceive_time32
278 mq_notify
279 mq_getsetattr
280 waitid
281 socket
282 bind
283 connect
284 listen
285 accept
286 getsockname
287 getpeername
288 socketpair
289 send
290 sendto
291 recv
292 recvfrom
293 shutdown
294 setsockopt
295 getsockopt
296 sendmsg
297 recvmsg
298 semop
299 semget
300 semctl old_semctl
301 msgsnd
302 msgrcv
303 msgget
304 msgctl old_msgctl
305 shmat
306 shmdt
307 shmget
308 shmctl old_shmctl
309 add_key
310 request_key
311 keyctl
312 semtimedop semtimedop_time32
313 vserver ?
314 ioprio_set
315 ioprio_get
316 inotify_init
317 inotify_add_watch
318 inotify_rm_watch
319 mbind
320 get_mempolicy
321 set_mempolicy
322 openat
323 mkdirat
324 mknodat
325 fchownat
326 futimesat futimesat_time32
327 fstatat64
328 unlinkat
329 renameat
330 linkat
331 symlinkat
332 readlinkat
333 fchmodat
334 faccessat
335 pselect6 pselect6_time32
336 ppoll ppoll_time32
337 unshare
338 set_robust_list
339 get_robust_list
340 splice
341 arm_sync_file_range sync_file_range2
342 tee
343 vmsplice
344 move_pages
345 getcpu
346 epoll_pwait
347 kexec_load
348 utimensat utimensat_time32
349 signalfd
350 timerfd_create
351 eventfd
352 fallocate
353 timerfd_settime timerfd_settime32
354 timerfd_gettime timerfd_gettime32
355 signalfd4
356 eventfd2
357 epoll_create1
358 dup3
359 pipe2
360 inotify_init1
361 preadv
362 pwritev
363 rt_tgsigqueueinfo
364 perf_event_open
365 recvmmsg recvmmsg_time32
366 accept4
367 fanotify_init
368 fanotify_mark
369 prlimit64
370 name_to_handle_at
371 open_by_handle_at
372 clock_adjtime clock_adjtime32
373 syncfs
374 sendmmsg
375 setns
376 process_vm_readv
377 process_vm_writev
378 kcmp
379 finit_module
380 sched_setattr
381 sched_getattr
382 renameat2
383 seccomp
384 getrandom
385 memfd_create
386 bpf
387 execveat
388 userfaultfd
389 membarrier
390 mlock2
391 copy_file_range
392 preadv2
393 pwritev2
394 pkey_mprotect
395 pkey_alloc
396 pkey_free
397 statx
398 rseq
399 io_pgetevents io_pgetevents_time32
400 migrate_pages
401 kexec_file_load
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
