// SPDX-License-Identifier: MIT
// The ABIs whose system calls are described: where in the kernel's source their table lies, which of
// its rows count, and which of Debian's cross headers tell the same numbers.

/**
 * `table`: file in the kernel's source; `rows`: the words of its second column that count (for the
 * generic table more come from the architecture's Makefile.syscalls); `base`: added to every number.
 * `headers`: package, include directory and what the preprocessor has to be told; none: unverified.
 */
export const ABIS = [
  abi(
    'x86-64',
    'x86',
    64,
    'arch/x86/entry/syscalls/syscall_64.tbl',
    ['common', '64'],
    header('amd64', 'x86_64-linux-gnu'),
  ),
  abi(
    'x32',
    'x86',
    32,
    'arch/x86/entry/syscalls/syscall_64.tbl',
    ['common', 'x32'],
    header('x32', 'x86_64-linux-gnux32', ['-m32', '-D__x86_64__', '-D__ILP32__']),
  ),
  abi(
    'i386',
    'x86',
    32,
    'arch/x86/entry/syscalls/syscall_32.tbl',
    ['i386'],
    header('i386', 'i686-linux-gnu', ['-m32', '-D__i386__']),
  ),
  abi(
    'arm',
    'arm',
    32,
    'arch/arm/tools/syscall.tbl',
    ['common'],
    header('armhf', 'arm-linux-gnueabihf', ['-m32', '-D__ARM_EABI__']),
  ),
  abi('arm64', 'arm64', 64, 'scripts/syscall.tbl', 'generic', header('arm64', 'aarch64-linux-gnu')),
  abi(
    'riscv64',
    'riscv',
    64,
    'scripts/syscall.tbl',
    'generic',
    header('riscv64', 'riscv64-linux-gnu', ['-D__riscv_xlen=64']),
  ),
  abi(
    'riscv32',
    'riscv',
    32,
    'scripts/syscall.tbl',
    'generic',
    header('riscv64', 'riscv64-linux-gnu', ['-m32', '-D__riscv_xlen=32']),
  ),
  abi(
    'powerpc',
    'powerpc',
    32,
    'arch/powerpc/kernel/syscalls/syscall.tbl',
    ['common', 'nospu', '32'],
    header('powerpc', 'powerpc-linux-gnu', ['-m32']),
  ),
  abi(
    'powerpc64',
    'powerpc',
    64,
    'arch/powerpc/kernel/syscalls/syscall.tbl',
    ['common', 'nospu', '64'],
    header('ppc64el', 'powerpc64le-linux-gnu', ['-D__powerpc64__']),
  ),
  abi(
    's390x',
    's390',
    64,
    'arch/s390/kernel/syscalls/syscall.tbl',
    ['common', '64'],
    header('s390x', 's390x-linux-gnu', ['-D__s390x__']),
  ),
  abi(
    'mips-o32',
    'mips',
    32,
    'arch/mips/kernel/syscalls/syscall_o32.tbl',
    ['o32'],
    header('mipsel', 'mipsel-linux-gnu', MIPS_SIM(1)),
    4000,
  ),
  abi(
    'mips-n32',
    'mips',
    32,
    'arch/mips/kernel/syscalls/syscall_n32.tbl',
    ['n32'],
    header('mipsn32el', 'mips64el-linux-gnuabin32', MIPS_SIM(2)),
    6000,
  ),
  abi(
    'mips-n64',
    'mips',
    64,
    'arch/mips/kernel/syscalls/syscall_n64.tbl',
    ['n64'],
    header('mips64el', 'mips64el-linux-gnuabi64', MIPS_SIM(3)),
    5000,
  ),
  abi(
    'sparc',
    'sparc',
    32,
    'arch/sparc/kernel/syscalls/syscall.tbl',
    ['common', '32'],
    header('sparc64', 'sparc64-linux-gnu', ['-m32']),
  ),
  abi(
    'sparc64',
    'sparc',
    64,
    'arch/sparc/kernel/syscalls/syscall.tbl',
    ['common', '64'],
    header('sparc64', 'sparc64-linux-gnu', ['-D__arch64__']),
  ),
  abi('loongarch64', 'loongarch', 64, 'scripts/syscall.tbl', 'generic'),
  abi(
    'm68k',
    'm68k',
    32,
    'arch/m68k/kernel/syscalls/syscall.tbl',
    ['common'],
    header('m68k', 'm68k-linux-gnu', ['-m32']),
  ),
  abi('alpha', 'alpha', 64, 'arch/alpha/kernel/syscalls/syscall.tbl', ['common'], header('alpha', 'alpha-linux-gnu')),
  abi(
    'parisc',
    'parisc',
    32,
    'arch/parisc/kernel/syscalls/syscall.tbl',
    ['common', '32'],
    header('hppa', 'hppa-linux-gnu', ['-m32']),
  ),
  abi(
    'parisc64',
    'parisc',
    64,
    'arch/parisc/kernel/syscalls/syscall.tbl',
    ['common', '64'],
    header('hppa', 'hppa-linux-gnu', ['-D__LP64__']),
  ),
  abi('sh', 'sh', 32, 'arch/sh/kernel/syscalls/syscall.tbl', ['common'], header('sh4', 'sh4-linux-gnu', ['-m32'])),
  abi('xtensa', 'xtensa', 32, 'arch/xtensa/kernel/syscalls/syscall.tbl', ['common']),
  abi('microblaze', 'microblaze', 32, 'arch/microblaze/kernel/syscalls/syscall.tbl', ['common']),
  abi('openrisc', 'openrisc', 32, 'scripts/syscall.tbl', 'generic'),
  abi('arc', 'arc', 32, 'scripts/syscall.tbl', 'generic', header('arc', 'arc-linux-gnu', ['-m32'])),
  abi('csky', 'csky', 32, 'scripts/syscall.tbl', 'generic'),
  abi('nios2', 'nios2', 32, 'scripts/syscall.tbl', 'generic'),
  abi('hexagon', 'hexagon', 32, 'scripts/syscall.tbl', 'generic'),
];

function abi(name, arch, bits, table, rows, headers, base = 0) {
  return { name, arch, bits, table, rows, headers, base };
}

function header(debianArch, directory, flags = []) {
  return { package: `linux-libc-dev-${debianArch}-cross`, directory, flags };
}

function MIPS_SIM(sim) {
  return [
    '-D_MIPS_SIM_ABI32=1',
    '-D_MIPS_SIM_NABI32=2',
    '-D_MIPS_SIM_ABI64=3',
    `-D_MIPS_SIM=${sim}`,
    ...(sim === 3 ? [] : ['-m32']),
  ];
}

/**
 * Numbers that the headers have and the kernel's table names otherwise or not at all: removed calls
 * that user space may still try, macros that are no call, and names that the header gives a second time.
 */
export const HEADER_ONLY =
  /^(?:ARM_|BASE$|Linux(?:_syscalls)?$|O32_|N32_|64_|syscalls?$|SYSCALL_|OABI_|EABI_|arch_specific_syscall$)/;

/** Who passes clone's arguments in another order (CLONE_BACKWARDS in arch/ARCH/Kconfig). */
export const CLONE_ORDERS = {
  1: ['x86-32', 'arc', 'arm', 'arm64', 'mips', 'parisc', 'powerpc', 'riscv', 'xtensa'],
  2: ['s390'],
  3: ['microblaze'],
};
