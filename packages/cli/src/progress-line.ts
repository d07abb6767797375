// SPDX-License-Identifier: MIT
// The one line that shows how a recording goes, redrawn in place on a terminal and nowhere else.

import type { RecordProgress } from '@lockstep/session';
import { bytesText, countText, secondsText } from './amounts.ts';

const CLEAR_LINE = '\r\x1b[K';

export class ProgressLine {
  readonly #terminal: NodeJS.WriteStream | undefined;
  #isDrawn = false;

  constructor(stream: NodeJS.WriteStream | undefined) {
    this.#terminal = stream?.isTTY === true ? stream : undefined;
  }

  get isShown(): boolean {
    return this.#terminal !== undefined;
  }

  show(progress: RecordProgress): void {
    if (this.#terminal === undefined) return;
    // The cursor goes back to the line's begin: what the program prints next takes its place.
    this.#terminal.write(`${CLEAR_LINE}${this.#fit(progressText(progress))}\r`);
    this.#isDrawn = true;
  }

  /** A sentence that stays, above the line. */
  say(sentence: string): void {
    this.clear();
    process.stderr.write(`lockstep: ${sentence}\n`);
  }

  clear(): void {
    if (this.#isDrawn) this.#terminal?.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #fit(text: string): string {
    // A terminal that was given no size says 0.
    const width = this.#terminal?.columns ?? 0;
    const columns = width > 0 ? width : 80;
    return text.length < columns ? text : text.slice(0, columns - 1);
  }
}

export function progressText(progress: RecordProgress): string {
  const amounts = `${countText(progress.eventRecordCount)} records, ${bytesText(progress.byteCount)}, ${countText(progress.discardedCount)} discarded`;
  if (progress.phase === 'recording') return `lockstep: recording ${secondsText(progress.elapsedMs)}: ${amounts}`;
  return `lockstep: finishing the kernel's part, ${Math.floor(100 * (progress.convertedShare ?? 0))} %: ${amounts}`;
}
