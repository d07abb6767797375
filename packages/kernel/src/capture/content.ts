// SPDX-License-Identifier: MIT
// C structures that system calls are given or fill -> their field classes. Members stand in C's order
// with C's padding written out, so that the bytes of memory are the bytes of the event record.

import { arch } from 'node:os';
import { structure, signedInteger, staticLengthString, unsignedInteger, type FieldClass } from '@lockstep/ctf/write';

export type ContentName = keyof typeof CONTENTS;

export interface Content {
  readonly name: ContentName;
  /** C types of pointers to it, without const; empty: captured for a reason of its own. */
  readonly typeNames: readonly string[];
  /** Bytes of one element that are captured; a structure may go on behind them. */
  readonly sizeBytes: number;
  /** Of an element in the event record. */
  readonly alignment: number;
  readonly fieldClass: FieldClass;
}

type Word = 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'x32' | 'x64';

const WORDS: Readonly<Record<Word, readonly [sizeBytes: number, fieldClass: FieldClass]>> = {
  i16: [2, signedInteger(16)],
  u16: [2, unsignedInteger(16)],
  i32: [4, signedInteger(32)],
  u32: [4, unsignedInteger(32)],
  i64: [8, signedInteger(64)],
  u64: [8, unsignedInteger(64)],
  x32: [4, unsignedInteger(32, { displayBase: 16 })],
  x64: [8, unsignedInteger(64, { displayBase: 16 })],
};

/** `words`: `name:word` in C's order. */
function make(typeNames: readonly string[], words: string): Omit<Content, 'name'> {
  const members = words.split(' ').map((word) => {
    const [name = '', kind = 'u32'] = word.split(':');
    return { name, word: WORDS[kind as Word] };
  });
  return {
    typeNames,
    sizeBytes: members.reduce((sum, member) => sum + member.word[0], 0),
    alignment: Math.max(...members.map((member) => member.word[0])),
    fieldClass: structure(members.map((member) => ({ name: member.name, fieldClass: member.word[1] }))),
  };
}

function plain(fieldClass: FieldClass, sizeBytes: number, typeNames: readonly string[] = []): Omit<Content, 'name'> {
  return { typeNames, sizeBytes, alignment: sizeBytes, fieldClass };
}

const UTSNAME_MEMBER_SIZE_BYTES = 65;

/** Structures that differ between architectures: x86-64 and powerpc64 have their own, the others asm-generic's. */
const IS_X86 = arch() === 'x64' || arch() === 'ia32';
const HAS_RESTORER = IS_X86 || arch() === 'arm64' || arch() === 'ppc64';
/** Packed: twelve bytes. */
const X86_EPOLL_EVENT = 'events:x32 data_low:x32 data_high:x32';
const GENERIC_EPOLL_EVENT = 'events:x32 _pad:u32 data_low:x32 data_high:x32';
const X86_SIGACTION = 'sa_handler:x64 sa_flags:x64 sa_restorer:x64 sa_mask:x64';
const GENERIC_SIGACTION = 'sa_handler:x64 sa_flags:x64 sa_mask:x64';
const X86_STAT =
  'st_dev:u64 st_ino:u64 st_nlink:u64 st_mode:u32 st_uid:u32 st_gid:u32 _pad:u32 st_rdev:u64 st_size:i64 st_blksize:i64 st_blocks:i64 ' +
  'st_atime:u64 st_atime_nsec:u64 st_mtime:u64 st_mtime_nsec:u64 st_ctime:u64 st_ctime_nsec:u64';
const GENERIC_STAT =
  'st_dev:u64 st_ino:u64 st_mode:u32 st_nlink:u32 st_uid:u32 st_gid:u32 st_rdev:u64 _pad:u64 st_size:i64 st_blksize:i32 _pad2:u32 st_blocks:i64 ' +
  'st_atime:u64 st_atime_nsec:u64 st_mtime:u64 st_mtime_nsec:u64 st_ctime:u64 st_ctime_nsec:u64';

