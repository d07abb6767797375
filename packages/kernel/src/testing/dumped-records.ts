// SPDX-License-Identifier: MIT
// A state dump made for a test -> its event records, read back as any reader of the trace reads them.

import { mkdirSync } from 'node:fs';
import type { EventRecord, StructureValue } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { kernelTraceClass, writeMetadataFile } from '../kernel-trace-class.ts';
import { dumpState, type StateDumpOptions, type StateDumpResult } from '../state-dump/dump-state.ts';

const UUID = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';

export interface DumpedRecord {
  readonly name: string;
  readonly timeNs: bigint;
  readonly payload: StructureValue;
}

/** Into `directory`/kernel, which may hold dumps already. */
export function dumpInto(
  directory: string,
  options: Partial<StateDumpOptions> = {},
  whyEnd: () => string | undefined = () => undefined,
): StateDumpResult {
  const output = `${directory}/kernel`;
  mkdirSync(output, { recursive: true });
  const traceClass = kernelTraceClass({
    uuid: UUID,
    clockClass: { name: 'mono', frequency: 1_000_000_000n, offsetSeconds: 0n, offsetCycles: 0n, absolute: true },
    channels: [],
    stateDumpChannelId: 0,
    traceName: 'test',
    startTime: new Date(0),
    environment: {},
  });
  writeMetadataFile(traceClass, [], output, directory);
  const fixed = { outputDirectory: output, uuid: UUID, streamClassId: 0, fileName: 'statedump_0', hasMemoryMaps: true };
  return dumpState({ ...fixed, ...options }, () => process.hrtime.bigint(), whyEnd);
}

export function readRecords(directory: string): DumpedRecord[] {
  const traces = openTraceDirectory(directory);
  try {
    const records: DumpedRecord[] = [];
    for (const item of readEventRecords(traces)) {
      if (!('eventRecordClass' in item)) continue;
      const record: EventRecord = item;
      records.push({
        name: record.eventRecordClass.name ?? '',
        timeNs: record.timeNs ?? 0n,
        payload: record.payload ?? {},
      });
    }
    return records;
  } finally {
    traces.close();
  }
}

/** Payloads of the records of one class. */
export function payloadsOf(records: readonly DumpedRecord[], name: string): StructureValue[] {
  return records.filter((record) => record.name === name).map(({ payload }) => payload);
}
