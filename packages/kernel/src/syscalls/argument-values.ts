// SPDX-License-Identifier: MIT
// What the numbers of system call arguments mean: names for flags and choices, by the argument's
// meaning. Values are those of asm-generic and of x86, and of arm and powerpc where theirs differ; other
// machines that number otherwise (mips, sparc, alpha, parisc) get plain integers.

import { arch } from 'node:os';

import type { IntegerRangeSet } from '@lockstep/ctf/write';

export type Meanings = Readonly<Record<string, number>>;

const SIGNALS: Meanings = numbered(
  'SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT ' +
    'SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS',
  1,
);

const OPEN_FLAGS: Meanings = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0x40,
  O_EXCL: 0x80,
  O_NOCTTY: 0x100,
  O_TRUNC: 0x200,
  O_APPEND: 0x400,
  O_NONBLOCK: 0x800,
  O_DSYNC: 0x1000,
  FASYNC: 0x2000,
  O_DIRECT: 0x4000,
  O_LARGEFILE: 0x8000,
  O_DIRECTORY: 0x10000,
  O_NOFOLLOW: 0x20000,
  O_NOATIME: 0x40000,
  O_CLOEXEC: 0x80000,
  __O_SYNC: 0x100000,
  O_PATH: 0x200000,
  __O_TMPFILE: 0x400000,
};

/** Of arch/arm and arch/arm64, of arch/powerpc (include/uapi/asm/fcntl.h, mman.h). */
const ARM_OPEN_FLAGS: Meanings = { O_DIRECTORY: 0x4000, O_NOFOLLOW: 0x8000, O_DIRECT: 0x10000, O_LARGEFILE: 0x20000 };
const POWERPC_OPEN_FLAGS: Meanings = { ...ARM_OPEN_FLAGS, O_LARGEFILE: 0x10000, O_DIRECT: 0x20000 };
const POWERPC_MAP_FLAGS: Meanings = { MAP_NORESERVE: 0x40, MAP_LOCKED: 0x80 };
const X86_MAP_FLAGS: Meanings = { MAP_32BIT: 0x40 };

const AT_FLAGS: Meanings = {
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_EACCESS: 0x200,
  AT_SYMLINK_FOLLOW: 0x400,
  AT_NO_AUTOMOUNT: 0x800,
  AT_EMPTY_PATH: 0x1000,
  AT_STATX_FORCE_SYNC: 0x2000,
  AT_STATX_DONT_SYNC: 0x4000,
  AT_RECURSIVE: 0x8000,
};

const CLONE_FLAGS: Meanings = {
  CLONE_NEWTIME: 0x80,
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_PIDFD: 0x1000,
  CLONE_PTRACE: 0x2000,
  CLONE_VFORK: 0x4000,
  CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x10000,
  CLONE_NEWNS: 0x20000,
  CLONE_SYSVSEM: 0x40000,
  CLONE_SETTLS: 0x80000,
  CLONE_PARENT_SETTID: 0x100000,
  CLONE_CHILD_CLEARTID: 0x200000,
  CLONE_DETACHED: 0x400000,
  CLONE_UNTRACED: 0x800000,
  CLONE_CHILD_SETTID: 0x1000000,
  CLONE_NEWCGROUP: 0x2000000,
  CLONE_NEWUTS: 0x4000000,
  CLONE_NEWIPC: 0x8000000,
  CLONE_NEWUSER: 0x10000000,
  CLONE_NEWPID: 0x20000000,
  CLONE_NEWNET: 0x40000000,
  CLONE_IO: 0x80000000,
};

const MAP_FLAGS: Meanings = {
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x10000,
  MAP_STACK: 0x20000,
  MAP_HUGETLB: 0x40000,
  MAP_SYNC: 0x80000,
  MAP_FIXED_NOREPLACE: 0x100000,
};

const PROTECTION: Meanings = { PROT_NONE: 0, PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4, PROT_SEM: 8 };

