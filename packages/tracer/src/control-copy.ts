// SPDX-License-Identifier: MIT
// The control page without a shared mapping: a copy of the file, refreshed by a timer. A change
// reaches the program when its event loop turns, no earlier.

import { closeSync, openSync, readSync } from 'node:fs';
import { CONTROL_GENERATION_WORD, CONTROL_SIZE_BYTES } from '@lockstep/protocol';

const REFRESH_INTERVAL_MS = 50;

export function openControlCopy(path: string): ArrayBuffer {
  const memory = new ArrayBuffer(CONTROL_SIZE_BYTES);
  const words = new Int32Array(memory);
  const fresh = new Uint8Array(CONTROL_SIZE_BYTES);
  const freshWords = new Int32Array(fresh.buffer);
  const fd = openSync(path, 'r');

  function refresh(): void {
    readSync(fd, fresh, 0, 4096, 0);
    if (freshWords[CONTROL_GENERATION_WORD] === words[CONTROL_GENERATION_WORD]) return;
    // A publication that overtakes this read is noticed at the next refresh.
    readSync(fd, fresh, 0, CONTROL_SIZE_BYTES, 0);
    new Uint8Array(memory).set(fresh);
  }

  refresh();
  const timer = setInterval(refresh, REFRESH_INTERVAL_MS);
  timer.unref();
  process.on('exit', () => closeSync(fd));
  return memory;
}
