// SPDX-License-Identifier: MIT
// `lockstep view` of what is still being recorded: a live session of a relay, or a directory that is
// written. Until it ends, or Ctrl-C.

import { InputError } from '@lockstep/base';
import { createTextPrinter, isEventRecord, type StreamItem, type TextOptions } from '@lockstep/ctf';
import { followTraceDirectory, listLiveSessions, openLiveSession, type FollowOptions } from '@lockstep/ctf/node';
import { isLiveUrl, parseLiveUrl } from '@lockstep/protocol';
import { findLastTrace, findOwner, readAlong } from '@lockstep/session';
import { writeOutput } from '../output.ts';
import { recordToJson } from '../record-json.ts';
import type { ClockOffsetFlags, RangeFlags } from '../time-range.ts';

interface GrowingFlags extends RangeFlags, ClockOffsetFlags {
  readonly count?: boolean;
  readonly json?: boolean;
  readonly text: TextOptions;
}

export async function runGrowingView(directory: string | undefined, flags: GrowingFlags): Promise<void> {
  refuseRanges(flags);
  const path = directory ?? findLastTrace(findOwner());
  if (path === undefined) throw new InputError('There is nothing to follow; name a directory');
  if (!isLiveUrl(path)) {
    const stopReading = readAlong(path);
    const followed = followTraceDirectory(path);
    await printAll((options) => followed.items(options), flags);
    followed.close();
    stopReading();
    return;
  }
  if (parseLiveUrl(path).session === undefined) {
    await printSessions(path);
    return;
  }
  const session = await openLiveSession(path);
  await printAll((options) => session.items(options), flags);
  session.close();
}

/** What needs the whole trace does not fit what is still coming. */
function refuseRanges(flags: GrowingFlags): void {
  for (const [name, value] of [
    ['--begin', flags.begin],
    ['--end', flags.end],
    ['--timerange', flags.timerange],
    ['--clock-offset', flags.clockOffset],
    ['--clock-offset-ns', flags.clockOffsetNs],
  ] as const) {
    if (value !== undefined) throw new InputError(`${name} is for traces that are complete; leave it out to follow`);
  }
}

async function printAll(
  items: (options: FollowOptions) => AsyncIterable<StreamItem>,
  flags: GrowingFlags,
): Promise<void> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  let [held, count] = ['', 0];
  const printer = createTextPrinter({
    ...flags.text,
    write: writeOutput,
    writeWarning: (warning) => void process.stderr.write(warning),
  });
  const flush = (): void => {
    printer.flush();
    if (held !== '') writeOutput(held);
    held = '';
  };
  for await (const item of items({ signal: ending.signal, onIdle: flush })) {
    if (isEventRecord(item)) count++;
    if (flags.count === true) continue;
    if (flags.json !== true) printer.print(item);
    else if (isEventRecord(item)) held += `${recordToJson(item)}\n`;
    if (held.length > 65_536) flush();
  }
  flush();
  if (flags.count === true) writeOutput(`${count}\n`);
}

/** As babeltrace2 lists them: addresses that can be typed. */
async function printSessions(url: string): Promise<void> {
  const { host, port } = parseLiveUrl(url);
  const sessions = await listLiveSessions(url);
  if (sessions.length === 0) process.stderr.write('lockstep: The relay has no live session.\n');
  for (const { hostname, name, liveTimerUs, streamCount, clientCount } of sessions) {
    writeOutput(
      `net://${host}:${port}/host/${hostname}/${name} (timer = ${liveTimerUs}, ${streamCount} stream(s), ${clientCount} client(s) connected)\n`,
    );
  }
}
