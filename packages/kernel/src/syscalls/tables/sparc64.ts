// SPDX-License-Identifier: MIT
// The system calls of sparc64, made by tools/generate-syscall-tables.mjs from arch/sparc/kernel/syscalls/syscall.tbl
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
11 execv nis_syscall
12 chdir
13 chown
14 mknod
15 chmod
16 lchown
17 brk
18 perfctr nis_syscall
19 lseek
20 getpid
21 capget
22 capset
23 setuid
24 getuid
25 vmsplice
26 ptrace
27 alarm
28 sigaltstack
29 pause nis_syscall
30 utime
33 access
34 nice
36 sync
37 kill
38 stat newstat
39 sendfile sendfile64
40 lstat newlstat
41 dup
42 pipe sparc_pipe
43 times
45 umount2 umount
46 setgid
47 getgid
48 signal
49 geteuid
50 getegid
51 acct
52 memory_ordering
54 ioctl
55 reboot
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
71 mmap
73 munmap 64_munmap
74 mprotect
75 madvise
76 vhangup
78 mincore
79 getgroups
80 setgroups
81 getpgrp
83 setitimer
85 swapon
86 getitimer
88 sethostname
90 dup2
92 fcntl
93 select
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
105 rt_sigtimedwait
106 rt_sigqueueinfo
107 rt_sigsuspend
108 setresuid
109 getresuid
110 setresgid
111 getresgid
113 recvmsg
114 sendmsg
116 gettimeofday
117 getrusage
118 getsockopt
119 getcwd
120 readv
121 writev
122 settimeofday
123 fchown
124 fchmod
125 recvfrom
126 setreuid
127 setregid
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
138 utimes
139 stat64
140 sendfile64
141 getpeername
142 futex
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
156 inotify_rm_watch
157 statfs
158 fstatfs
159 umount oldumount
160 sched_set_affinity sched_setaffinity
161 sched_get_affinity sched_getaffinity
162 getdomainname
163 setdomainname
164 utrap_install
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
183 sigpending nis_syscall
184 query_module ?
185 setpgid
186 fremovexattr
187 tkill
188 exit_group
189 uname newuname
190 init_module
191 personality sparc64_personality
192 remap_file_pages
193 epoll_create
194 epoll_ctl
195 epoll_wait
196 ioprio_set
197 getppid
198 sigaction nis_syscall
199 sgetmask
200 ssetmask
201 sigsuspend nis_syscall
202 oldlstat newlstat
203 uselib
204 readdir nis_syscall
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
215 ipc sparc_ipc
216 sigreturn nis_syscall
217 clone
218 ioprio_get
219 adjtimex sparc_adjtimex
220 sigprocmask nis_syscall
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
232 splice
233 stime
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
248 sched_rr_get_interval
249 nanosleep
250 mremap 64_mremap
251 _sysctl ?
252 getsid
253 fdatasync
254 nfsservctl nis_syscall
255 sync_file_range
256 clock_settime
257 clock_gettime
258 clock_getres
259 clock_nanosleep
260 sched_getaffinity
261 sched_setaffinity
262 timer_settime
263 timer_gettime
264 timer_getoverrun
265 timer_delete
266 timer_create
267 vserver nis_syscall
268 io_setup
269 io_destroy
270 io_submit
271 io_cancel
272 io_getevents
273 mq_open
274 mq_unlink
275 mq_timedsend
276 mq_timedreceive
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
288 futimesat
289 fstatat64
290 unlinkat
291 renameat
292 linkat
293 symlinkat
294 readlinkat
295 fchmodat
296 faccessat
297 pselect6
298 ppoll
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
310 utimensat
311 signalfd
312 timerfd_create
313 eventfd
314 fallocate
315 timerfd_settime
316 timerfd_gettime
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
328 recvmmsg
329 fanotify_init
330 fanotify_mark
331 prlimit64
332 name_to_handle_at
333 open_by_handle_at
334 clock_adjtime sparc_clock_adjtime
335 syncfs
336 sendmmsg
337 setns
338 process_vm_readv
339 process_vm_writev
340 kern_features
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
361 io_pgetevents
362 pkey_mprotect
363 pkey_alloc
364 pkey_free
365 rseq
392 semtimedop
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
