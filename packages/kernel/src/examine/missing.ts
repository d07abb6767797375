// SPDX-License-Identifier: MIT
// Why a file of the kernel cannot be used: not built, locked down, not allowed, or too old a kernel.

import type { KernelView } from './kernel-view.ts';

export interface Missing {
  readonly detail: string;
  readonly advice: string | undefined;
}

interface Need {
  readonly path: string;
  /** What it stands for, in words: "kernel probes". */
  readonly what: string;
  /** The option that the kernel must be built with, without CONFIG_. */
  readonly config?: string;
  /** Told when the file is not there and no option is known. */
  readonly advice?: string;
}

/** Undefined: it can be opened. */
export function probeMissing(view: KernelView, { path, what, config, advice }: Need): Missing | undefined {
  const code = view.whyNotOpen(path);
  switch (code) {
    case undefined:
      return undefined;
    case 'ENOENT':
      return notBuilt(view, what, config, advice);
    case 'EACCES':
    case 'EPERM':
      return view.isRoot
        ? lockedDown(view, what)
        : { detail: `This user may not use ${what}.`, advice: 'Run as root.' };
    default:
      return { detail: `Opening ${path} for ${what} fails (${code}).`, advice: undefined };
  }
}

function notBuilt(view: KernelView, what: string, config: string | undefined, advice: string | undefined): Missing {
  if (config === undefined) return { detail: `This kernel has no ${what}.`, advice };
  const value = view.config(config);
  const isBuilt = value !== undefined && value !== 'n';
  if (isBuilt)
    return {
      detail: `This kernel is built with CONFIG_${config}, but shows no ${what}.`,
      advice: 'Look for ftrace=, tracefs options or a container that hide it.',
    };
  const known = value === 'n' ? ` (built without CONFIG_${config})` : '';
  return { detail: `This kernel has no ${what}${known}.`, advice: `Use a kernel built with CONFIG_${config}.` };
}

function lockedDown(view: KernelView, what: string): Missing {
  const state = /\[(\w+)\]/.exec(view.tryRead('/sys/kernel/security/lockdown') ?? '')?.[1];
  const isLocked = state !== undefined && state !== 'none';
  return {
    detail: `The kernel keeps ${what} to itself although this is root: it is locked down${isLocked ? ` (${state})` : ', or this is a container'}.`,
    advice: 'Boot with lockdown=none (with Secure Boot off), or run outside of the container.',
  };
}
