// SPDX-License-Identifier: MIT
// What readers of opened traces share: the opened side of a trace set, and Node's decoder of text.

import { InputError } from '@lockstep/base';
import type { TextDecode } from '../read/decode-state.ts';
import type { OpenedTraceSet, TraceSet } from './trace-set.ts';

export function openedTraceSet(traceSet: TraceSet): OpenedTraceSet {
  if (!('dataStreams' in traceSet)) throw new InputError('The trace set was not opened by openTraceDirectory.');
  return traceSet as OpenedTraceSet;
}

/** Node's own decoder, which makes short strings several times faster than TextDecoder. */
export function makeTextDecode(): TextDecode {
  let bytes: Uint8Array | undefined;
  let buffer = Buffer.alloc(0);
  return (source, begin, end) => {
    if (source !== bytes) {
      bytes = source;
      buffer = Buffer.from(source.buffer, source.byteOffset, source.length) as typeof buffer;
    }
    return buffer.toString('utf8', begin, end);
  };
}
