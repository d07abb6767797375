// SPDX-License-Identifier: MIT
// Names of address ranges, and the one that holds an address: what kallsyms, ELF files and perf maps come to.

export interface NamedRange {
  readonly begin: bigint;
  /** 0: up to the next one. */
  readonly size: bigint;
  readonly name: string;
}

export interface SymbolPlace {
  readonly name: string;
  /** From the symbol's begin. */
  readonly offset: bigint;
}

export class AddressTable {
  readonly #ranges: readonly NamedRange[];

  constructor(ranges: readonly NamedRange[]) {
    this.#ranges = [...ranges].sort((one, other) => (one.begin < other.begin ? -1 : one.begin > other.begin ? 1 : 0));
  }

  get size(): number {
    return this.#ranges.length;
  }

  find(address: bigint): SymbolPlace | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as NamedRange).begin <= address) low = middle + 1;
      else high = middle;
    }
    // Of several that begin at one place one may be empty: the last with a size that reaches.
    for (let index = low - 1; index >= 0 && index >= low - 8; index--) {
      const range = this.#ranges[index] as NamedRange;
      const offset = address - range.begin;
      if (range.size === 0n ? index === low - 1 : offset < range.size) return { name: range.name, offset };
    }
    return undefined;
  }
}

/** /proc/kallsyms: `ffffffff81000000 T _text`, and `[module]` behind those of modules. Without root all addresses are 0. */
export function parseKallsyms(text: string): AddressTable {
  const ranges: NamedRange[] = [];
  for (const match of text.matchAll(/^([0-9a-f]+) [tTwW] (\S+)/gm)) {
    const begin = BigInt(`0x${match[1] ?? '0'}`);
    if (begin !== 0n) ranges.push({ begin, size: 0n, name: match[2] ?? '' });
  }
  return new AddressTable(ranges);
}

/** What `node --perf-basic-prof` writes to /tmp/perf-PID.map: `address size name`, hexadecimal. Code that moved comes again: the last counts. */
export function parsePerfMap(text: string): AddressTable {
  const ranges = new Map<bigint, NamedRange>();
  for (const match of text.matchAll(/^([0-9a-fA-F]{1,16}) ([0-9a-fA-F]{1,16}) (.+)$/gm)) {
    const begin = BigInt(`0x${match[1] ?? '0'}`);
    ranges.set(begin, { begin, size: BigInt(`0x${match[2] ?? '0'}`), name: match[3] ?? '' });
  }
  return new AddressTable([...ranges.values()]);
}
