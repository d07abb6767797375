// SPDX-License-Identifier: MIT
// A typed array that grows: the compact stores of the model are made of these. Never shrinks below
// what it reached, since the next busy second needs it again.

export class FloatColumn {
  values: Float64Array;
  length = 0;

  constructor(capacity = 64) {
    this.values = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }

  /** Forgets the first `count` values. */
  dropFirst(count: number): void {
    this.values.copyWithin(0, count, this.length);
    this.length -= count;
  }
}

/** Index of the first value that is not below `wanted`, among the first `length` ascending ones. */
export function lowerBound(values: Float64Array, length: number, wanted: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
