// SPDX-License-Identifier: MIT
// All tables by the name of their ABI; made by tools/generate-syscall-tables.mjs.

import { TABLE as table_alpha } from './alpha.ts';
import { TABLE as table_arc } from './arc.ts';
import { TABLE as table_arm } from './arm.ts';
import { TABLE as table_arm64 } from './arm64.ts';
import { TABLE as table_csky } from './csky.ts';
import { TABLE as table_hexagon } from './hexagon.ts';
import { TABLE as table_i386 } from './i386.ts';
import { TABLE as table_loongarch64 } from './loongarch64.ts';
import { TABLE as table_m68k } from './m68k.ts';
import { TABLE as table_microblaze } from './microblaze.ts';
import { TABLE as table_mips_n32 } from './mips-n32.ts';
import { TABLE as table_mips_n64 } from './mips-n64.ts';
import { TABLE as table_mips_o32 } from './mips-o32.ts';
import { TABLE as table_nios2 } from './nios2.ts';
import { TABLE as table_openrisc } from './openrisc.ts';
import { TABLE as table_parisc } from './parisc.ts';
import { TABLE as table_parisc64 } from './parisc64.ts';
import { TABLE as table_powerpc } from './powerpc.ts';
import { TABLE as table_powerpc64 } from './powerpc64.ts';
import { TABLE as table_riscv32 } from './riscv32.ts';
import { TABLE as table_riscv64 } from './riscv64.ts';
import { TABLE as table_s390x } from './s390x.ts';
import { TABLE as table_sh } from './sh.ts';
import { TABLE as table_sparc } from './sparc.ts';
import { TABLE as table_sparc64 } from './sparc64.ts';
import { TABLE as table_x32 } from './x32.ts';
import { TABLE as table_x86_64 } from './x86-64.ts';
import { TABLE as table_xtensa } from './xtensa.ts';

export const TABLE_TEXTS = {
  alpha: table_alpha,
  arc: table_arc,
  arm: table_arm,
  arm64: table_arm64,
  csky: table_csky,
  hexagon: table_hexagon,
  i386: table_i386,
  loongarch64: table_loongarch64,
  m68k: table_m68k,
  microblaze: table_microblaze,
  'mips-n32': table_mips_n32,
  'mips-n64': table_mips_n64,
  'mips-o32': table_mips_o32,
  nios2: table_nios2,
  openrisc: table_openrisc,
  parisc: table_parisc,
  parisc64: table_parisc64,
  powerpc: table_powerpc,
  powerpc64: table_powerpc64,
  riscv32: table_riscv32,
  riscv64: table_riscv64,
  s390x: table_s390x,
  sh: table_sh,
  sparc: table_sparc,
  sparc64: table_sparc64,
  x32: table_x32,
  'x86-64': table_x86_64,
  xtensa: table_xtensa,
} as const;
