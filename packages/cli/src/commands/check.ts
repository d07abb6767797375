// SPDX-License-Identifier: MIT
// `lockstep check`: is a trace sound, and what is wrong where. Exit status 1 when it is not.

import { checkTraces, type CheckReport, type Problem } from '@lockstep/ctf/node';
import { countText } from '../amounts.ts';
import { writeOutput } from '../output.ts';
import { findTrace } from '../trace-argument.ts';

interface CheckFlags {
  readonly json?: boolean;
  readonly strict?: boolean;
}

export async function runCheck(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as CheckFlags;
  const path = await findTrace(directory);
  const report = checkTraces(path);
  const isSound = report.errors === 0 && (options.strict !== true || report.warnings === 0);
  if (options.json === true) {
    const text = JSON.stringify({ path, isSound, ...report }, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    writeOutput(`${text}\n`);
  } else {
    writeOutput(report.problems.map(problemLine).join('') + summaryLine(path, report));
  }
  if (!isSound) process.exitCode = 1;
}

function problemLine({ severity, sentence, where }: Problem): string {
  const pairs = Object.entries(where)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
  const end = /[.!?)]$/.test(sentence) ? '' : '.';
  return `${severity}: ${sentence}${end}${pairs.length === 0 ? '' : ` [${pairs.join(' ')}]`}\n`;
}

function summaryLine(path: string, report: CheckReport): string {
  const { traces, dataStreams, packets, records, errors, warnings } = report;
  const what = [
    [traces, 'trace'],
    [dataStreams, 'data stream'],
    [packets, 'packet'],
    [records, 'event record'],
  ] as const;
  const counts = what.map(([count, name]) => `${countText(count)} ${name}${count === 1 ? '' : 's'}`).join(', ');
  const verdict =
    errors > 0
      ? `not sound: ${countText(errors)} error${errors === 1 ? '' : 's'}`
      : warnings > 0
        ? 'sound, with losses or oddities'
        : 'sound';
  const warned = warnings === 0 ? '' : `, ${countText(warnings)} warning${warnings === 1 ? '' : 's'}`;
  return `${path} is ${verdict}${warned}; ${counts}.\n`;
}
