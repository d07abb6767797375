// SPDX-License-Identifier: MIT
// State dumps of made-up processes.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { dumpInto, payloadsOf, readRecords } from '../testing/dumped-records.ts';
import { generateProc, generateSys, type GeneratedProcess } from '../testing/generated-proc.ts';
import { DEFAULT_LIMITS } from './dump-context.ts';
import { parseInterrupts } from './dump-machine.ts';
import { parseMemoryMap } from './dump-memory-maps.ts';
import { parseMount } from './dump-processes.ts';
import { IdMap } from './namespace-tree.ts';
import { parseThreadStat } from './thread-stat.ts';

function makeRoots(t: TestContext, processes: Iterable<GeneratedProcess>) {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-dump-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const roots = { procDirectory: join(directory, 'proc'), sysDirectory: join(directory, 'sys') };
  generateProc(roots.procDirectory, processes);
  generateSys(roots.sysDirectory);
  return { directory, ...roots };
}

test('every thread is told with its state, its namespaces, and its process with files, cgroups and maps', (t) => {
  const roots = makeRoots(t, [
    { pid: 7, name: 'a (b) c', tids: [7, 8], uid: 1000, state: 'R', cpu: 3 },
    { pid: 9, ppid: 2, name: 'irq/24-ahci', flags: 0x200000, state: 'I' },
  ]);
  writeFileSync(
    join(roots.procDirectory, 'cpuinfo'),
    'processor\t: 0\nvendor_id\t: V\ncpu family\t: 6\ncpu cores\t: 4\n',
  );
  const { recordCount, sentences } = dumpInto(roots.directory, roots);
  const records = readRecords(roots.directory);
  assert.equal(records.length, recordCount);
  assert.deepEqual(sentences, []);
  assert.equal(records[0]?.name, 'lttng_statedump_start');
  assert.equal(records.at(-1)?.name, 'lttng_statedump_end');

  const common = { mode: 5, submode: 0 };
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_process_state'), [
    { tid: 7, pid: 7, ppid: 1, name: 'a (b) c', type: 0, ...common, status: 2, cpu: 3, file_table_address: 7n },
    { tid: 8, pid: 7, ppid: 1, name: 'a (b) c', type: 0, ...common, status: 2, cpu: 3, file_table_address: 7n },
    { tid: 9, pid: 9, ppid: 2, name: 'irq/24-ahci', type: 1, ...common, status: 5, cpu: 0, file_table_address: 9n },
  ]);
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_file_descriptor').slice(0, 2), [
    { file_table_address: 7n, fd: 0, flags: 0o100000, fmode: 1, filename: '/etc/hosts', pid: 7 },
    { file_table_address: 7n, fd: 3, flags: 0o2004002, fmode: 3, filename: 'socket:[4711]', pid: 7 },
  ]);
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_process_mnt_ns')[0], { tid: 7, ns_inum: 4026531832 });
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_process_pid_ns')[1], {
    tid: 8,
    vtid: 8,
    vpid: 7,
    vppid: 1,
    ns_level: 0,
    ns_inum: 4026531834,
  });
  for (const kind of ['user', 'cgroup', 'ipc', 'net', 'uts', 'time'])
    assert.equal(payloadsOf(records, `lttng_statedump_process_${kind}_ns`).length, 3, kind);
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_vm_map').slice(0, 3), [
    {
      pid: 7,
      start: 0x5555811c1000n,
      end: 0x5555811c2000n,
      flags: 1n,
      inode: 67061n,
      pgoff: 0n,
      filename: '/usr/bin/a\nb',
    },
    { pid: 7, start: 0x7ffe5d3f8000n, end: 0x7ffe5d419000n, flags: 3n, inode: 0n, pgoff: 0n, filename: '[stack]' },
    {
      pid: 7,
      start: 0xffffffffff600000n,
      end: 0xffffffffff601000n,
      flags: 12n,
      inode: 0n,
      pgoff: 4096n,
      filename: '[vsyscall]',
    },
  ]);
  assert.deepEqual(payloadsOf(records, 'lockstep_statedump_process_cgroup').slice(0, 2), [
    { pid: 7, hierarchy: 1, controllers: 'name=systemd', path: '/a' },
    { pid: 7, hierarchy: 0, controllers: '', path: '/user.slice' },
  ]);
  assert.deepEqual(payloadsOf(records, 'lockstep_statedump_mount'), [
    {
      mnt_ns: 4026531832,
      mount_id: 36,
      parent_id: 35,
      dev: (98 << 20) | 3,
      root: '/',
      mount_point: '/mnt 1',
      fs_type: 'ext3',
      source: '/dev/root',
      options: 'rw,noatime',
    },
  ]);
  assert.deepEqual(payloadsOf(records, 'lttng_statedump_interrupt'), [
    { irq: 24, name: 'PCI-MSI', action: 'ahci[0]', tid: 9 },
    { irq: 24, name: 'PCI-MSI', action: 'eth1', tid: 9 },
  ]);
  assert.deepEqual(
    payloadsOf(records, 'lttng_statedump_network_interface').filter(({ name }) => name === 'eth7'),
    [{ name: 'eth7', address_ipv4: 0 }],
  );
  assert.deepEqual(
    payloadsOf(records, 'lttng_statedump_block_device').toSorted((one, other) => Number(one.dev) - Number(other.dev)),
    [
      { dev: 8 << 20, diskname: 'sda' },
      { dev: (104 << 20) | 16, diskname: 'cciss/c0d0' },
    ],
  );
  const [first, second] = payloadsOf(records, 'lttng_statedump_cpu_topology');
  assert.deepEqual([first?.vendor, first?.family, first?.cores], ['V', 6, 4]);
  assert.deepEqual([second?.cpu_id, second?.vendor, second?.core_id], [1, 'unknown', 5]);
  const [clocks] = payloadsOf(records, 'lockstep_statedump_clock');
  assert.deepEqual([clocks?.clocksource, clocks?.available_clocksources], ['tsc', 'tsc hpet']);
});