const CONTENTS = {
  text: plain(unsignedInteger(8), 1),
  int: plain(signedInteger(32), 4),
  /** Decoded by sockaddr.ts: its members depend on the family. */
  sockaddr: plain(unsignedInteger(8), 1),
  timespec: make(['struct __kernel_timespec *'], 'tv_sec:i64 tv_nsec:i64'),
  timeval: make(['struct __kernel_old_timeval *'], 'tv_sec:i64 tv_usec:i64'),
  itimerspec: make(
    ['struct __kernel_itimerspec *'],
    'it_interval_sec:i64 it_interval_nsec:i64 it_value_sec:i64 it_value_nsec:i64',
  ),
  itimerval: make(
    ['struct __kernel_old_itimerval *'],
    'it_interval_sec:i64 it_interval_usec:i64 it_value_sec:i64 it_value_usec:i64',
  ),
  open_how: make(['struct open_how *'], 'flags:x64 mode:u64 resolve:x64'),
  clone_args: make(
    ['struct clone_args *'],
    'flags:x64 pidfd:x64 child_tid:x64 parent_tid:x64 exit_signal:u64 stack:x64 stack_size:u64 tls:x64',
  ),
  rlimit: make(['struct rlimit *'], 'rlim_cur:u64 rlim_max:u64'),
  rlimit64: make(['struct rlimit64 *'], 'rlim_cur:u64 rlim_max:u64'),
  epoll_event: make(['struct epoll_event *'], IS_X86 ? X86_EPOLL_EVENT : GENERIC_EPOLL_EVENT),
  pollfd: make([], 'fd:i32 events:u16 revents:u16'),
  iovec: make([], 'iov_base:x64 iov_len:u64'),
  user_msghdr: make(
    ['struct user_msghdr *'],
    'msg_name:x64 msg_namelen:i32 _pad:u32 msg_iov:x64 msg_iovlen:u64 msg_control:x64 msg_controllen:u64 msg_flags:x32 _pad2:u32',
  ),
  sched_param: make(['struct sched_param *'], 'sched_priority:i32'),
  sigset: make(['sigset_t *', 'compat_sigset_t *'], 'sig:x64'),
  sigaction: make(['struct sigaction *'], HAS_RESTORER ? X86_SIGACTION : GENERIC_SIGACTION),
  stat: make(['struct stat *'], IS_X86 || arch() === 'ppc64' ? X86_STAT : GENERIC_STAT),
  statx: make(
    ['struct statx *'],
    'stx_mask:x32 stx_blksize:u32 stx_attributes:x64 stx_nlink:u32 stx_uid:u32 stx_gid:u32 stx_mode:u16 _pad:u16 stx_ino:u64 stx_size:u64 ' +
      'stx_blocks:u64 stx_attributes_mask:x64 stx_atime_sec:i64 stx_atime_nsec:u32 _pad2:u32 stx_btime_sec:i64 stx_btime_nsec:u32 _pad3:u32 ' +
      'stx_ctime_sec:i64 stx_ctime_nsec:u32 _pad4:u32 stx_mtime_sec:i64 stx_mtime_nsec:u32 _pad5:u32',
  ),
  statfs: make(
    ['struct statfs *'],
    'f_type:x64 f_bsize:i64 f_blocks:u64 f_bfree:u64 f_bavail:u64 f_files:u64 f_ffree:u64 f_fsid:x64 f_namelen:i64 f_frsize:i64 f_flags:x64',
  ),
  rusage: make(
    ['struct rusage *'],
    'ru_utime_sec:i64 ru_utime_usec:i64 ru_stime_sec:i64 ru_stime_usec:i64 ru_maxrss:i64 ru_ixrss:i64 ru_idrss:i64 ru_isrss:i64 ' +
      'ru_minflt:i64 ru_majflt:i64 ru_nswap:i64 ru_inblock:i64 ru_oublock:i64 ru_msgsnd:i64 ru_msgrcv:i64 ru_nsignals:i64 ru_nvcsw:i64 ru_nivcsw:i64',
  ),
  siginfo: make(
    ['struct siginfo *', 'siginfo_t *'],
    'si_signo:i32 si_errno:i32 si_code:i32 _pad:u32 si_pid:i32 si_uid:u32 si_status:i32',
  ),
  sysinfo: make(
    ['struct sysinfo *'],
    'uptime:i64 load1:u64 load5:u64 load15:u64 totalram:u64 freeram:u64 sharedram:u64 bufferram:u64 totalswap:u64 freeswap:u64',
  ),
  tms: make(['struct tms *'], 'tms_utime:i64 tms_stime:i64 tms_cutime:i64 tms_cstime:i64'),
  utsname: {
    typeNames: ['struct new_utsname *'],
    sizeBytes: 6 * UTSNAME_MEMBER_SIZE_BYTES,
    alignment: 1,
    fieldClass: structure(
      ['sysname', 'nodename', 'release', 'version', 'machine', 'domainname'].map((name) => ({
        name,
        fieldClass: staticLengthString(UTSNAME_MEMBER_SIZE_BYTES),
      })),
    ),
  },
} satisfies Record<string, Omit<Content, 'name'>>;

export function content(name: ContentName): Content {
  return { name, ...CONTENTS[name] };
}

/** Each kind is a program more to load; 32-bit programs are rare. */
const FOR_32_BITS: ReadonlySet<ContentName> = new Set(['utsname', 'statx', 'epoll_event']);

/** The structure that a pointer of this C type points to, for programs of this width; undefined: not captured. */
export function contentOf(typeName: string, bits: 32 | 64): Content | undefined {
  for (const name of Object.keys(CONTENTS) as ContentName[]) {
    const found = content(name);
    if (found.typeNames.includes(typeName) && (bits === 64 || FOR_32_BITS.has(name))) return found;
  }
  return undefined;
}
