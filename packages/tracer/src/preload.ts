// SPDX-License-Identifier: MIT
// What `record` preloads into a program, in each of its threads, before the program's first line:
// finds the session and installs Node's instrumentation. Synchronous, silent, and harmless: without a
// session it does nothing, and no failure of it reaches the program.
//
// scripts/bundle-preload.mjs makes one CommonJS file of it, and a guard before that which leaves at
// once on a Node that is too old.

import { loadNative } from '@lockstep/native';
import { SESSION_VARIABLE } from '@lockstep/protocol';
import { installWhenWanted } from './node/install.ts';
import { restoreWorkerEnvironment } from './node/threads.ts';
import { openRuntime } from './runtime.ts';

try {
  const sessionDirectory = process.env[SESSION_VARIABLE];
  if (sessionDirectory !== undefined && sessionDirectory !== '') {
    installWhenWanted({ runtime: openRuntime(), native: loadNative(), sessionDirectory });
  }
} catch (error) {
  // The program runs untraced.
  if (process.env.LOCKSTEP_DEBUG === '1') process.stderr.write(`lockstep: ${String(error)}\n`);
} finally {
  // Not before: the runtime finds the session in the environment.
  restoreWorkerEnvironment(process.env);
}
