// SPDX-License-Identifier: MIT
// What the bench `read` measures of Lockstep: a program as a user of the library would write it, that prints one
// result and the greatest memory.
//
//   node read-program.js count1|count2|sum1|sum2|seek|classes DIRECTORY EVENT [SPAN-NS]

import type { Nanoseconds } from '@lockstep/base';
import {
  createDataStreamReader,
  isEventRecord,
  memoryMedium,
  parseMetadata,
  type ColumnBatch,
  type DataStream,
} from '@lockstep/ctf';
import {
  countEventRecordsParallel,
  openTraceDirectory,
  readColumns,
  readColumnsParallel,
  readEventRecords,
} from '@lockstep/ctf/node';

const [mode = '', path = '', event = '', span = '0'] = process.argv.slice(2);

async function main(): Promise<void> {
  if (mode === 'classes') return measureClasses();
  if (mode === 'seek') return measureSeek();
  const traceSet = openTraceDirectory(path);
  if (mode.startsWith('count')) {
    const counts = await countEventRecordsParallel(traceSet, path, { threads: Number(mode.slice(5)) });
    print(`${counts.records}`);
  } else {
    const wanted = { event, columns: [{ path: ['a'] }] };
    let sum = 0;
    if (mode === 'sum1') for (const batch of readColumns(traceSet, wanted)) sum += sumOf(batch);
    else for await (const batch of readColumnsParallel(traceSet, { ...wanted, threads: 2 })) sum += sumOf(batch);
    print(String(sum));
  }
}

function sumOf({ columns, rowCount }: ColumnBatch): number {
  const column = columns[0] as Float64Array;
  let sum = 0;
  for (let i = 0; i < rowCount; i++) sum += column[i]!;
  return sum;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** First record after a seek into the middle, in a process that has opened the trace and read a record. */
function measureSeek(): void {
  const traceSet = openTraceDirectory(path);
  const times: bigint[] = [];
  for (const item of readEventRecords(traceSet)) {
    if (isEventRecord(item)) times.push(item.timeNs!);
    break;
  }
  // The middle by size: repetitions are equal.
  const middle = (times[0]! + BigInt(span) / 2n) as Nanoseconds;
  const begin = process.hrtime.bigint();
  for (const item of readEventRecords(traceSet, { begin: middle })) if (isEventRecord(item)) break;
  print(`seek ${millisecondsSince(begin).toFixed(2)}`);
}

function millisecondsSince(begin: bigint): number {
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

function measureClasses(): void {
  const classes = Array.from(
    { length: 20_000 },
    (_, id) =>
      `event { name = "p:event_${id}"; id = ${id}; stream_id = 0; fields := struct { integer { size = 32; align = 8; signed = 1; encoding = none; base = 10; } _a; floating_point { exp_dig = 11; mant_dig = 53; align = 8; } _b; string _c${id % 50}; }; };\n`,
  );
  const text = `/* CTF 1.8 */
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { uint32_t stream_id; }; };
stream { id = 0; event.header := struct { uint32_t id; }; };
${classes.join('')}`;
  const begin = process.hrtime.bigint();
  const traceClass = parseMetadata(text);
  const parsed = millisecondsSince(begin);
  // A packet with one record: its id, an int, a double and an empty string.
  const dataStreamClass = traceClass.dataStreamClasses.get(0n)!;
  const dataStream: DataStream = {
    name: 's',
    trace: { name: '', traceClass, dataStreams: [] },
    dataStreamClass,
    id: undefined,
  };
  createDataStreamReader({ dataStream, medium: memoryMedium(new Uint8Array(4 + 4 + 12 + 1)) }).next();
  print(`parse ${parsed.toFixed(0)} first record ${(millisecondsSince(begin) - parsed).toFixed(0)}`);
}

await main();
print(`memory ${Math.round(process.resourceUsage().maxRSS / 1024)}`);