test('a thread in nested pid namespaces is told once for each, with its ids there', (t) => {
  const roots = makeRoots(t, [
    { pid: 50, nested: [1] },
    { pid: 51, ppid: 50, nested: [2] },
  ]);
  // Made-up namespaces have no surroundings that the kernel knows: only the innermost level is told.
  dumpInto(roots.directory, roots);
  const told = payloadsOf(readRecords(roots.directory), 'lttng_statedump_process_pid_ns');
  assert.deepEqual(
    told.map(({ tid, vtid, vpid, vppid }) => [tid, vtid, vpid, vppid]),
    [
      [50, 1, 1, 0],
      [51, 2, 2, 1],
    ],
  );
});

test('a second dump goes behind the first, in the same stream', (t) => {
  const roots = makeRoots(t, [{ pid: 7 }]);
  const one = dumpInto(roots.directory, roots);
  const other = dumpInto(roots.directory, roots);
  const records = readRecords(roots.directory);
  assert.equal(records.length, one.recordCount + other.recordCount);
  assert.equal(payloadsOf(records, 'lttng_statedump_start').length, 2);
  const times = records.map(({ timeNs }) => timeNs);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  );
});

test('what is left out is said in the trace and in the result, and the dump still ends', (t) => {
  const roots = makeRoots(t, [{ pid: 7 }, { pid: 8 }, { pid: 9 }]);
  const limits = { ...DEFAULT_LIMITS, filesOfProcess: 1, mapRecords: 4 };
  const { sentences } = dumpInto(roots.directory, { ...roots, limits });
  const records = readRecords(roots.directory);
  assert.equal(payloadsOf(records, 'lttng_statedump_vm_map').length, 4);
  assert.deepEqual(payloadsOf(records, 'lockstep_statedump_incomplete'), [
    { subject: 'files', reason: 'more than 1 of one process', count: 3n },
    { subject: 'memory maps of processes', reason: 'more than 4 maps', count: 2n },
  ]);
  assert.equal(sentences.length, 2);
  assert.equal(records.at(-1)?.name, 'lttng_statedump_end');

  let asked = 0;
  const early = dumpInto(`${roots.directory}/early`, roots, () => (++asked > 2 ? 'the recording ended' : undefined));
  const told = readRecords(`${roots.directory}/early`);
  assert.equal(payloadsOf(told, 'lttng_statedump_process_state').length, 2);
  assert.deepEqual(early.sentences, ['The state dump leaves out processes: the recording ended.']);
  assert.equal(told.at(-1)?.name, 'lttng_statedump_end');
});

