// SPDX-License-Identifier: MIT
// Shared memory as a model: words, and views over them as far as the shipped code uses typed arrays. A
// view yields what it is about to do before it does it, so that somebody else may go first.

export class Violation extends Error {}

/** What an access does, beside the word that it touches: word + kind is what a thread yields before it. */
export const LOAD = 0;
export const STORE = 1 << 24;
export const ATOMIC = 2 << 24;

export const wordOfAccess = (access) => access & (STORE - 1);

export class ModelMemory {
  words;

  constructor(sizeBytes) {
    this.words = new Int32Array(sizeBytes >> 2);
  }

  get byteLength() {
    return this.words.length << 2;
  }

  copy() {
    const copy = new ModelMemory(0);
    copy.words = this.words.slice();
    return copy;
  }

  read(word) {
    const value = this.words[word];
    if (value === undefined) throw new Violation(`an access outside of the memory: word ${word}`);
    return value;
  }

  write(word, value) {
    if (!(word < this.words.length)) throw new Violation(`an access outside of the memory: word ${word}`);
    this.words[word] = value;
  }

  /** Who loads takes note of what it saw. */
  note(_word, _value) {}

  /** An atomic access waits until all earlier stores of its thread are visible. */
  drain() {}
}

/** A typed array over modelled memory, as far as the shipped code uses one. */
export class View {
  buffer;
  byteOffset;
  length;
  kind;

  constructor(memory, byteOffset, length, kind) {
    this.buffer = memory;
    this.byteOffset = byteOffset;
    this.length = length;
    this.kind = kind;
  }

  wordOf(index) {
    return (this.byteOffset + index * this.kind.size) >> 2;
  }

  /** Without a yield: the step has been announced. Outside of the view as a typed array: nothing. */
  load(index) {
    if (!(index >= 0 && index < this.length)) return undefined;
    const memory = this.buffer;
    const word = this.wordOf(index);
    const value = this.kind.load(memory, word, (this.byteOffset + index * this.kind.size) & 3);
    memory.note(word, Number(value));
    return value;
  }

  store(index, value) {
    if (!(index >= 0 && index < this.length)) return;
    const memory = this.buffer;
    const word = this.wordOf(index);
    this.kind.store(memory, word, (this.byteOffset + index * this.kind.size) & 3, value);
  }

  subarray(from, to) {
    return new View(this.buffer, this.byteOffset + from * this.kind.size, to - from, this.kind);
  }

  *fill(value, from, to) {
    for (let index = from; index < to; index++) {
      yield this.wordOf(index) + STORE;
      this.store(index, value);
    }
  }

  /** A step for each word, whatever the size of an element. */
  *set(source, offset = 0) {
    let lastWord = -1;
    for (let index = 0; index < source.length; index++) {
      if (source instanceof View) yield source.wordOf(index) + LOAD;
      const value = source instanceof View ? source.load(index) : source[index];
      const word = this.wordOf(offset + index);
      if (word !== lastWord) yield (lastWord = word) + STORE;
      this.store(offset + index, value);
    }
  }

  /** Buffer's, for strings. */
  *write(text, position, maxBytes) {
    let bytes = Buffer.from(text, 'utf8');
    if (bytes.length > maxBytes) bytes = bytes.subarray(0, maxBytes);
    yield* this.set(bytes, position);
    return bytes.length;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

function wideKind(get, set) {
  return {
    size: 8,
    load(memory, word) {
      scratch.setInt32(0, memory.read(word), true);
      scratch.setInt32(4, memory.read(word + 1), true);
      return get();
    },
    store(memory, word, _at, value) {
      set(value);
      const [low, high] = [scratch.getInt32(0, true), scratch.getInt32(4, true)];
      memory.write(word, low);
      memory.write(word + 1, high);
    },
  };
}

function narrowKind(size) {
  const mask = size === 1 ? 0xff : 0xffff;
  return {
    size,
    load: (memory, word, at) => (memory.read(word) >>> (at * 8)) & mask,
    store(memory, word, at, value) {
      memory.write(word, (memory.read(word) & ~(mask << (at * 8))) | ((value & mask) << (at * 8)));
    },
  };
}

export const KINDS = {
  Int32Array: {
    size: 4,
    load: (memory, word) => memory.read(word),
    store: (memory, word, _at, value) => memory.write(word, value | 0),
  },
  Uint8Array: narrowKind(1),
  Int16Array: narrowKind(2),
  Float32Array: {
    size: 4,
    load(memory, word) {
      scratch.setInt32(0, memory.read(word), true);
      return scratch.getFloat32(0, true);
    },
    store(memory, word, _at, value) {
      scratch.setFloat32(0, value, true);
      memory.write(word, scratch.getInt32(0, true));
    },
  },
  Float64Array: wideKind(
    () => scratch.getFloat64(0, true),
    (value) => scratch.setFloat64(0, value, true),
  ),
  BigInt64Array: wideKind(
    () => scratch.getBigInt64(0, true),
    (value) => scratch.setBigInt64(0, value, true),
  ),
};

/** Of two numbers, 32 bits in which every bit of both has a say (finalizer of MurmurHash3). */
export function mix(a, b) {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
