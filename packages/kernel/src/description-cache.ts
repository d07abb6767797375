// SPDX-License-Identifier: MIT
// What event-description.ts found out, kept for the next start of this boot: seven hundred format
// files take longer to read and parse than everything else of a start together.
//
// `/dev/shm/lockstep-<uid>/kernel-events-<digest>.json`, one for each set of rules: a line of JSON (version,
// build, digests of the rules, of the kernel's events and of what follows), then the description as JSON.
// Whatever is not exactly what this program wrote, in this boot, for these events, counts as absent.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChannelRules, EventDescription } from './event-description.ts';
import { fingerprintProbes } from './dynamic-events.ts';
import { readTracefs } from './tracefs.ts';

/** To be raised with every change of what a description says: event-class.ts, lttng-names.ts, the rules' meaning. */
const VERSION = 5;
const FILE_NAME = /^kernel-events-[0-9a-f]{16}\.json$/;
/** Sets of rules that are kept, of half a megabyte at most each. */
const MAX_FILE_COUNT = 8;

/** Undefined where nothing is to be kept: no user id, no memory file system. */
export function usualCacheDirectory(): string | undefined {
  const uid = process.getuid?.();
  return uid === undefined || process.platform !== 'linux' ? undefined : `/dev/shm/lockstep-${uid}`;
}

/** The description from the cache; else from `describe`, whose result is kept. */
export function describeCached(
  place: { readonly directory: string | undefined; readonly tracefs: string },
  channels: readonly ChannelRules[],
  describe: () => EventDescription,
  isCaptureWanted = false,
): EventDescription {
  const { directory, tracefs } = place;
  const eventsDigest = directory === undefined ? undefined : digestOfEvents(tracefs);
  if (directory === undefined || eventsDigest === undefined) return describe();
  // Two builds of Lockstep keep two files.
  const header = {
    version: VERSION,
    program: programIdentity(),
    rules: digestOfRules(channels, isCaptureWanted),
    events: eventsDigest,
  };
  const path = `${directory}/kernel-events-${digest(`${header.program}\n${header.rules}`).slice(0, 16)}.json`;
  const known = read(directory, path, header);
  if (known !== undefined) return known;
  const description = describe();
  write(directory, path, header, description);
  return description;
}

interface Header {
  readonly version: number;
  /** Which build of Lockstep wrote it. */
  readonly program: string;
  readonly rules: string;
  readonly events: string;
}

function programIdentity(): string {
  const path = fileURLToPath(import.meta.url);
  return `${path} ${statSync(path).mtimeMs}`;
}

function digestOfRules(channels: readonly ChannelRules[], isCaptureWanted: boolean): string {
  const rules = channels.map(({ name, id, contexts, trackers, rules: texts, pids }) => [
    name,
    id,
    contexts,
    trackers,
    isCaptureWanted,
    pids === undefined || pids === 'all',
    texts.map((rule) => (typeof rule === 'string' ? rule : [rule.kind, rule.pattern, rule.text])),
  ]);
  return digest(JSON.stringify(rules));
}

/** Changes whenever an event may have another id or another format than before. Undefined: that cannot be told. */
function digestOfEvents(tracefs: string): string | undefined {
  const probes = fingerprintProbes(tracefs);
  if (probes === undefined) return undefined;
  const bootId = tryRead('/proc/sys/kernel/random/boot_id');
  if (bootId === '') return undefined;
  // A module that is loaded again has a new inode in sysfs.
  const modules = tryRead('/proc/modules')
    .split('\n')
    .map((line) => line.slice(0, line.indexOf(' ')))
    .filter((name) => name !== '')
    .map((name) => `${name} ${statSync(`/sys/module/${name}`, { throwIfNoEntry: false })?.ino ?? 0}`);
  return digest(`${bootId}\n${modules.join('\n')}\n${probes}\n${readTracefs(`${tracefs}/available_events`)}`);
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function read(directory: string, path: string, header: Header): EventDescription | undefined {
  if (!isOwnDirectory(directory)) return undefined;
  const bytes = readOwnFile(path);
  const end = bytes?.indexOf(10) ?? -1;
  if (bytes === undefined || end < 0) return undefined;
  const body = bytes.subarray(end + 1);
  if (bytes.toString('utf8', 0, end) !== headerLine(header, body)) return undefined;
  // Digest and owner say that this program wrote it.
  return JSON.parse(body.toString('utf8')) as EventDescription;
}

function headerLine(header: Header, body: Uint8Array): string {
  return JSON.stringify({ ...header, sha256: digest(body) });
}

function readOwnFile(path: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(fd);
    if (!status.isFile() || status.uid !== process.getuid?.() || (status.mode & 0o777) !== 0o600) return undefined;
    return readFileSync(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Leaves room for one more. */
function removeOldest(directory: string): void {
  const files = readdirSync(directory)
    .filter((name) => FILE_NAME.test(name))
    .map((name) => ({ name, time: statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((one, other) => other.time - one.time);
  for (const { name } of files.slice(MAX_FILE_COUNT - 1)) rmSync(`${directory}/${name}`, { force: true });
}

/** What cannot be kept is found out again next time: no error. */
function write(directory: string, path: string, header: Header, description: EventDescription): void {
  try {
    if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(directory, 0o700);
    if (!isOwnDirectory(directory)) return;
    removeOldest(directory);
    const body = Buffer.from(JSON.stringify(description));
    // Renamed into place: another start may read at any moment.
    const temporaryPath = `${path}.${process.pid}.tmp`;
    rmSync(temporaryPath, { force: true });
    writeFileSync(temporaryPath, Buffer.concat([Buffer.from(`${headerLine(header, body)}\n`), body]), {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(temporaryPath, path);
  } catch {
    // Nothing to do: see above.
  }
}

/** In a directory that anyone may write to, another user could have made ours first. */
function isOwnDirectory(path: string): boolean {
  try {
    const status = lstatSync(path);
    return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
