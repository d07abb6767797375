// SPDX-License-Identifier: MIT
// The machine -> the ABI of its own programs, and of the 32-bit programs that it also runs.

import { arch } from 'node:os';
import type { SyscallAbi } from './syscall-table.ts';

/** Node's name of the machine -> the ABI of its own programs, and of the 32-bit programs it also runs. */
const MACHINES: Readonly<Record<string, readonly [native: SyscallAbi, compat: SyscallAbi | undefined]>> = {
  x64: ['x86-64', 'i386'],
  ia32: ['i386', undefined],
  arm64: ['arm64', 'arm'],
  arm: ['arm', undefined],
  riscv64: ['riscv64', undefined],
  ppc64: ['powerpc64', 'powerpc'],
  s390x: ['s390x', undefined],
  loong64: ['loongarch64', undefined],
  mips: ['mips-o32', undefined],
  mipsel: ['mips-o32', undefined],
  mips64el: ['mips-n64', 'mips-o32'],
};

export function nativeAbi(): SyscallAbi | undefined {
  return MACHINES[arch()]?.[0];
}
export function compatAbi(): SyscallAbi | undefined {
  return MACHINES[arch()]?.[1];
}
