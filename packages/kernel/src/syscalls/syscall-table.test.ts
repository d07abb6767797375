// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { test } from 'node:test';
import { parseEventFormat } from '../event-format.ts';
import { UNISTD_NAMES } from '../lttng-names.ts';
import { SKIP_WITHOUT_TRACEFS, tracefsPath } from '../testing/tracefs-or-skip.ts';
import { makeTable, SYSCALL_ABIS, syscallTable, type SyscallAbi } from './syscall-table.ts';
import { TABLE_TEXTS } from './tables/index.ts';

/** Written in assembler, or indirect: no C function tells their arguments. */
const WITHOUT_DESCRIPTION: Readonly<Partial<Record<SyscallAbi, readonly string[]>>> = {
  'mips-o32': ['syscall', 'sigreturn'],
  sparc: ['execv', 'sigreturn'],
  m68k: ['sigreturn'],
  alpha: ['osf_syscall', 'sigreturn'],
};
/** Calls that the kernel has dropped, or keeps a number for: their tables say sys_ni_syscall. */
const MAXIMUM_GONE = 100;

test('every table has more than 290 calls, each number and each name once', () => {
  for (const abi of SYSCALL_ABIS) {
    const lines = TABLE_TEXTS[abi].trim().split('\n');
    const table = syscallTable(abi);
    assert.ok(lines.length > 290, `${abi}: ${lines.length}`);
    assert.equal(table.byNumber.size, lines.length, `${abi}: numbers`);
    assert.equal(table.byName.size, lines.length, `${abi}: names`);
  }
});

test('what has no description is gone from the kernel, or stands in a named list', () => {
  for (const abi of SYSCALL_ABIS) {
    const without = [...syscallTable(abi).byNumber.values()].filter((call) => call.args === undefined);
    const named = WITHOUT_DESCRIPTION[abi] ?? [];
    for (const name of named)
      assert.ok(
        without.some((call) => call.name === name),
        `${abi} ${name}`,
      );
    assert.ok(without.length - named.length <= MAXIMUM_GONE, `${abi}: ${without.length}`);
    for (const name of ['read', 'write', 'close', 'openat', 'execve', 'futex', 'clone', 'bpf', 'io_uring_setup'])
      assert.ok(abi === 'riscv32' || syscallTable(abi).byName.get(name)?.args !== undefined, `${abi} ${name}`);
  }
});

test('architectures order the arguments of clone as their kernels do', () => {
  const names = (abi: SyscallAbi) =>
    syscallTable(abi)
      .byName.get('clone')
      ?.args?.map((arg) => arg.name);
  assert.deepEqual(names('x86-64'), ['clone_flags', 'newsp', 'parent_tidptr', 'child_tidptr', 'tls']);
  assert.deepEqual(names('i386'), ['clone_flags', 'newsp', 'parent_tidptr', 'tls', 'child_tidptr']);
  assert.deepEqual(names('s390x')?.slice(0, 2), ['newsp', 'clone_flags']);
  assert.deepEqual(names('microblaze')?.[2], 'stack_size');
});

test('pointers know who reads and who fills them', () => {
  const directions = (name: string) =>
    Object.fromEntries((syscallTable('x86-64').byName.get(name)?.args ?? []).map((arg) => [arg.name, arg.direction]));
  assert.deepEqual(directions('read'), { fd: 'in', buf: 'out', count: 'in' });
  assert.deepEqual(directions('accept4'), { fd: 'in', upeer_sockaddr: 'out', upeer_addrlen: 'inout', flags: 'in' });
  assert.deepEqual(directions('execve'), { filename: 'in', argv: 'in', envp: 'in' });
});

test('an additions file teaches calls, and is refused with its line when it makes no sense', () => {
  const file = (text: string) => ({ path: '/tmp/syscalls', text });
  const table = makeTable(
    'x86-64',
    TABLE_TEXTS['x86-64'],
    file('# ours\nx86-64 0x3e8 frobnicate(int fd, >char * buf)\n'),
  );
  assert.deepEqual(table.byNumber.get(1000)?.args, [
    { name: 'fd', typeName: 'int', direction: 'in' },
    { name: 'buf', typeName: 'char *', direction: 'out' },
  ]);
  for (const wrong of [
    'x86-65 1 a()',
    'x86-64 one a()',
    'x86-64 1 a(int)',
    'x86-64 1 a(int a,int b,int c,int d,int e,int f,int g)',
  ])
    assert.throws(() => makeTable('x86-64', '', file(`\n${wrong}`)), /makes no sense.*line=2/);
});

test("the numbers of x86 are those of this machine's C headers", (t) => {
  const directory = '/usr/include/x86_64-linux-gnu/asm';
  if (!existsSync(`${directory}/unistd_64.h`)) return t.skip('no C headers of x86 here (Debian: linux-libc-dev)');
  for (const [abi, file] of [
    ['x86-64', 'unistd_64.h'],
    ['i386', 'unistd_32.h'],
  ] as const) {
    const text = readFileSync(`${directory}/${file}`, 'utf8');
    const numbers = [...text.matchAll(/^#define __NR_(\w+) (\d+)/gm)];
    assert.ok(numbers.length > 300);
    for (const [, name, number] of numbers)
      assert.equal(syscallTable(abi).byName.get(name ?? '')?.number, Number(number), `${abi} ${name}`);
  }
});

test("the arguments of x86-64 are those of the running kernel's own formats", { skip: SKIP_WITHOUT_TRACEFS }, (t) => {
  if (arch() !== 'x64') return t.skip(`this machine is ${arch()}, not x64`);
  const directory = `${tracefsPath}/events/syscalls`;
  if (!existsSync(directory)) return t.skip('this kernel has no formats of system calls');
  let compared = 0;
  const differing: string[] = [];
  for (const event of readdirSync(directory).filter((name) => name.startsWith('sys_enter_'))) {
    const format = parseEventFormat('syscalls', readFileSync(`${directory}/${event}/format`, 'utf8'));
    const name = event.slice('sys_enter_'.length);
    const call = syscallTable('x86-64').byName.get(UNISTD_NAMES[name] ?? name);
    if (call?.args === undefined) continue;
    const theirs = format?.fields.filter((field) => field.name !== '__syscall_nr').map((field) => field.name);
    compared++;
    if (JSON.stringify(theirs) !== JSON.stringify(call.args.map((arg) => arg.name))) differing.push(name);
  }
  assert.ok(compared > 300, `${compared} compared`);
  // Another version of the kernel may have renamed some.
  assert.ok(differing.length <= 10, differing.join(' '));
});
