// Reads a CTF trace (LTTng's, Lockstep's, barectf's, any) and prints its records in order of time.
//
//   node examples/read-a-trace/main.js ./trace [EVENT-NAME]

import { isEventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';

const [directory = '.', wanted] = process.argv.slice(2);
const traceSet = openTraceDirectory(directory);
for (const item of readEventRecords(traceSet)) {
  if (!isEventRecord(item)) console.log(`${item.count ?? 'some'} lost (${item.type})`);
  else if (wanted === undefined || item.eventRecordClass.name === wanted)
    console.log(item.timeNs, item.eventRecordClass.name, item.payload);
}
traceSet.close();
