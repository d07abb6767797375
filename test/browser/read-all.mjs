// SPDX-License-Identifier: MIT
// What Node and the browser both do in browser.test.mjs: metadata and streams in, one line that says
// all that was read out. Runs from the built package in Node, bundled in the browser.

import {
  blobMedium,
  createDataStreamReader,
  EventRecordMerge,
  mergeBatches,
  parseMetadata,
  WindowMedium,
} from '../../packages/ctf/dist/src/index.js';

/** `cases`: `{metadata, streams: [[byte…]…]}`. */
export async function readAll(cases, decoder) {
  const lines = [];
  for (const { metadata, streams } of cases) {
    const traceClass = parseMetadata(metadata);
    const trace = { name: 'trace', traceClass, dataStreams: [] };
    const dataStreamClass = [...traceClass.dataStreamClasses.values()][0];
    for (const [index, bytes] of streams.entries()) {
      const dataStream = { name: `stream ${index}`, trace, dataStreamClass, id: undefined };
      const medium = new WindowMedium(blobMedium(new Blob([Uint8Array.from(bytes)])));
      const reader = createDataStreamReader({ dataStream, medium, ...(decoder === undefined ? {} : { decoder }) });
      try {
        for await (const batch of mergeBatches(new EventRecordMerge([reader]))) {
          for (const item of batch) lines.push(JSON.stringify(itemToPlain(item), plain));
        }
      } catch (error) {
        lines.push(String(error.sentence ?? error.stack));
      }
    }
  }
  return `${lines.length} lines, ${fnv(lines.join('\n'))}`;
}

function itemToPlain(item) {
  const { eventRecordClass, ...rest } = item;
  delete rest.dataStream;
  return { name: eventRecordClass?.name, ...rest };
}

function plain(_name, value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

function fnv(text) {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619) >>> 0;
  return hash.toString(16);
}
