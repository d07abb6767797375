// SPDX-License-Identifier: MIT
// The states that were visited, each as 64 bits of its hash: with 10^8 of them two are confused with a
// probability of 3 in 10 000, with 10^6 of 3 in 10^8.

import { mix } from './model-memory.mjs';

export class StateSet {
  /** Open addressing, low and high half side by side; both 0 is a free place. */
  #table = new Int32Array(1 << 17);
  size = 0;

  /** False when it was there. */
  add(low, high) {
    const filled = (low | high) === 0 ? 1 : low;
    if (this.size * 3 > this.#table.length) this.#grow();
    if (!insert(this.#table, filled, high)) return false;
    this.size++;
    return true;
  }

  #grow() {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if ((old[at] | old[at + 1]) !== 0) insert(this.#table, old[at], old[at + 1]);
    }
  }
}

function insert(table, low, high) {
  const mask = table.length - 1;
  let at = mix(low, high) & mask & ~1;
  while ((table[at] | table[at + 1]) !== 0) {
    if (table[at] === low && table[at + 1] === high) return false;
    at = (at + 2) & mask;
  }
  table[at] = low;
  table[at + 1] = high;
  return true;
}
