// SPDX-License-Identifier: MIT
// npm run interleavings: explores the ring buffer's shapes in every order and prints how many states there
// are. `--all` takes the ones that the tests have no time for as well; words choose by name.

import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const folder = join(root, 'test/interleavings');
const { exploreAll } = await import(join(folder, 'explore.mjs'));
const { loadShipped } = await import(join(folder, 'load-shipped.mjs'));
const { RingWorld, SMALL_SUB_BUFFERS } = await import(join(folder, 'ring-world.mjs'));
const { SHAPES } = await import(join(folder, 'shapes.mjs'));

const args = process.argv.slice(2);
const words = args.filter((arg) => !arg.startsWith('--'));
const maxStates = Number(args.find((arg) => arg.startsWith('--max='))?.slice(6) ?? Infinity);
const code = loadShipped(SMALL_SUB_BUFFERS);
let status = 0;
for (const { name, shape, run } of SHAPES) {
  if ((run === 'whole' && !args.includes('--all')) || !words.every((word) => name.includes(word))) continue;
  const beginMs = performance.now();
  const { stateCount, stepCount, endCount, isComplete, violation } = exploreAll(new RingWorld(code, shape), {
    maxStates,
  });
  const seconds = ((performance.now() - beginMs) / 1000).toFixed(1);
  const outcome = violation === undefined ? (isComplete ? 'every order' : 'not all') : violation.message;
  console.log(`${name}\t${stateCount} states\t${stepCount} steps\t${endCount} ends\t${seconds} s\t${outcome}`);
  if (violation !== undefined) {
    console.log(violation.path.slice(-60).join('\n'));
    status = 1;
  }
}
process.exitCode = status;
