// SPDX-License-Identifier: MIT
// One filter, three judges: the running kernel, the converter, and what a traced program runs.

import assert from 'node:assert/strict';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileToJavaScript, parseFilter, parseRule, type Rule } from '@lockstep/filter';
import fc from 'fast-check';
import type { FilterableField } from './channel-conversion.ts';
import { makeEventClass, type KernelEventClass } from './event-class.ts';
import { parseEventFormat, type KernelEventFormat } from './event-format.ts';
import { splitFilters, type SplitFilter } from './kernel-filter.ts';
import { forEachRecord } from './raw-records.ts';
import { RecordContext } from './record-context.ts';
import { filterableFields, filterFieldType, makeRecordFilter, type RecordFilter } from './record-filter.ts';
import { PayloadProgram, SKIP_WITHOUT_CC, type Payload } from './testing/payload-program.ts';
import { SKIP_WITHOUT_TRACEFS, tracefsPath } from './testing/tracefs-or-skip.ts';
import { ThreadTable } from './thread-table.ts';
import { subBufferSizeBytes, TracefsInstance } from './tracefs-instance.ts';

const IS_LONG = process.env['LOCKSTEP_TEST_LONG'] === '1';
const SKIP = SKIP_WITHOUT_TRACEFS !== false ? SKIP_WITHOUT_TRACEFS : SKIP_WITHOUT_CC;
const FILTER_COUNT = IS_LONG ? 1500 : 40;
const PAYLOAD_COUNT = 100;

const INTEGERS_32 = [0, 1, -1, 2, 5, 7, 8, 127, 128, 255, 256, -128, 65_535, 0x7fff_ffff, -0x8000_0000];
const INTEGERS_64 = [
  0n,
  1n,
  2n,
  7n,
  255n,
  0xffff_ffffn,
  0x1_0000_0000n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const NAMES = [
  'a',
  'ab',
  'abc',
  'b',
  'ba',
  'a*b',
  'a?b',
  'a[b]',
  'a"b',
  "a'b",
  'a b',
  'node',
  'no\\de',
  'abcdefghijklmno',
  '!a',
  '0',
];

const payload: fc.Arbitrary<Payload> = fc.record({
  name: fc.constantFrom(...NAMES),
  code: fc.oneof(fc.constantFrom(...INTEGERS_32), fc.integer()),
  errno: fc.oneof(fc.constantFrom(...INTEGERS_32), fc.integer()),
  count: fc.oneof(fc.constantFrom(...INTEGERS_64), fc.bigInt(0n, 2n ** 64n - 1n)),
  buffer: fc.oneof(fc.constantFrom(...INTEGERS_64), fc.bigInt(0n, 2n ** 64n - 1n)),
  // The upper half of a register says nothing of an int.
  fd: fc.constantFrom(0xffff_ffffn, 0xffff_fff0n, 0x1_ffff_ffffn, 0xffff_ffff_ffff_ffffn, 0x7_8000_0000n),
});

interface EventKind {
  readonly system: string;
  readonly name: string;
  readonly integers: readonly string[];
  readonly texts: readonly string[];
  /** The kernel's field that holds the name that the recording thread has then. */
  readonly nameOfThread?: string;
}
const KINDS: readonly EventKind[] = [
  {
    system: 'signal',
    name: 'signal_generate',
    integers: ['code', 'errno', 'sig', 'pid'],
    texts: ['comm', '$ctx.procname'],
    nameOfThread: 'comm',
  },
  {
    system: 'task',
    name: 'task_rename',
    integers: ['pid', 'oom_score_adj', '$ctx.tid'],
    texts: ['newcomm', 'oldcomm', '$ctx.procname'],
    nameOfThread: 'oldcomm',
  },
  { system: 'syscalls', name: 'sys_enter_pread64', integers: ['count', 'buf', 'fd', 'pos'], texts: ['$ctx.hostname'] },
];

/** Mostly what the kernel can say, in the middle of what it cannot. */
function filterOf({ integers, texts }: EventKind): fc.Arbitrary<string> {
  const constant = fc.oneof(
    fc.constantFrom(...INTEGERS_32, ...INTEGERS_64).map(String),
    fc.bigInt(0n, 2n ** 64n - 1n).map((value) => `0x${value.toString(16)}`),
  );
  const literal = fc.oneof(
    fc.constantFrom(
      'a',
      'ab',
      'a*',
      '*b',
      'a*b',
      'a\\*b',
      '*',
      'a?b',
      'a?*',
      'a[b]',
      '[a]*',
      'no*de',
      '!a',
      '!a*',
      'abcdefghijklmno',
      '0',
      '**',
    ),
    fc.array(fc.constantFrom('a', 'b', '*', 'node'), { maxLength: 4 }).map((parts) => parts.join('')),
  );
  const operator = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
  const { condition } = fc.letrec<{ condition: string; operand: string }>((tie) => ({
    operand: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'operand' },
      fc.constantFrom(...integers),
      fc.constantFrom(...integers),
      constant,
      fc.tuple(fc.constantFrom('-', '~', '!', '+'), tie('operand')).map(([sign, inner]) => `${sign}(${inner})`),
      fc
        .tuple(tie('operand'), fc.constantFrom('&', '|', '^', '<<', '>>'), tie('operand'))
        .map(([left, bits, right]) => `(${left} ${bits} ${right})`),
    ),
    condition: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'condition' },
      fc.tuple(fc.constantFrom(...integers), operator, constant).map((parts) => parts.join(' ')),
      fc.tuple(constant, operator, fc.constantFrom(...integers)).map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom(...integers), constant, fc.constantFrom('==', '!='))
        .map(([field, mask, compare]) => `(${field} & ${mask}) ${compare} 0`),
      fc
        .tuple(fc.constantFrom(...texts), fc.constantFrom('==', '!='), literal)
        .map(([field, compare, text]) => `${field} ${compare} "${text}"`),
      fc.constantFrom(...integers),
      fc
        .tuple(fc.constantFrom(...integers), operator, fc.constantFrom('-2', '3', '9'), tie('operand'))
        .map(([field, compare, value, rest]) => `${field} ${compare} ${value} && (${rest} ^ 1) != 0`),
      tie('operand'),
      fc.tuple(tie('operand'), operator, tie('operand')).map((parts) => parts.join(' ')),
      fc
        .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
        .map(([left, join, right]) => `(${left}) ${join} (${right})`),
      tie('condition').map((inner) => `!(${inner})`),
    ),
  }));
  return condition;
}

