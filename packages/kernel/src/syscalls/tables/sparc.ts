// SPDX-License-Identifier: MIT
// The system calls of sparc, made by tools/generate-syscall-tables.mjs from arch/sparc/kernel/syscalls/syscall.tbl
// of Linux 6.12.117: a table, hence its length. Numbers compared with Debian's linux-libc-dev-sparc64-cross.
// A line: number, name, and the signature (signatures.ts) where it has another name; "?": none.

export const TABLE = `\
0 restart_syscall
1 exit
2 fork
3 read
4 write
5 open
6 close
7 wait4
8 creat
9 link
10 unlink
11 execv ?
12 chdir
13 chown chown16
14 mknod
15 chmod
16 lchown lchown16
17 brk
18 perfctr nis_syscall
19 lseek
20 getpid
21 capget
22 capset
23 setuid setuid16
24 getuid getuid16
25 vmsplice
26 ptrace
27 alarm
28 sigaltstack
29 pause
30 utime utime32
31 lchown32 lchown
32 fchown32 fchown
33 access
34 nice
35 chown32 chown
36 sync
37 kill
38 stat newstat
39 sendfile
40 lstat newlstat
41 dup
42 pipe sparc_pipe
43 times
44 getuid32 getuid
45 umount2 umount
46 setgid setgid16
47 getgid getgid16
48 signal
49 geteuid geteuid16
50 getegid getegid16
51 acct
53 getgid32 getgid
54 ioctl
55 reboot
56 mmap2
57 symlink
58 readlink
59 execve
60 umask
61 chroot
62 fstat newfstat
63 fstat64
64 getpagesize
65 msync
66 vfork
67 pread64
68 pwrite64
69 geteuid32 geteuid
70 getegid32 getegid
71 mmap
72 setreuid32 setreuid
73 munmap
74 mprotect
75 madvise
76 vhangup
77 truncate64
78 mincore
79 getgroups getgroups16
80 setgroups setgroups16
81 getpgrp
82 setgroups32 setgroups
83 setitimer
84 ftruncate64
85 swapon
86 getitimer
87 setuid32 setuid
88 sethostname
89 setgid32 setgid
90 dup2
91 setfsuid32 setfsuid
92 fcntl
93 select
94 setfsgid32 setfsgid
95 fsync
96 setpriority
97 socket
98 connect
99 accept
100 getpriority
101 rt_sigreturn
102 rt_sigaction rt_sigaction.3
103 rt_sigprocmask
104 rt_sigpending
105 rt_sigtimedwait rt_sigtimedwait_time32
106 rt_sigqueueinfo
107 rt_sigsuspend
108 setresuid32 setresuid
109 getresuid32 getresuid
110 setresgid32 setresgid
111 getresgid32 getresgid
112 setregid32 setregid
113 recvmsg
114 sendmsg
115 getgroups32 getgroups
116 gettimeofday
117 getrusage
118 getsockopt
119 getcwd
120 readv
121 writev
122 settimeofday
123 fchown fchown16
124 fchmod
125 recvfrom
126 setreuid setreuid16
127 setregid setregid16
128 rename
129 truncate
130 ftruncate
131 flock
132 lstat64
133 sendto
134 shutdown
135 socketpair
136 mkdir
137 rmdir
138 utimes utimes_time32
139 stat64
140 sendfile64
141 getpeername
142 futex futex_time32
143 gettid
144 getrlimit
145 setrlimit
146 pivot_root
147 prctl
148 pciconfig_read
149 pciconfig_write
150 getsockname
151 inotify_init
152 inotify_add_watch
153 poll
154 getdents64
155 fcntl64
156 inotify_rm_watch
157 statfs
158 fstatfs
159 umount oldumount
160 sched_set_affinity sched_setaffinity
161 sched_get_affinity sched_getaffinity
162 getdomainname
163 setdomainname
165 quotactl
166 set_tid_address
167 mount
168 ustat
169 setxattr
170 lsetxattr
171 fsetxattr
172 getxattr
173 lgetxattr
174 getdents
175 setsid
176 fchdir
177 fgetxattr
178 listxattr
179 llistxattr
180 flistxattr
181 removexattr
182 lremovexattr
183 sigpending
184 query_module ?
185 setpgid
186 fremovexattr
187 tkill
188 exit_group
189 uname newuname
190 init_module
191 personality
192 remap_file_pages sparc_remap_file_pages
193 epoll_create
194 epoll_ctl
195 epoll_wait
196 ioprio_set
197 getppid
198 sigaction sparc_sigaction
199 sgetmask
200 ssetmask
201 sigsuspend
202 oldlstat newlstat
203 uselib
204 readdir old_readdir
205 readahead
206 socketcall
207 syslog
208 lookup_dcookie ?
209 fadvise64
210 fadvise64_64
211 tgkill
212 waitpid
213 swapoff
214 sysinfo
215 ipc
216 sigreturn ?
217 clone
218 ioprio_get
219 adjtimex adjtimex_time32
220 sigprocmask
221 create_module ?
222 delete_module
223 get_kernel_syms ?
224 getpgid
225 bdflush ?
226 sysfs
227 afs_syscall nis_syscall
228 setfsuid setfsuid16
229 setfsgid setfsgid16
230 _newselect select
231 time time32
232 splice
233 stime stime32
234 statfs64
235 fstatfs64
236 _llseek llseek
237 mlock
238 munlock
239 mlockall
240 munlockall
241 sched_setparam
242 sched_getparam
243 sched_setscheduler
244 sched_getscheduler
245 sched_yield
246 sched_get_priority_max
247 sched_get_priority_min
248 sched_rr_get_interval sched_rr_get_interval_time32
249 nanosleep nanosleep_time32
250 mremap
251 _sysctl ?
252 getsid
253 fdatasync
254 nfsservctl ?
255 sync_file_range
256 clock_settime clock_settime32
257 clock_gettime clock_gettime32
258 clock_getres clock_getres_time32
259 clock_nanosleep clock_nanosleep_time32
260 sched_getaffinity
261 sched_setaffinity
262 timer_settime timer_settime32
263 timer_gettime timer_gettime32
264 timer_getoverrun
265 timer_delete
266 timer_create
267 vserver nis_syscall
268 io_setup
269 io_destroy
270 io_submit
271 io_cancel
272 io_getevents io_getevents_time32
273 mq_open
274 mq_unlink
275 mq_timedsend mq_timedsend_time32
276 mq_timedreceive mq_timedreceive_time32
277 mq_notify
278 mq_getsetattr
279 waitid
280 tee
281 add_key
282 request_key
283 keyctl
284 openat
285 mkdirat
286 mknodat
287 fchownat
288 futimesat futimesat_time32
289 fstatat64
290 unlinkat
291 renameat
292 linkat
293 symlinkat
294 readlinkat
295 fchmodat
296 faccessat
297 pselect6 pselect6_time32
298 ppoll ppoll_time32
299 unshare
300 set_robust_list
301 get_robust_list
302 migrate_pages
303 mbind
304 get_mempolicy
305 set_mempolicy
306 kexec_load
307 move_pages
308 getcpu
309 epoll_pwait
310 utimensat utimensat_time32
311 signalfd
312 timerfd_create
313 eventfd
314 fallocate
315 timerfd_settime timerfd_settime32
316 timerfd_gettime timerfd_gettime32
317 signalfd4
318 eventfd2
319 epoll_create1
320 dup3
321 pipe2
322 inotify_init1
323 accept4
324 preadv
325 pwritev
326 rt_tgsigqueueinfo
327 perf_event_open
328 recvmmsg recvmmsg_time32
329 fanotify_init
330 fanotify_mark
331 prlimit64
332 name_to_handle_at
333 open_by_handle_at
334 clock_adjtime clock_adjtime32
335 syncfs
336 sendmmsg
337 setns
338 process_vm_readv
339 process_vm_writev
340 kern_features ?
341 kcmp
342 finit_module
343 sched_setattr
344 sched_getattr
345 renameat2
346 seccomp
347 getrandom
348 memfd_create
349 bpf
350 execveat
351 membarrier
352 userfaultfd
353 bind
354 listen
355 setsockopt
356 mlock2
357 copy_file_range
358 preadv2
359 pwritev2
360 statx
361 io_pgetevents io_pgetevents_time32
362 pkey_mprotect
363 pkey_alloc
364 pkey_free
365 rseq
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
