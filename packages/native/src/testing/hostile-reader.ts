// SPDX-License-Identifier: MIT
// A child process of guard.test.ts: maps argv[3], has the file shortened under it, and reads on in
// the way that argv[2] says. Prints one JSON line if it survives. In a process of its own, since
// what is tested ends the process when it fails.

import { truncateSync } from 'node:fs';
import { loadNative } from '../index.ts';

const [, , way = '', path = ''] = process.argv;
const native = loadNative();
if (native === undefined) throw new Error('no addon');
const mapping = native.mapFile(path, { access: way === 'write' ? 'read-write' : 'read' });
const words = new Int32Array(mapping.buffer);
const page = 4096;
const target = new Uint8Array(4 * page);

if (way === 'write') {
  native.guardMappings();
  truncateSync(path, page);
  Atomics.store(words, page / 4, 5);
  const sum = Atomics.add(words, page / 4, 1) + Atomics.add(words, 0, 1);
  console.log(JSON.stringify({ sum, after: [words[0], words[page / 4]], faultCount: mapping.faultCount }));
} else if (way !== 'copy') {
  if (way !== 'unguarded') native.guardMappings();
  const before = [words[0], words[page / 4]];
  truncateSync(path, page);
  const after = [words[0], words[page / 4], Atomics.load(words, (3 * page) / 4)];
  const { faultCount } = mapping;
  mapping.unmap();
  console.log(
    JSON.stringify({ before, after, faultCount, lastFaultCount: mapping.faultCount, lengthAfterUnmap: words.length }),
  );
} else {
  const isCopiedBefore = native.tryCopy(mapping.buffer, 0, target, 0, 4 * page);
  truncateSync(path, page);
  const isCopiedAcross = native.tryCopy(mapping.buffer, page - 8, target, 0, 16);
  const isCopiedAgain = native.tryCopy(mapping.buffer, page, target, 0, page);
  const isFirstPageCopied = native.tryCopy(mapping.buffer, 0, target, 0, page);
  console.log(
    JSON.stringify({
      isCopiedBefore,
      isCopiedAcross,
      isCopiedAgain,
      isFirstPageCopied,
      faultCount: mapping.faultCount,
    }),
  );
}