interface KnownEvent {
  readonly kind: EventKind;
  readonly format: KernelEventFormat;
  readonly eventClass: KernelEventClass;
}

function readEvent(kind: EventKind): KnownEvent {
  const format = parseEventFormat(
    kind.system,
    readFileSync(`${tracefsPath}/events/${kind.system}/${kind.name}/format`, 'utf8'),
  );
  assert.ok(format);
  return { kind, format, eventClass: makeEventClass(format) };
}

/** Undefined for a filter that is refused when it is given, or fits no field. */
function trySplit(event: KnownEvent, text: string): SplitFilter | undefined {
  const { kind, format, eventClass } = event;
  let rule: Rule;
  try {
    rule = parseRule(`${eventClass.name} if ${text}`, 'kernel');
  } catch {
    return undefined;
  }
  return splitFilters({ ...kind, lttngName: eventClass.name, rules: [rule] }, format, eventClass, true);
}

interface RawRecord {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** The records that wait in the buffer of the CPU that the program runs on, by event. */
function takeRecords(instance: TracefsInstance): Map<number, RawRecord[]> {
  const size = subBufferSizeBytes(instance.path);
  const page = new Uint8Array(size);
  const words = new Int32Array(page.buffer);
  const records = new Map<number, RawRecord[]>();
  const fd = openSync(`${instance.path}/per_cpu/cpu0/trace_pipe_raw`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    while (readSync(fd, page, 0, size, null) > 0) {
      forEachRecord(words, 0, size, (record, recordBytes) => {
        const copy = words.slice(record, record + recordBytes / 4);
        const id = (copy[0] as number) & 0xffff;
        const list = records.get(id) ?? [];
        records.set(id, list);
        list.push({ words: copy, bytes: new Uint8Array(copy.buffer) });
      });
    }
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  } finally {
    closeSync(fd);
  }
  return records;
}

/** The payload as the program would hand it to its tracepoint. */
function valuesOf({ bytes }: RawRecord, fields: readonly FilterableField[]): unknown[] {
  const view = new DataView(bytes.buffer);
  return fields.map(({ kind, from, sizeBytes, length, isSigned }) => {
    if (kind === 'text')
      return Buffer.from(bytes)
        .toString('latin1', from, from + length)
        .split('\0')[0];
    if (kind !== 'integer') return undefined;
    if (sizeBytes === 8) return isSigned ? view.getBigInt64(from, true) : view.getBigUint64(from, true);
    if (sizeBytes === 4) return isSigned ? view.getInt32(from, true) : view.getUint32(from, true);
    return isSigned ? view.getInt16(from, true) : view.getUint16(from, true);
  });
}

/** By its values: what lies between and behind them is chance. */
function contentOf(record: RawRecord, fields: readonly FilterableField[]): string {
  return valuesOf(record, fields).join(' ');
}

interface Tally {
  kernelAlone: number;
  kernelAndConverter: number;
  converterAlone: number;
  passed: number;
  refused: number;
}

/** Compares the judges on the records of one event. */
class Judges {
  readonly #event: KnownEvent;
  readonly #fields: readonly FilterableField[];
  readonly #context = new RecordContext(0, new ThreadTable());
  readonly tally: Tally;