test('processes that are half gone, hostile names and endless files do no harm', (t) => {
  const hostile = ['', ')', 'a) R (', '\n\0x', 'ä'.repeat(200), ') Z 1 1'];
  const roots = makeRoots(
    t,
    hostile.map((name, index) => ({ pid: 100 + index, name })),
  );
  const proc = roots.procDirectory;
  mkdirSync(join(proc, '200/task/200'), { recursive: true });
  mkdirSync(join(proc, '201/task/201'), { recursive: true });
  writeFileSync(join(proc, '201/task/201/stat'), '201 (');
  mkdirSync(join(proc, '202/task/202'), { recursive: true });
  symlinkSync('/dev/zero', join(proc, '202/task/202/stat'));
  symlinkSync('/dev/zero', join(proc, '202/maps'));
  symlinkSync('/dev/zero', join(proc, '202/cgroup'));
  dumpInto(roots.directory, roots);
  const told = payloadsOf(readRecords(roots.directory), 'lttng_statedump_process_state');
  assert.deepEqual(
    told.map(({ tid }) => tid),
    hostile.map((_, index) => 100 + index),
  );
  assert.ok(told.every(({ status }) => status === 5));
});

test('lines that are no such lines are undefined', () => {
  for (const text of ['', 'x', '1', '1 (a', '1 )a(', 'zzzz-1 rwxp 0 0:0 0', '36 35 98:0 /']) {
    assert.equal(parseThreadStat(text), undefined);
    assert.equal(parseMemoryMap(text), undefined);
    assert.equal(parseMount(text), undefined);
  }
});

test('interrupts are found in the old table too, several handlers of one as several', () => {
  const text = `           CPU0       CPU1
  1:          9          0   IO-APIC   1-edge      i8042
 16:          0         12   IO-APIC  16-fasteoi   ehci_hcd:usb1, eth0
NMI:          0          0   Non-maskable interrupts
`;
  assert.deepEqual(parseInterrupts(text), [
    { irq: 1, chip: 'IO-APIC', actions: ['i8042'] },
    { irq: 16, chip: 'IO-APIC', actions: ['ehci_hcd:usb1', 'eth0'] },
  ]);
});

test('an id is told as the user namespace names it, or as nobody', () => {
  const map = new IdMap('         0       1000          1\n         1     100000      65536\n');
  assert.deepEqual([map.toInside(1000), map.toInside(100_005), map.toInside(0)], [0, 6, 65534]);
});

const SKIP = process.env.LOCKSTEP_TEST_LONG === '1' ? false : 'It makes 80 000 files; LOCKSTEP_TEST_LONG=1 runs it.';

test('10 000 processes are dumped whole in less than 64 MB', { skip: SKIP }, (t) => {
  const count = 10_000;
  const roots = makeRoots(
    t,
    Array.from({ length: count }, (_, index) => ({ pid: 1000 + index, name: `worker-${index}` })),
  );
  global.gc?.();
  const before = process.memoryUsage().rss;
  const { recordCount } = dumpInto(roots.directory, roots);
  const grown = process.memoryUsage().rss - before;
  assert.ok(recordCount > count * 15, `${recordCount} records`);
  t.diagnostic(`${recordCount} records, ${Math.round(grown / 1e6)} MB`);
  assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes`);
});
