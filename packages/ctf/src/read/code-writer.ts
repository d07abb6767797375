// SPDX-License-Identifier: MIT
// Lines of generated code, and what is known of the place in the packet where they stand: steps over
// bytes and bits, alignment, checks of bounds, and branches that meet again.

import { FAIL_FIELD } from './decode-state.ts';
import { afterUnknownBytes, meet, stepBytes, type Place } from './place.ts';

export class CodeWriter {
  lines: string[] = [];
  place: Place;
  #nameCount = 0;

  constructor(place: Place) {
    this.place = place;
  }

  /** Makes `p` and `k` say the place. */
  settle(): void {
    this.flush();
    if (this.place.bit !== undefined) this.lines.push(`k = ${this.place.bit};`);
  }

  /** Writes code into a separate list. */
  branch(place: Place, write: () => void): { readonly lines: string[]; readonly place: Place } {
    const outer = this.lines;
    const outerPlace = this.place;
    this.lines = [];
    this.place = place;
    write();
    this.flush();
    const result = { lines: this.lines, place: this.place };
    this.lines = outer;
    this.place = outerPlace;
    return result;
  }

  /** Adds branches that exclude each other; `heads` precede them, and are closed by `}`. */
  join(branches: readonly { readonly head: string; readonly lines: readonly string[]; readonly place: Place }[]): void {
    const first = branches[0];
    if (first === undefined) return;
    const met = branches.reduce((place, branch) => meet(place, branch.place), first.place);
    for (const branch of branches) {
      this.lines.push(branch.head, ...branch.lines);
      if (met.bit === undefined && branch.place.bit !== undefined) this.lines.push(`k = ${branch.place.bit};`);
      this.lines.push('}');
    }
    this.place = { ...met, pending: 0, checked: 0 };
  }

  name(prefix: string): string {
    return `${prefix}${this.#nameCount++}`;
  }

  fail(reason: number): string {
    return `s.fail(${reason}, p);`;
  }

  at(): string {
    return this.place.pending === 0 ? 'p' : `p + ${this.place.pending}`;
  }

  flush(): void {
    if (this.place.pending === 0) return;
    this.lines.push(`p += ${this.place.pending};`);
    this.place = { ...this.place, pending: 0, checked: Math.max(0, this.place.checked - this.place.pending) };
  }

  align(alignment: number): void {
    const { bit } = this.place;
    if (alignment < 8) {
      if (bit === undefined) {
        if (alignment > 1) this.lines.push(`k = (k + ${alignment - 1}) & ${-alignment}; if (k === 8) { p++; k = 0; }`);
        return;
      }
      const aligned = Math.ceil(bit / alignment) * alignment;
      this.place = aligned === 8 ? { ...stepBytes(this.place, 1), bit: 0 } : { ...this.place, bit: aligned };
      return;
    }
    if (bit === undefined) {
      this.flush();
      this.lines.push('if (k !== 0) { p++; k = 0; }');
      this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    } else if (bit !== 0) {
      this.place = { ...stepBytes(this.place, 1), bit: 0 };
    }
    const bytes = alignment / 8;
    if (bytes <= 1) return;
    if (this.place.modulus % bytes === 0) {
      this.place = stepBytes(this.place, (bytes - (this.place.rest % bytes)) % bytes);
      return;
    }
    this.flush();
    this.lines.push(`p = (p + ${bytes - 1}) & ${-bytes};`);
    this.place = { ...this.place, modulus: bytes, rest: 0, checked: 0 };
  }

  /** Writes a check that `bytes` from the place on lie within the content, unless that is known. */
  ensure(bytes: number): void {
    const needed = this.place.pending + bytes;
    if (needed <= this.place.checked) return;
    this.lines.push(`if (p + ${needed} > end) ${this.fail(FAIL_FIELD)}`);
    this.place = { ...this.place, checked: needed };
  }

  /** The same for bits from the place's byte on; content may end within a byte. */
  ensureBits(bits: number): void {
    if (bits % 8 === 0) {
      this.ensure(bits / 8);
      return;
    }
    const byte = this.place.pending + (bits >> 3);
    if (byte < this.place.checked) return;
    this.lines.push(`if (p + ${byte} >= end && (p + ${byte} > end || ${bits & 7} > endBit)) ${this.fail(FAIL_FIELD)}`);
  }
}
