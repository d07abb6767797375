// SPDX-License-Identifier: MIT
// Runs a program of this repository under Debian's kernel in a virtual machine: KVM where /dev/kvm
// works, else emulation. Input: a command line, as typed in the repository's root. Output: what it
// printed, its exit status, and the kernel's own messages.
//
//   const guest = await runInGuest({ command: ['node', 'packages/kernel/dist/…test.js'], cpus: 2 });
//   node test/qemu/guest.mjs --cpus 2 -- node --test packages/clock/dist/src/choose.test.js

import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheDirectory, GUEST_ROOT, prepareKernel, systemArchive, writeRepositoryArchive } from './guest-image.mjs';

/** Why no guest can run here, or false: `test(name, { skip: guestMissingReason() }, …)`. Downloads the kernel when it is not there. */
export function guestMissingReason() {
  return prepareKernel().reason ?? false;
}

const DEFAULTS = {
  cpus: 1,
  /** Under emulation and KVM alike; it has no invariant TSC. `max` or `host` has what the machine has. */
  cpuModel: 'Nehalem',
  memoryMb: 2048,
  timeoutMs: 170_000,
  /** Of the kernel's command line, behind the recipe's. */
  kernelArguments: [],
  environment: {},
  /** Programs of this machine that the command needs, by name or absolute path; their libraries come along. */
  programs: [],
  /** Further files or directories, under their own paths. */
  files: [],
  /** Kernel modules to load, by name, in this order. */
  modules: [],
  /** 'auto', 'kvm' or 'emulation'. */
  accelerator: 'auto',
  /** Gets each piece of output as it comes. */
  onOutput: undefined,
};

/** Returns { status, output, kernelLog, isEmulated, release }; status undefined: it did not end by itself. */
export async function runInGuest(options) {
  const wanted = { ...DEFAULTS, ...options };
  const kernel = prepareKernel();
  if (kernel.reason !== undefined) throw new Error(kernel.reason);
  const place = mkdtempSync(join(tmpdir(), 'lockstep-guest-'));
  try {
    const images = makeImages(place, kernel, wanted);
    return await boot(place, kernel, images, wanted);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function makeImages(place, kernel, wanted) {
  const system = systemArchive({ programs: wanted.programs, files: wanted.files });
  const repository = join(place, 'repository.cpio');
  const modulePaths = wanted.modules.map((name) => findModule(kernel.modules, name));
  const cpio = writeRepositoryArchive(repository, { modulePaths });
  cpio.text('init', initScript(wanted), 0o755);
  cpio.close();
  return { system, repository };
}

function findModule(directory, name) {
  const found = readdirSync(directory, { recursive: true }).find((path) => path.endsWith(`/${name}.ko`));
  if (found === undefined) throw new Error(`The kernel has no module ${name}.`);
  return join(directory, found);
}

/** The first process of the guest. The command's output goes to the second serial line, the kernel has the first. */
function initScript({ command, environment, modules }) {
  const exports = Object.entries({
    HOME: '/root',
    // Tests that would disturb a machine that is needed may run here.
    LOCKSTEP_TEST_GUEST: '1',
    PATH: '/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin',
    ...environment,
  });
  return `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /dev/pts
ln -s /proc/self/fd /dev/fd
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tracefs nodev /sys/kernel/tracing
mount -t cgroup2 none /sys/fs/cgroup
echo 1 > /proc/sys/kernel/printk
ifconfig lo 127.0.0.1 up
${modules.map((name) => `insmod /modules/${name}.ko`).join('\n')}
${exports.map(([name, value]) => `export ${name}=${quote(value)}`).join('\n')}
stty -F /dev/ttyS1 raw -echo
cd ${GUEST_ROOT}
${command.map(quote).join(' ')} </dev/null >/dev/ttyS1 2>&1
echo "${END_MARK}$?" >/dev/ttyS1
sync
poweroff -f
`;
}

/** A kernel under KVM prints its first line within half a second. */
const KVM_TRIAL_MS = 5000;

const END_MARK = 'lockstep-guest-ended:';
const END = /lockstep-guest-ended:(\d+)\s*$/;

function quote(word) {
  return `'${String(word).replaceAll("'", "'\\''")}'`;
}

function boot(place, kernel, images, wanted) {
  const logPath = join(place, 'kernel.log');
  const isEmulated = wanted.accelerator === 'emulation' || !canUseKvm(kernel.kernel);
  const commandLine = ['console=ttyS0', 'panic=-1', 'nokaslr', 'nopti', 'mitigations=off', 'quiet'];
  const options = {
    accel: isEmulated ? 'tcg,thread=multi' : 'kvm',
    cpu: wanted.cpuModel,
    smp: wanted.cpus,
    m: wanted.memoryMb,
    display: 'none',
    nic: 'none',
    kernel: kernel.kernel,
    initrd: joined(place, images),
    append: [...commandLine, ...wanted.kernelArguments].join(' '),
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)]);
  // The first line is the kernel's, the second the command's.
  args.push('-nodefaults', '-no-reboot', '-serial', `file:${logPath}`, '-serial', 'stdio');
  return new Promise((resolve, reject) => {
    const machine = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      machine.kill('SIGKILL');
    }, wanted.timeoutMs);
    machine.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      wanted.onOutput?.(text);
    });
    machine.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
    machine.on('error', reject);
    machine.on('close', () => {
      clearTimeout(timer);
      const status = END.exec(output)?.[1];
      const kernelLog = readLog(logPath) + complaint + (isLate ? `\nnot ended after ${wanted.timeoutMs} ms` : '');
      resolve({
        status: status === undefined ? undefined : Number(status),
        output: output.replace(END, ''),
        kernelLog,
        isEmulated,
        release: kernel.release,
      });
    });
  });
}

