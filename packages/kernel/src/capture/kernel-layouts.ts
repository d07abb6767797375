// SPDX-License-Identifier: MIT
// Where each architecture keeps what the capturing programs read of a system call: the registers that the
// kernel saves (struct pt_regs, arch/*/include/asm/ptrace.h), and the bit that tells 32-bit programs.
// 64-bit little-endian machines. The first argument is read where a result does not overwrite it, so that
// at an exit it still is what the call was given.

/** Byte offsets in struct pt_regs, and in struct thread_info, which the kernel's types place in task_struct. */
export interface MachineLayout {
  readonly args: readonly number[];
  /** Of a 32-bit program; empty where the machine runs none. */
  readonly compatArgs: readonly number[];
  readonly number: number;
  readonly numberSizeBytes: 4 | 8;
  /** The word of thread_info that has the bit "a 32-bit system call". */
  readonly compatMember: string | undefined;
  readonly compatBit: number;
}

const X64: MachineLayout = {
  // di, si, dx, r10, r8, r9; orig_ax.
  args: [112, 104, 96, 56, 72, 64],
  // bx, cx, dx, si, di, bp.
  compatArgs: [40, 88, 96, 104, 112, 32],
  number: 120,
  numberSizeBytes: 8,
  // TS_COMPAT.
  compatMember: 'status',
  compatBit: 1,
};

const ARM64: MachineLayout = {
  // orig_x0, x1 to x5; syscallno, which has 32 bits.
  args: [272, 8, 16, 24, 32, 40],
  compatArgs: [272, 8, 16, 24, 32, 40],
  number: 280,
  numberSizeBytes: 4,
  // TIF_32BIT.
  compatMember: 'flags',
  compatBit: 22,
};

const RISCV64: MachineLayout = {
  // orig_a0, a1 to a5; a7.
  args: [280, 88, 96, 104, 112, 120],
  compatArgs: [],
  number: 136,
  numberSizeBytes: 8,
  compatMember: undefined,
  compatBit: 0,
};

const POWERPC64: MachineLayout = {
  // orig_gpr3, r4 to r8; r0.
  args: [272, 32, 40, 48, 56, 64],
  compatArgs: [],
  number: 0,
  numberSizeBytes: 8,
  compatMember: undefined,
  compatBit: 0,
};

const LOONGARCH64: MachineLayout = {
  // orig_a0, r5 to r9; r11.
  args: [256, 40, 48, 56, 64, 72],
  compatArgs: [],
  number: 88,
  numberSizeBytes: 8,
  compatMember: undefined,
  compatBit: 0,
};

/** By Node's name of the machine. */
export const MACHINE_LAYOUTS: Readonly<Record<string, MachineLayout>> = {
  x64: X64,
  arm64: ARM64,
  riscv64: RISCV64,
  ppc64: POWERPC64,
  loong64: LOONGARCH64,
};
