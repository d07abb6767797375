// SPDX-License-Identifier: MIT
// Shared memory as a model: words, views over them, and the machine's order of stores. A thread's store
// is visible to others at once ('sc'), or waits in a buffer of that thread which empties in order
// ('tso', x86-64), or in which stores to the words that a scenario names overtake earlier ones ('weak',
// as ARM may do). An atomic access first empties the buffer of its thread. Loads are not reordered.
//
// The hash of the content is kept with each store, so that a state costs nothing to name.

export class Violation extends Error {}

export class ModelMemory {
  words;
  order;
  /** The thread that runs now: its hash takes in what it loads. */
  current = undefined;
  hashLow = 0;
  hashHigh = 0;
  /** Words that a reader holds as its own: from, to. */
  held = undefined;
  /** Words whose values no thread acts on: a thread's hash leaves them out. */
  isUnseen = undefined;
  /** Called with thread, word and value when a thread stores, whether others see it yet or not. */
  onStore = undefined;
  /** Called with a line of text for each access, when somebody wants to read along. */
  onAccess = undefined;

  constructor(sizeBytes, order = 'sc') {
    this.words = new Int32Array(sizeBytes >> 2);
    this.order = order;
  }

  get byteLength() {
    return this.words.length << 2;
  }

  /** The same content and no threads. */
  copy(order = this.order) {
    const copy = new ModelMemory(0, order);
    copy.words = this.words.slice();
    copy.hashLow = this.hashLow;
    copy.hashHigh = this.hashHigh;
    return copy;
  }

  /** Own stores first: a thread sees its buffer before the others do. */
  read(word) {
    const { current } = this;
    let value = this.words[word];
    if (current !== undefined) {
      const { buffer } = current;
      for (let index = buffer.length - 2; index >= 0; index -= 2) {
        if (buffer[index] === word) {
          value = buffer[index + 1];
          break;
        }
      }
    }
    if (value === undefined) throw new Violation(`an access outside of the memory: word ${word}`);
    return value;
  }

  write(word, value) {
    const { current } = this;
    this.onStore?.(current, word, value);
    if (current === undefined || this.order === 'sc') this.publish(current, word, value);
    else current.buffer.push(word, value);
  }

  publish(thread, word, value) {
    const before = this.words[word];
    if (before === undefined) throw new Violation(`an access outside of the memory: word ${word}`);
    const { held } = this;
    if (held !== undefined && word >= held.from && word < held.to && thread?.isWriter === true)
      throw new Violation(`${thread.name} writes to word ${word}, which the reader holds`);
    if (before !== value) {
      this.hashLow ^= mix(word * 2, before) ^ mix(word * 2, value);
      this.hashHigh ^= mix(word * 2 + 1, before) ^ mix(word * 2 + 1, value);
      this.words[word] = value;
    }
  }

  /** An atomic access waits until all earlier stores of its thread are visible. */
  drain() {
    const { current } = this;
    if (current === undefined || current.buffer.length === 0) return;
    const { buffer } = current;
    for (let index = 0; index < buffer.length; index += 2) this.publish(current, buffer[index], buffer[index + 1]);
    buffer.length = 0;
  }

  /** Makes the store at `index` of a thread's buffer visible. */
  flushOne(thread, index) {
    const [word, value] = thread.buffer.splice(index, 2);
    this.publish(thread, word, value);
  }
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
    if (memory.isUnseen?.(word) !== true) memory.current?.note(word, Number(value));
    memory.onAccess?.(`loads ${value} from word ${word}`);
    return value;
  }

  store(index, value) {
    if (!(index >= 0 && index < this.length)) return;
    const memory = this.buffer;
    const word = this.wordOf(index);
    memory.onAccess?.(`stores ${value} to word ${word}`);
    this.kind.store(memory, word, (this.byteOffset + index * this.kind.size) & 3, value);
  }

  subarray(from, to) {
    return new View(this.buffer, this.byteOffset + from * this.kind.size, to - from, this.kind);
  }

  *fill(value, from, to) {
    for (let index = from; index < to; index++) {
      yield -1 - this.wordOf(index);
      this.store(index, value);
    }
  }

  /** A step for each word, whatever the size of an element. */
  *set(source, offset = 0) {
    let lastWord = -1;
    for (let index = 0; index < source.length; index++) {
      if (source instanceof View) yield source.wordOf(index);
      const value = source instanceof View ? source.load(index) : source[index];
      const word = this.wordOf(offset + index);
      if (word !== lastWord) yield -1 - (lastWord = word);
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
