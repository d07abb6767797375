// SPDX-License-Identifier: MIT
// Looks at the machine: what Lockstep can do here, and for each thing that it cannot, the one step
// that would allow it. Changes nothing.

import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { chooseClock } from '@lockstep/clock';
import { examineKernel } from '@lockstep/kernel';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import { findLeftovers, sessionBaseDirectory } from '@lockstep/session';
import { bytesText } from './amounts.ts';

export interface Finding {
  /** Stable, for programs that read the JSON. */
  readonly id: string;
  readonly name: string;
  readonly state: 'yes' | 'partly' | 'no';
  readonly detail: string;
  /** What to do; undefined when nothing is to be done. */
  readonly advice?: string;
}

/** Below this, a handful of threads fill the memory file system with their buffers. */
const SMALL_SHM_BYTES = 64 * 1024 * 1024;

export async function examineMachine(): Promise<readonly Finding[]> {
  return [nodeFinding(), nativeFinding(), clockFinding(), memoryFinding(), ...kernelFindings(), ...leftoverFindings()];
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > 20 || (major === 20 && minor >= 19);
  return {
    id: 'node',
    name: 'Node.js',
    state: isNewEnough ? 'yes' : 'no',
    detail: process.versions.node,
    ...(isNewEnough ? {} : { advice: 'install Node.js 20.19 or later' }),
  };
}

function nativeFinding(): Finding {
  const reason = nativeMissingReason();
  const name = 'native addon';
  if (loadNative() !== undefined)
    return { id: 'native', name, state: 'yes', detail: 'buffers in shared memory survive a crash' };
  return {
    id: 'native',
    name,
    state: 'no',
    detail: reason ?? 'it is missing',
    advice: 'without it programs are recorded with a slower clock and without crash recovery',
  };
}

function clockFinding(): Finding {
  try {
    const clock = chooseClock();
    return {
      id: 'clock',
      name: 'trace clock',
      state: clock.kind === 'tsc' ? 'yes' : 'partly',
      detail: `${clock.kind}: ${clock.reason}`,
    };
  } catch (error) {
    return {
      id: 'clock',
      name: 'trace clock',
      state: 'no',
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}

function memoryFinding(): Finding {
  const base = sessionBaseDirectory();
  const directory = existsSync(base) ? base : base.slice(0, Math.max(1, base.lastIndexOf('/')));
  const name = 'shared memory';
  try {
    accessSync(directory, constants.W_OK);
    const { bavail, bsize } = statfsSync(directory);
    const freeBytes = bavail * bsize;
    const isSmall = freeBytes < SMALL_SHM_BYTES;
    return {
      id: 'shared-memory',
      name,
      state: isSmall ? 'partly' : 'yes',
      detail: `${bytesText(freeBytes)} free in ${directory}; a traced thread takes 2.4 MB`,
      ...(isSmall ? { advice: 'mount -o remount,size=1G /dev/shm, or in a container --shm-size=1g' } : {}),
    };
  } catch {
    return {
      id: 'shared-memory',
      name,
      state: 'no',
      detail: `${directory} cannot be written`,
      advice: 'name a writable directory in LOCKSTEP_SHM',
    };
  }
}

function kernelFindings(): readonly Finding[] {
  if (process.platform !== 'linux') {
    return [
      {
        id: 'tracefs',
        name: 'kernel',
        state: 'no',
        detail: `The kernel half is for Linux, this is ${process.platform}.`,
      },
    ];
  }
  const isRoot = process.getuid?.() === 0;
  return examineKernel().map((feature): Finding => {
    if (isRoot || feature.id !== 'tracefs' || feature.state !== 'no') return feature;
    const { advice } = feature;
    return {
      ...feature,
      advice: `Run lockstep with sudo; the program itself still runs as you.${advice === undefined ? '' : ` ${advice}`}`,
    };
  });
}

function leftoverFindings(): readonly Finding[] {
  const leftovers = findLeftovers().filter(({ hasBuffers }) => hasBuffers);
  if (leftovers.length === 0) return [];
  return [
    {
      id: 'leftovers',
      name: 'killed recordings',
      state: 'partly',
      detail: leftovers.map(({ path }) => path).join(', '),
      advice: 'lockstep crash DIR recovers what their buffers hold',
    },
  ];
}