const ADDRESS_FAMILIES = numbered(
  'AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet ' +
    'AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET',
  0,
);
const SOCKET_TYPES: Meanings = {
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_RDM: 4,
  SOCK_SEQPACKET: 5,
  SOCK_DCCP: 6,
  SOCK_PACKET: 10,
};
const SOCKET_FLAGS: Meanings = { SOCK_NONBLOCK: 0x800, SOCK_CLOEXEC: 0x80000 };
const SEEK = numbered('SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE', 0);
const FCNTL = numbered(
  'F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_SETSIG F_GETSIG',
  0,
);
const FCNTL_LINUX: Meanings = {
  F_SETLEASE: 1024,
  F_GETLEASE: 1025,
  F_NOTIFY: 1026,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
  F_OFD_GETLK: 36,
  F_OFD_SETLK: 37,
  F_OFD_SETLKW: 38,
};
const FUTEX = numbered(
  'FUTEX_WAIT FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI ' +
    'FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_REQUEUE_PI FUTEX_CMP_REQUEUE_PI FUTEX_LOCK_PI2',
  0,
);
const EPOLL_OPERATIONS = numbered('EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD', 1);
const SIGNAL_MASK_OPERATIONS = numbered('SIG_BLOCK SIG_UNBLOCK SIG_SETMASK', 0);
const CLOCKS = numbered(
  'CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID CLOCK_MONOTONIC_RAW CLOCK_REALTIME_COARSE ' +
    'CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM CLOCK_SGI_CYCLE CLOCK_TAI',
  0,
);
const MADVISE: Meanings = {
  ...numbered('MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED', 0),
  ...numbered('MADV_FREE MADV_REMOVE MADV_DONTFORK MADV_DOFORK', 8),
  ...numbered(
    'MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK MADV_KEEPONFORK MADV_COLD MADV_PAGEOUT ' +
      'MADV_POPULATE_READ MADV_POPULATE_WRITE MADV_DONTNEED_LOCKED MADV_COLLAPSE',
    12,
  ),
};
const ACCESS: Meanings = { X_OK: 1, W_OK: 2, R_OK: 4 };
const MESSAGE_FLAGS: Meanings = {
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTROUTE: 4,
  MSG_CTRUNC: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_CMSG_CLOEXEC: 0x40000000,
};
const RESOURCES = numbered(
  'RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC RLIMIT_NOFILE RLIMIT_MEMLOCK RLIMIT_AS ' +
    'RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME',
  0,
);
const WAIT_OPTIONS: Meanings = {
  WNOHANG: 1,
  WUNTRACED: 2,
  WEXITED: 4,
  WCONTINUED: 8,
  WNOWAIT: 0x1000000,
  __WALL: 0x40000000,
};
const SHUTDOWN = numbered('SHUT_RD SHUT_WR SHUT_RDWR', 0);
const FLOCK: Meanings = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 };
const RANDOM: Meanings = { GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 };

