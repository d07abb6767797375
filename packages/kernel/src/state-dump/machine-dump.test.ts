// SPDX-License-Identifier: MIT
// State dumps of the machine that the tests run on: what they tell is what /proc tells.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadNative } from '@lockstep/native';
import { dumpInto, payloadsOf, readRecords, type DumpedRecord } from '../testing/dumped-records.ts';

const SKIP = process.platform === 'linux' ? false : 'There is no /proc here.';

function dumpMachine(t: TestContext): DumpedRecord[] {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-dump-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  dumpInto(directory);
  return readRecords(directory);
}

test('of this process every thread, open file and file map is told', { skip: SKIP }, (t) => {
  const path = join(tmpdir(), `lockstep-dump-\u{e4}-${process.pid}`);
  const fd = openSync(path, 'w');
  t.after(() => {
    closeSync(fd);
    rmSync(path);
  });
  const records = dumpMachine(t);
  const ofUs = ({ pid }: { readonly pid?: unknown }): boolean => pid === process.pid;
  const threads = payloadsOf(records, 'lttng_statedump_process_state').filter(ofUs);
  assert.deepEqual(threads.map(({ tid }) => JSON.stringify(tid)).toSorted(), readdirSync('/proc/self/task').toSorted());
  assert.equal(threads[0]?.name, readFileSync('/proc/self/comm', 'utf8').trim());
  const address = threads[0]?.file_table_address;
  const files = payloadsOf(records, 'lttng_statedump_file_descriptor');
  const ours = files.find((file) => file.file_table_address === address && file.fd === fd);
  // O_WRONLY | O_CREAT | O_TRUNC without the bits that only open looks at, close-on-exec and large file.
  assert.deepEqual([ours?.filename, Number(ours?.flags) & 3, ours?.fmode], [path, 1, 2]);
  const inode = Number(/\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/net'))?.[1]);
  const net = payloadsOf(records, 'lttng_statedump_process_net_ns').find(({ tid }) => tid === process.pid);
  assert.equal(net?.ns_inum, inode);
  const told = new Set(
    payloadsOf(records, 'lttng_statedump_vm_map')
      .filter(ofUs)
      .map(
        ({ start, end, pgoff, filename }) =>
          `${Number(start)} ${Number(end)} ${Number(pgoff)} ${JSON.stringify(filename)}`,
      ),
  );
  const isFileMap = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ +(\/.*)$/gm;
  for (const [, start, end, offset, file] of readFileSync('/proc/self/maps', 'latin1').matchAll(isFileMap))
    assert.ok(
      told.has(`${Number(`0x${start}`)} ${Number(`0x${end}`)} ${Number(`0x${offset}`)} ${JSON.stringify(file)}`),
      file,
    );
});

const CAN_UNSHARE = SKIP === false && spawnSync('unshare', ['-Urpf', 'true']).status === 0;
const SKIP_NESTED = !CAN_UNSHARE
  ? 'Namespaces cannot be made here.'
  : loadNative() === undefined
    ? 'The native addon is missing.'
    : false;

test('a process in namespaces of its own is told in each, from the inside out', { skip: SKIP_NESTED }, async (t) => {
  const child = spawn('unshare', ['-Urpf', 'sh', '-c', 'echo ready; read x'], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => child.stdin.end());
  await once(child.stdout, 'data');
  const records = dumpMachine(t);
  const states = payloadsOf(records, 'lttng_statedump_process_state');
  const shell = states.find(({ ppid }) => ppid === child.pid)?.tid;
  assert.notEqual(shell, undefined);
  const ofShell = (name: string) => payloadsOf(records, name).filter(({ tid }) => tid === shell);
  const [inner, outer] = ofShell('lttng_statedump_process_pid_ns');
  assert.deepEqual([inner?.vtid, inner?.vpid, inner?.vppid], [1, 1, 0]);
  assert.deepEqual([outer?.vtid, outer?.vpid, outer?.vppid], [shell, shell, child.pid]);
  assert.equal(Number(inner?.ns_level) - Number(outer?.ns_level), 1);
  const [innerUser, outerUser] = ofShell('lttng_statedump_process_user_ns');
  assert.deepEqual([innerUser?.vuid, outerUser?.vuid], [0, process.getuid?.()]);
  const inode = Number(/\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/user'))?.[1]);
  assert.equal(outerUser?.ns_inum, inode);
});

const LEAVES_ITS_FILES = `
import ctypes, os, sys, threading
def run():
    ctypes.CDLL(None).unshare(0x400)
    own = os.open("/proc/version", os.O_RDONLY)
    os.write(1, b"%d %d" % (threading.get_native_id(), own))
    done.wait()
done = threading.Event()
thread = threading.Thread(target=run); thread.start()
sys.stdin.read(); done.set(); thread.join()
`;

test('a thread that left the open files of its process has a table of its own', { skip: SKIP }, async (t) => {
  if (spawnSync('python3', ['-V']).status !== 0) return t.skip('python3 is not installed');
  if ((loadNative()?.compareFiles(process.pid, process.pid) ?? -1) < 0)
    return t.skip('this kernel has no kcmp (CONFIG_KCMP), or the native addon is missing');
  const child = spawn('python3', ['-c', LEAVES_ITS_FILES], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const [tid, fd] = String(said).trim().split(' ').map(Number);
  const records = dumpMachine(t);
  const tables = new Map(
    payloadsOf(records, 'lttng_statedump_process_state')
      .filter(({ pid }) => pid === child.pid)
      .map((thread) => [thread.tid, thread.file_table_address]),
  );
  assert.equal(tables.size, 2);
  assert.notEqual(tables.get(tid), tables.get(child.pid));
  const files = payloadsOf(records, 'lttng_statedump_file_descriptor').filter(({ pid }) => pid === child.pid);
  const version = files.filter(({ filename }) => filename === '/proc/version');
  assert.deepEqual(
    version.map((file) => [file.file_table_address, file.fd]),
    [[tables.get(tid), fd]],
  );
  // What both had before stands under both.
  for (const table of tables.values())
    assert.ok(files.some((file) => file.file_table_address === table && file.fd === 0));
});