/** qemu takes one file; archives behind each other are one initramfs. */
function joined(place, { system, repository }) {
  const path = join(place, 'initramfs');
  const both = spawnSync('sh', ['-c', 'cat "$0" "$1" > "$2"', system, repository, path]);
  if (both.status !== 0) throw new Error(`The initramfs cannot be written to ${path}.`);
  return path;
}

/**
 * A /dev/kvm may be there and start no machine (nested ones, containers): tried once a boot of this
 * machine with the kernel alone, which prints, finds no root file system and ends within a second.
 */
function canUseKvm(kernel) {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const remembered = join(cacheDirectory(), 'kvm-works');
  const [knownBootId, answer] = readLog(remembered).trim().split(' ');
  if (knownBootId === bootId) return answer === 'yes';
  const args = [
    '-accel',
    'kvm',
    '-cpu',
    DEFAULTS.cpuModel,
    '-m',
    '256',
    '-display',
    'none',
    '-nodefaults',
    '-no-reboot',
  ];
  const trial = spawnSync(
    'qemu-system-x86_64',
    [...args, '-serial', 'stdio', '-kernel', kernel, '-append', 'console=ttyS0 panic=-1'],
    { encoding: 'utf8', timeout: KVM_TRIAL_MS, killSignal: 'SIGKILL' },
  );
  const works = (trial.stdout ?? '').includes('Linux version');
  writeFileSync(remembered, `${bootId} ${works ? 'yes' : 'no'}\n`);
  return works;
}

function readLog(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** As a command: prints what the guest prints, ends with its status. */
async function main(words) {
  const split = words.indexOf('--');
  const command = words.slice(split + 1);
  const { values } = parseArgs({
    args: words.slice(0, Math.max(0, split)),
    options: {
      cpus: { type: 'string' },
      cpu: { type: 'string' },
      memory: { type: 'string' },
      timeout: { type: 'string' },
      module: { type: 'string', multiple: true },
      program: { type: 'string', multiple: true },
      file: { type: 'string', multiple: true },
      append: { type: 'string', multiple: true },
      emulate: { type: 'boolean' },
      log: { type: 'boolean' },
    },
  });
  if (split < 0 || command.length === 0) {
    console.error('Usage: node test/qemu/guest.mjs [--cpus N] [--cpu MODEL] [--module NAME]… -- COMMAND…');
    return 1;
  }
  const reason = guestMissingReason();
  if (reason !== false) {
    console.error(`No virtual machine can run here. ${reason}`);
    return 1;
  }
  const { status, kernelLog } = await runInGuest({
    command,
    onOutput: (text) => process.stdout.write(text.replace(END, '')),
    cpus: Number(values.cpus ?? DEFAULTS.cpus),
    cpuModel: values.cpu ?? DEFAULTS.cpuModel,
    memoryMb: Number(values.memory ?? DEFAULTS.memoryMb),
    timeoutMs: Number(values.timeout ?? DEFAULTS.timeoutMs / 1000) * 1000,
    modules: values.module ?? [],
    programs: values.program ?? [],
    files: values.file ?? [],
    kernelArguments: values.append ?? [],
    accelerator: values.emulate === true ? 'emulation' : 'auto',
  });
  if (values.log === true || status === undefined) console.error(kernelLog);
  return status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
