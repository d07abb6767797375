// SPDX-License-Identifier: MIT
// A C program that makes kernel events with payloads of our choice, as often as it is told: a thread's
// name (task_rename), a signal's numbers (signal_generate), arguments of a system call that fails
// (sys_enter_pread64). Compiled by cc; nothing else of the machine can be made to carry chosen values.

import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

export interface Payload {
  /** At most 15 bytes of printable ASCII. */
  readonly name: string;
  /** 32 bits, signed. */
  readonly code: number;
  readonly errno: number;
  /** 64 bits. */
  readonly count: bigint;
  readonly buffer: bigint;
  /** 32 bits in a register of 64: the upper half is as given. */
  readonly fd: bigint;
}

const SOURCE = `
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
static struct { char name[32]; int code, err; unsigned long count, buffer, fd; } all[4096];
int main(void) {
 int n = 0; char line[512];
 cpu_set_t set; CPU_ZERO(&set); CPU_SET(0, &set); sched_setaffinity(0, sizeof set, &set);
 signal(SIGUSR1, SIG_IGN);
 while (fgets(line, sizeof line, stdin) && line[0] != '.') {
  int at = 0;
  if (sscanf(line, "%d %d %lu %lu %lu %n", &all[n].code, &all[n].err, &all[n].count, &all[n].buffer, &all[n].fd, &at) < 5) return 1;
  strncpy(all[n].name, line + at, 31); all[n].name[strcspn(all[n].name, "\\n")] = 0;
  if (++n == 4096) break;
 }
 while (fgets(line, sizeof line, stdin)) {
  for (int i = 0; i < n; i++) {
   siginfo_t info; memset(&info, 0, sizeof info);
   info.si_signo = SIGUSR1; info.si_code = all[i].code; info.si_errno = all[i].err;
   prctl(PR_SET_NAME, all[i].name);
   syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
   syscall(SYS_pread64, all[i].fd, all[i].buffer, all[i].count, 0UL);
  }
  puts("done"); fflush(stdout);
 }
 return 0;
}
`;

/** Why it cannot be compiled here, or false. */
export const SKIP_WITHOUT_CC: string | false =
  spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0 ? false : 'There is no C compiler (cc).';

export class PayloadProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor(directory: string, payloads: readonly Payload[]) {
    writeFileSync(`${directory}/payload.c`, SOURCE);
    const compiled = spawnSync('cc', ['-O1', '-o', `${directory}/payload`, `${directory}/payload.c`], {
      encoding: 'utf8',
    });
    if (compiled.status !== 0) throw new Error(compiled.stderr);
    this.#child = spawn(`${directory}/payload`, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout });
    for (const { name, code, errno, count, buffer, fd } of payloads)
      this.#child.stdin.write(`${code} ${errno} ${count} ${buffer} ${fd} ${name}\n`);
    this.#child.stdin.write('.\n');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Makes the events of all payloads once. */
  async run(): Promise<void> {
    const done = once(this.#lines, 'line');
    this.#child.stdin.write('go\n');
    await done;
  }

  end(): void {
    this.#child.kill();
  }
}
