// SPDX-License-Identifier: MIT
// Which trace a command reads: its argument or the last one, completed first by what killed
// recordings left behind.

import { InputError } from '@lockstep/base';
import { findLastTrace, findOwner, finishTrace } from '@lockstep/session';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

export async function findTrace(argument: string | undefined): Promise<string> {
  if (argument === '') throw new InputError('The name of the trace directory is empty');
  const path = argument === undefined ? findLastTrace(findOwner()) : resolve(argument);
  if (path === undefined) {
    throw new InputError(
      'No trace was recorded yet; name a trace directory, or record one: lockstep record -- node server.js',
    );
  }
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new InputError('There is no such trace directory', { path });
  if (!status.isDirectory()) throw new InputError('This is a file and no trace directory', { path });
  const isTerminal = process.stderr.isTTY;
  await finishTrace(path, {
    onSentence: (sentence) => process.stderr.write(`lockstep: ${sentence}\n`),
    onShare: (share) => {
      if (isTerminal)
        process.stderr.write(`\r\x1b[Klockstep: finishing the kernel's part, ${Math.floor(share * 100)} %\r`);
    },
  });
  return path;
}
