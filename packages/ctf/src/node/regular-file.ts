// SPDX-License-Identifier: MIT
// Files of a trace that are read whole: path in, bytes out. Directories of traces come from others, so a
// pipe with the name of a file must not be waited for, and a file without end not be read.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { InputError } from '@lockstep/base';

/** Metadata of 10 000 event record classes take 1.2 MB, an index 72 bytes a packet. */
const MOST_BYTES = 2 ** 30;

export function readRegularFile(path: string): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw new InputError('This file of a trace is no regular file', { path });
    if (status.size > MOST_BYTES)
      throw new InputError('This file of a trace is too large', { path, sizeBytes: status.size });
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
