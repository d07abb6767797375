// SPDX-License-Identifier: MIT
// `lockstep crash`: buffers of a killed recording in shared memory -> a trace.

import { findLeftovers, recoverSession, sumReport } from '@lockstep/session';
import { plural } from '../amounts.ts';

interface CrashFlags {
  readonly output?: string;
  readonly json?: boolean;
}

export async function runCrash(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as CrashFlags;
  if (directory === undefined) {
    list(options.json === true);
    return;
  }
  const { traceDirectory, report, isRemoved } = await recoverSession(directory, { traceDirectory: options.output });
  const sums = sumReport(report);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ traceDirectory, isRemoved, report })}\n`);
  } else {
    const lines = [
      `Recovered ${plural(sums.recordCount, 'event record')} of ${plural(report.programs.length, 'program')} into ${traceDirectory}.`,
    ];
    if (sums.discardedCount > 0)
      lines.push(`${plural(sums.discardedCount, 'record')} had found no room in the buffers.`);
    for (const program of report.programs)
      for (const problem of program.problems) lines.push(`${program.name} (pid ${program.vpid}): ${problem}`);
    if (!isRemoved) lines.push(`The buffers stay in ${directory}; delete that directory when you need them no more.`);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (report.outputError !== undefined) {
    process.stderr.write(
      `lockstep: ${report.outputError}; ${plural(report.unwrittenRecordCount, 'record')} could not be written.\n`,
    );
    process.exitCode = 1;
  }
}

function list(isJson: boolean): void {
  const leftovers = findLeftovers();
  if (isJson) {
    process.stdout.write(
      `${JSON.stringify(leftovers.map(({ path, session, hasBuffers }) => ({ path, hasBuffers, traceDirectory: session.traceDirectory })))}\n`,
    );
    return;
  }
  const lines = leftovers.map(
    ({ path, session, hasBuffers }) =>
      `${path}  of ${session.name}, pid ${session.ownerPid}; ${hasBuffers ? `trace ${session.traceDirectory}` : 'nothing in it'}`,
  );
  process.stdout.write(
    lines.length === 0
      ? 'No recording was killed and left buffers behind.\n'
      : `${lines.join('\n')}\nRecover one with: lockstep crash DIR\n`,
  );
}
