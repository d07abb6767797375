// Writes a CTF trace by hand: one data stream, one class of event records. Any CTF reader reads it.
//
//   node examples/read-a-trace/write.js ./new-trace

import { nullTerminatedString, programPacketClasses, signedInteger, structure } from '@lockstep/ctf/write';
import { TraceWriter } from '@lockstep/ctf/node';

const clock = {
  name: 'mine',
  frequency: 1_000_000_000n,
  offsetSeconds: 1_700_000_000n,
  offsetCycles: 0n,
  absolute: true,
};
const { packetHeader, packetContext, eventRecordHeader } = programPacketClasses(clock.name);
const order = {
  id: 0n,
  name: 'shop:order',
  payload: structure({ id: signedInteger(32), sku: nullTerminatedString() }),
};
const dataStreamClass = {
  id: 0n,
  packetContext,
  eventRecordHeader,
  defaultClock: clock,
  eventRecordClasses: new Map([[order.id, order]]),
};
const writer = TraceWriter.create(process.argv[2] ?? 'new-trace', {
  uuid: '6a2f6c3e-8f0b-4c56-9d3a-0c1c8f0e7a11',
  byteOrder: 'little-endian',
  environment: new Map([['hostname', 'example']]),
  packetHeader,
  clockClasses: [clock],
  dataStreamClasses: new Map([[dataStreamClass.id, dataStreamClass]]),
});
const stream = writer.dataStream('orders', dataStreamClass);
for (let id = 1; id <= 3; id += 1)
  stream.write({ eventRecordClass: order, clockSnapshot: BigInt(id) * 1000n, payload: { id, sku: `A-${id}` } });
stream.discardEventRecords(2n);
writer.close();
