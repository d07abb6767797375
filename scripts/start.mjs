// SPDX-License-Identifier: MIT
// npm start: install, build, record the sample service under load together with the kernel, and print
// what was recorded, why it stalled and where the latency of its requests went.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const lockstep = join(root, 'packages/cli/bin/lockstep.js');
const parent = mkdtempSync(join(tmpdir(), 'lockstep-sample-'));
const trace = join(parent, 'trace');

say('lockstep record -- node examples/http-server/main.js');
const recorded = run(['record', '-o', trace, '--', process.execPath, join(root, 'examples/http-server/main.js')]);
if (recorded !== 0) {
  rmSync(parent, { recursive: true, force: true });
  process.exit(recorded);
}
say('lockstep stalls');
const explained = run(['stalls', trace]);
say('lockstep requests');
const split = run(['requests', '--limit', '1', trace]);
console.log(`\nThe trace is in ${trace}. Next:
  npx lockstep view ${trace} | less      every event, program and kernel, in time order
  npx lockstep critical-path ${trace}    what the worst stall hung on, wake-up by wake-up
  npx lockstep profile --stall 1 ${trace}    in which functions its time went
  npx lockstep convert --to perfetto ${trace}    for ui.perfetto.dev`);
process.exit(explained || split);

function say(command) {
  console.log(`\n$ ${command}`);
}

function run(args) {
  return spawnSync(process.execPath, [lockstep, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
