// SPDX-License-Identifier: MIT
// What a virtual machine boots: Debian's cloud kernel, downloaded and never installed, and an
// initramfs of busybox, Node and this repository. What takes long is kept in the user's cache
// (LOCKSTEP_CACHE, else ~/.cache/lockstep) and made anew when the packages or Node change.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CpioWriter } from './cpio.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const META_PACKAGE = 'linux-image-cloud-amd64';
const KEPT_ARCHIVE_COUNT = 4;
const BUSYBOX = '/bin/busybox';
/** Where the repository lies in the guest, and the directory that its programs start in. */
export const GUEST_ROOT = '/lockstep';

/**
 * The recipe's parts on this machine, or the sentence that says what is missing.
 * Returns { kernel, modules, release } or { reason }.
 */
export function prepareKernel() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { reason: 'The virtual machine is an x86-64 one.' };
  if (!hasCommand('qemu-system-x86_64')) return { reason: 'qemu-system-x86 is not installed.' };
  if (!existsSync(BUSYBOX) || !isStatic(BUSYBOX)) return { reason: 'busybox-static is not installed.' };
  const cache = cacheDirectory();
  const named = newestPackage();
  const name = named ?? cachedPackage(cache);
  if (name === undefined)
    return { reason: `apt-get offers no ${META_PACKAGE} here (not Debian, or no package lists).` };
  const directory = join(cache, name);
  if (!existsSync(join(directory, 'boot'))) {
    const reason = download(name, cache, directory);
    if (reason !== undefined) return { reason };
  }
  const boot = readdirSync(join(directory, 'boot'));
  const kernel = boot.find((file) => file.startsWith('vmlinuz-'));
  if (kernel === undefined) return { reason: `${name} has no kernel in it.` };
  const release = kernel.slice('vmlinuz-'.length);
  return { kernel: join(directory, 'boot', kernel), modules: join(directory, 'lib/modules', release), release };
}

