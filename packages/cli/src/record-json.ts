// SPDX-License-Identifier: MIT
// One event record as one line of JSON: 64-bit values as decimal strings, since JSON numbers of most
// readers are doubles.

import type { EventRecord } from '@lockstep/ctf';

export function recordToJson(record: EventRecord): string {
  const { eventRecordClass, dataStream, packet, commonContext, specificContext, payload } = record;
  return JSON.stringify(
    {
      timeNs: record.timeNs,
      name: eventRecordClass.name,
      trace: dataStream.trace.name,
      stream: dataStream.name,
      cpuId: packet.context?.['cpu_id'],
      context:
        commonContext === undefined && specificContext === undefined
          ? undefined
          : { ...commonContext, ...specificContext },
      payload,
    },
    (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
}
