// SPDX-License-Identifier: MIT
// Waits for CMD: forwards signals to it, ends it when its time is over, and tells a first Ctrl-C from
// a second.

import { constants } from 'node:os';
import type { LaunchedProgram } from './program-launch.ts';

const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGWINCH',
];
/** Sent by a terminal to all of its foreground processes, so CMD has it already. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGHUP']);
/** After SIGTERM at the end of --duration. */
const KILL_DELAY_MS = 5000;

/** Holds signals back while the program is being started; close before they are forwarded. */
export class EarlySignals {
  signal: NodeJS.Signals | undefined;
  readonly #listener = (signal: NodeJS.Signals): void => {
    this.signal ??= signal;
  };

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#listener);
  }

  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#listener);
  }
}

export interface Ended {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export class ProgramEnd {
  readonly #program: LaunchedProgram;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  #interruptCount = 0;
  #isDurationOver = false;
  #hurry: () => void = () => undefined;
  /** Resolves with the second Ctrl-C. */
  readonly hurried: Promise<void>;

  constructor(program: LaunchedProgram, durationMs: number | undefined) {
    this.#program = program;
    this.hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
    for (const signal of FORWARDED) {
      const listener = (): void => this.#forward(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
    if (durationMs !== undefined) this.#timers.push(setTimeout(() => this.#endByTime(), durationMs));
  }

  get isInterrupted(): boolean {
    return this.#interruptCount > 0;
  }

  /** Two Ctrl-C: the user wants it over now. */
  get isHurried(): boolean {
    return this.#interruptCount > 1;
  }

  get isDurationOver(): boolean {
    return this.#isDurationOver;
  }

  async wait(): Promise<Ended> {
    try {
      return await this.#program.ended;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #forward(signal: NodeJS.Signals): void {
    if (signal === 'SIGINT') {
      this.#interruptCount++;
      if (this.#interruptCount > 1) {
        this.#hurry();
        this.#program.kill('SIGKILL');
        return;
      }
    }
    if (this.#hasTerminal && FROM_TERMINAL.has(signal)) return;
    this.#program.kill(signal);
  }

  #endByTime(): void {
    this.#isDurationOver = true;
    this.#program.kill('SIGTERM');
    this.#timers.push(setTimeout(() => this.#program.kill('SIGKILL'), KILL_DELAY_MS));
  }
}

export function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}