export function cacheDirectory() {
  const base = process.env.LOCKSTEP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lockstep');
  const directory = join(base, 'qemu');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function hasCommand(name) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function isStatic(path) {
  const { stdout, stderr } = spawnSync('ldd', [path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return /not a dynamic executable|statically linked/.test(`${stdout}${stderr}`);
}

/** `linux-image-6.1.0-56-cloud-amd64`: what the meta package depends on. */
function newestPackage() {
  const { stdout } = spawnSync('apt-cache', ['depends', META_PACKAGE], { encoding: 'utf8' });
  return /Depends: (linux-image-[a-z0-9.+-]+-cloud-amd64)\s/.exec(stdout ?? '')?.[1];
}

function cachedPackage(cache) {
  return readdirSync(cache)
    .filter((name) => name.startsWith('linux-image-') && existsSync(join(cache, name, 'boot')))
    .sort()
    .pop();
}

/** Returns why not, if so. Unpacked beside and renamed, so that a killed download leaves nothing half. */
function download(name, cache, directory) {
  const place = mkdtempSync(join(cache, 'download-'));
  try {
    const fetched = spawnSync('apt-get', ['download', name], { cwd: place, encoding: 'utf8' });
    const file = readdirSync(place).find((entry) => entry.endsWith('.deb'));
    if (fetched.status !== 0 || file === undefined)
      return `apt-get could not download ${name}: ${(fetched.stderr ?? '').trim().split('\n').pop()}`;
    const unpacked = join(place, 'unpacked');
    mkdirSync(unpacked);
    if (spawnSync('dpkg-deb', ['-x', join(place, file), unpacked]).status !== 0) return `${file} cannot be unpacked.`;
    try {
      renameSync(unpacked, directory);
    } catch (error) {
      // Another test run was quicker.
      if (!existsSync(join(directory, 'boot'))) throw error;
    }
    return undefined;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** What programs load by themselves, beside the libraries that they are linked with. */
const COMPANIONS = {
  babeltrace2: ['/usr/lib/x86_64-linux-gnu/babeltrace2'],
  'trace-cmd': ['/usr/lib/x86_64-linux-gnu/traceevent'],
};

/**
 * An archive of busybox, Node, the programs (names or absolute paths, with the libraries that they load)
 * and the files or directories named; cached by their sizes and dates.
 */
export function systemArchive({ programs, files }) {
  const named = programs.map(findProgram);
  const companions = named.flatMap((path) => COMPANIONS[basename(path)] ?? []).filter((path) => existsSync(path));
  const wanted = [...new Set([process.execPath, ...named])].map((path) => [path, realpathSync(path)]);
  const copied = [...companions, ...files];
  const objects = copied.flatMap(listFiles).filter((path) => /\.so(\.|$)/.test(path));
  const libraries = new Set([...wanted.map(([, path]) => path), ...objects].flatMap(librariesOf));
  const all = [BUSYBOX, ...wanted.map(([, path]) => path), ...libraries, ...copied.flatMap(listFiles)];
  const key = createHash('sha256');
  for (const path of [...all, fileURLToPath(import.meta.url)]) {
    const { size, mtimeMs } = statSync(path);
    key.update(`${path} ${size} ${mtimeMs}\n`);
  }
  const archive = join(cacheDirectory(), `system-${key.digest('hex').slice(0, 16)}.cpio`);
  if (existsSync(archive)) return archive;
  const temporary = `${archive}.${process.pid}.tmp`;
  const cpio = new CpioWriter(temporary);
  for (const directory of ['proc', 'sys', 'dev', 'tmp', 'run', 'root', 'etc']) cpio.directory(directory);
  cpio.copy(BUSYBOX, 'bin/busybox');
  for (const tool of busyboxTools()) cpio.link(`bin/${tool}`, 'busybox');
  for (const [path, real] of wanted) cpio.copy(real, path);
  cpio.link('bin/node', process.execPath === '/bin/node' ? '/usr/bin/node' : process.execPath);
  // Where the loader looks by itself, whatever directory they are in here.
  for (const library of libraries) cpio.copy(realpathSync(library), library);
  for (const path of copied) cpio.copy(path, path);
  cpio.text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  cpio.text('etc/group', 'root:x:0:\nnogroup:x:65534:\n');
  cpio.text('etc/hosts', '127.0.0.1 localhost\n');
  cpio.close();
  renameSync(temporary, archive);
  removeOldArchives(dirname(archive));
  return archive;
}

/** Each is 100 MB: the newest few stay. */
function removeOldArchives(cache) {
  const archives = readdirSync(cache)
    .filter((name) => /^system-[0-9a-f]+\.cpio$/.test(name))
    .map((name) => ({ path: join(cache, name), time: statSync(join(cache, name)).mtimeMs }))
    .sort((one, other) => other.time - one.time);
  for (const { path } of archives.slice(KEPT_ARCHIVE_COUNT)) rmSync(path, { force: true });
}

function findProgram(name) {
  if (name.startsWith('/')) return name;
  const directory = (process.env.PATH ?? '').split(':').find((entry) => existsSync(join(entry, name)));
  if (directory === undefined) throw new Error(`${name} is not installed.`);
  return join(directory, name);
}

function listFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((entry) => listFiles(join(path, entry)));
}

function busyboxTools() {
  return spawnSync(BUSYBOX, ['--list'], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .filter((tool) => tool !== 'busybox');
}

function librariesOf(path) {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return [...(stdout ?? '').matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]);
}

/** The repository as it is built now: what its programs and tests load, not what builds it. */
export function writeRepositoryArchive(path, { extraFiles = [], modulePaths = [] }) {
  const cpio = new CpioWriter(path);
  const isWanted = (file) =>
    !/\.tsbuildinfo$|\/node_modules$|\/src$|\/bench$/.test(file) || /\/dist\/(src|bench)$/.test(file);
  for (const entry of ['package.json', 'examples', 'test', 'packages', 'scripts'])
    cpio.copy(join(root, entry), `${GUEST_ROOT}/${entry}`, isWanted);
  cpio.copy(join(root, 'node_modules/@lockstep'), `${GUEST_ROOT}/node_modules/@lockstep`);
  for (const name of runtimeDependencies())
    cpio.copy(join(root, 'node_modules', name), `${GUEST_ROOT}/node_modules/${name}`, (file) => !file.endsWith('.map'));
  for (const { from, to } of extraFiles) cpio.copy(from, to);
  for (const module of modulePaths) cpio.copy(module, `/modules/${module.split('/').pop()}`);
  return cpio;
}

/** Of all packages, and what those need; fast-check and what it needs for the tests. */
function runtimeDependencies() {
  const found = new Set();
  const add = (name) => {
    if (name.startsWith('@lockstep/') || found.has(name)) return;
    const file = join(root, 'node_modules', name, 'package.json');
    if (!existsSync(file)) return;
    found.add(name);
    Object.keys(JSON.parse(readFileSync(file, 'utf8')).dependencies ?? {}).forEach(add);
  };
  for (const name of readdirSync(join(root, 'packages')))
    Object.keys(
      JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).dependencies ?? {},
    ).forEach(add);
  add('fast-check');
  return found;
}