/** `CALL.ARGUMENT`; a `*` in the call's place stands for all. The first that fits counts. */
const ARGUMENTS: readonly (readonly [call: RegExp, argument: RegExp, meanings: Meanings])[] = [
  [/^(?:open|openat|pipe2|dup3)$/, /^flags$/, OPEN_FLAGS],
  [
    /^(?:eventfd2|timerfd_create|signalfd4|inotify_init1|epoll_create1)$/,
    /^flags$/,
    { O_NONBLOCK: 0x800, O_CLOEXEC: 0x80000, EFD_SEMAPHORE: 1 },
  ],
  [/^(?:clone)$/, /^clone_flags$/, CLONE_FLAGS],
  [/^unshare$/, /^unshare_flags$/, CLONE_FLAGS],
  [/^setns$/, /^flags$/, CLONE_FLAGS],
  [/^(?:mmap|mmap2|mmap_pgoff)$/, /^flags$/, MAP_FLAGS],
  [/^(?:mmap|mmap2|mmap_pgoff|mprotect|pkey_mprotect)$/, /^prot$/, PROTECTION],
  [/^(?:socket|socketpair)$/, /^family$/, ADDRESS_FAMILIES],
  [/^(?:socket|socketpair)$/, /^type$/, { ...SOCKET_TYPES, ...SOCKET_FLAGS }],
  [/^accept4$/, /^flags$/, SOCKET_FLAGS],
  [/^(?:lseek|llseek|_llseek)$/, /^whence$/, SEEK],
  [/^(?:fcntl|fcntl64)$/, /^cmd$/, { ...FCNTL, ...FCNTL_LINUX }],
  [/^(?:futex|futex_time64)$/, /^op$/, { ...FUTEX, FUTEX_PRIVATE_FLAG: 0x80, FUTEX_CLOCK_REALTIME: 0x100 }],
  [/^epoll_ctl$/, /^op$/, EPOLL_OPERATIONS],
  [/^(?:rt_sigprocmask|sigprocmask)$/, /^how$/, SIGNAL_MASK_OPERATIONS],
  [/^clock_|^timer(?:fd)?_create$/, /^(?:which_clock|clockid)$/, CLOCKS],
  [/^madvise$/, /^behavior$/, MADVISE],
  [/^(?:access|faccessat|faccessat2)$/, /^mode$/, ACCESS],
  [/^(?:send|recv)/, /^flags$/, MESSAGE_FLAGS],
  [/^(?:getrlimit|setrlimit|prlimit64|ugetrlimit)$/, /^resource$/, RESOURCES],
  [/^(?:wait4|waitid|waitpid)$/, /^options$/, WAIT_OPTIONS],
  [/^shutdown$/, /^how$/, SHUTDOWN],
  [/^flock$/, /^cmd$/, FLOCK],
  [/^getrandom$/, /^flags$/, RANDOM],
  [
    /^(?:newfstatat|fstatat64|fchownat|linkat|statx|utimensat|faccessat2|execveat|name_to_handle_at|fchmodat2)$/,
    /^(?:flag|flags)$/,
    AT_FLAGS,
  ],
  [/^unlinkat$/, /^flag$/, { AT_REMOVEDIR: 0x200 }],
  [/^(?:renameat2)$/, /^flags$/, { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 }],
  [
    /^(?:kill|tkill|tgkill|rt_sigaction|sigaction|signal|rt_sigqueueinfo|rt_tgsigqueueinfo|pidfd_send_signal)$/,
    /^sig$/,
    SIGNALS,
  ],
];

/** Names of the values of an argument on `machine` (Node's name of it); undefined: it is a number. */
export function meaningsOf(
  call: string,
  argument: string,
  machine: string = arch(),
): Readonly<Record<string, IntegerRangeSet>> | undefined {
  const found = ARGUMENTS.find(([calls, names]) => names.test(argument) && calls.test(call));
  if (found === undefined || /^(?:mips|sparc|alpha|hppa)/.test(machine)) return undefined;
  const meanings = { ...found[2], ...differing(found[2], machine) };
  return Object.fromEntries(Object.entries(meanings).map(([name, value]) => [name, [[BigInt(value), BigInt(value)]]]));
}

function differing(meanings: Meanings, machine: string): Meanings {
  if (meanings === OPEN_FLAGS && machine.startsWith('arm')) return ARM_OPEN_FLAGS;
  if (meanings === OPEN_FLAGS && machine.startsWith('ppc')) return POWERPC_OPEN_FLAGS;
  if (meanings === MAP_FLAGS && machine.startsWith('ppc')) return POWERPC_MAP_FLAGS;
  return meanings === MAP_FLAGS && (machine === 'x64' || machine === 'ia32') ? X86_MAP_FLAGS : {};
}

function numbered(names: string, first: number): Meanings {
  return Object.fromEntries(names.split(' ').map((name, index) => [name, first + index]));
}
