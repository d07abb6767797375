// SPDX-License-Identifier: MIT
// What a system call's result says of its failure, by name: the specific context of every exit event,
// `errno`, an enumeration beside the payload. `ret` itself stays the integer that tools for LTTng traces
// read; and the four bytes lie where padding was, between the context of 4 bytes and a payload that
// begins with one of 8, so that they cost no room.

import { signedInteger, structure, type FieldClass, type IntegerRangeSet } from '@lockstep/ctf/write';
import { nativeAbi } from './native-abi.ts';

/** Numbers 1 to 34: of every architecture. */
const BASE =
  'EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ' +
  'ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE';

/** From 35 on, of asm-generic; a dash is a number without a name. */
const GENERIC =
  'EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI ' +
  'EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ' +
  'ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC ' +
  'EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ' +
  'EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ' +
  'ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE ' +
  'EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED ' +
  'EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON';

/** From 512 on: the kernel's own, which no program sees. A signal interrupts a call, which begins again behind it. */
const INTERNAL = 'ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ENOIOCTLCMD ERESTART_RESTARTBLOCK';

/** Architectures that number the others in their own way. */
const OTHER_NUMBERS = /^(?:mips|alpha|sparc|parisc)/;

export const ERRNO_CLASS: FieldClass = signedInteger(32, { mappings: makeMappings() });

/** Its name as a type of the metadata, where three hundred exits share it. */
export const ERRNO_TYPE_NAME = 'errno_t';

export const ERRNO_CONTEXT = structure({ errno: ERRNO_CLASS });

/** Results from -4095 to -1 are failures, whatever the call. */
export const LARGEST_ERRNO = 4095;

/** Of a result in two halves; 0: none. page-converter.ts has the same in its loop. */
export function errnoOf(low: number, high: number): number {
  return high === -1 && low < 0 && low >= -LARGEST_ERRNO ? -low : 0;
}

function makeMappings(): Readonly<Record<string, IntegerRangeSet>> {
  const mappings: Record<string, IntegerRangeSet> = { success: [[0n, 0n]] };
  const put = (names: string, first: number): void => {
    for (const [index, name] of names.split(' ').entries()) {
      const value = BigInt(first + index);
      if (name !== '-') mappings[name] = [[value, value]];
    }
  };
  put(BASE, 1);
  if (!OTHER_NUMBERS.test(nativeAbi() ?? '')) put(GENERIC, 35);
  put(INTERNAL, 512);
  return mappings;
}