  constructor(event: KnownEvent, tally: Tally) {
    this.#event = event;
    this.#fields = filterableFields(event.eventClass);
    this.tally = tally;
  }

  /** `some`: what the kernel let through of `all` by `parts.kernel`. */
  compare(text: string, parts: SplitFilter, all: readonly RawRecord[], some: readonly RawRecord[]): void {
    const { kind, format } = this.#event;
    const message = `${kind.name} if ${text}\nkernel: ${parts.kernel ?? ''}`;
    const fields = this.#fields;
    const judge = makeRecordFilter({ id: format.id, expressions: [text], fields }, (tid) => tid);
    const rest = parts.conversion === undefined ? undefined : makeRecordFilter(parts.conversion, (tid) => tid);
    const expected = all.filter((record) => this.#isWanted(record, judge));
    const actual = some.filter((record) => rest === undefined || this.#isWanted(record, rest));
    const contents = (records: readonly RawRecord[]): string[] => records.map((record) => contentOf(record, fields));
    assert.deepEqual(contents(actual), contents(expected), message);
    if (!text.includes('$ctx')) {
      const payload = new Map(fields.map((field) => [field.name, filterFieldType(field)]));
      const { evaluate } = compileToJavaScript(parseFilter(text), { payload }, 'positional');
      const inProgram = all.filter((record) => evaluate(undefined, ...valuesOf(record, fields)));
      assert.deepEqual(contents(inProgram), contents(expected), message);
    }
    this.tally.passed += expected.length;
    this.tally.refused += all.length - expected.length;
    if (parts.conversion === undefined) this.tally.kernelAlone++;
    else if (parts.kernel === undefined) this.tally.converterAlone++;
    else this.tally.kernelAndConverter++;
  }

  #isWanted(record: RawRecord, filter: RecordFilter): boolean {
    const { words, bytes } = record;
    const name = this.#event.format.fields.find((field) => field.name === this.#event.kind.nameOfThread);
    if (name !== undefined) this.#context.noteSwitch(words[1] as number, 120, bytes, name.offset);
    this.#context.setRecord(words, 0);
    return filter(words, bytes, 0, bytes.length, this.#context);
  }
}

test(
  `${FILTER_COUNT} random filters an event let through the same payloads in the kernel, in the converter and in a program`,
  { skip: SKIP },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-filter-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const seed = Math.trunc(performance.timeOrigin) % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const program = new PayloadProgram(directory, fc.sample(payload, { numRuns: PAYLOAD_COUNT, seed }));
    t.after(() => program.end());
    const [whole, filtered] = await Promise.all(
      ['filter-whole', 'filter-part'].map(async (name) => {
        const instance = new TracefsInstance(tracefsPath, { name, clock: 'mono', bufferSizeKb: 512 });
        await instance.make();
        t.after(() => instance.remove());
        instance.setPids([program.pid]);
        for (const { system, name: event } of KINDS) instance.enable(`${system}/${event}`);
        return instance;
      }),
    );
    assert.ok(whole !== undefined && filtered !== undefined);
    const tally: Tally = { kernelAlone: 0, kernelAndConverter: 0, converterAlone: 0, passed: 0, refused: 0 };
    const events = KINDS.map((kind) => {
      const event = readEvent(kind);
      return {
        event,
        judges: new Judges(event, tally),
        texts: fc.sample(filterOf(kind), { numRuns: FILTER_COUNT, seed }),
      };
    });
    for (let round = 0; round < FILTER_COUNT; round++) {
      const splits = events.map(({ event, texts }) => {
        const parts = trySplit(event, texts[round] ?? '');
        try {
          filtered.setFilter(`${event.kind.system}/${event.kind.name}`, parts?.kernel ?? '0');
        } catch (error) {
          assert.fail(`the kernel refuses ${parts?.kernel ?? '0'} for ${texts[round] ?? ''}: ${String(error)}`);
        }
        return parts;
      });
      await program.run();
      const all = takeRecords(whole);
      const some = takeRecords(filtered);
      events.forEach(({ event, judges, texts }, index) => {
        const parts = splits[index];
        const records = all.get(event.format.id) ?? [];
        assert.equal(records.length, PAYLOAD_COUNT, event.kind.name);
        if (parts !== undefined) judges.compare(texts[round] ?? '', parts, records, some.get(event.format.id) ?? []);
      });
    }
    t.diagnostic(JSON.stringify(tally));
    for (const [what, count] of Object.entries(tally)) assert.ok(count > 0, what);
  },
);
