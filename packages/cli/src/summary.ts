// SPDX-License-Identifier: MIT
// What a recording came to, for a terminal.

import { sumReport, type RecordSummary } from '@lockstep/session';
import { bytesText, countText, plural, secondsText } from './amounts.ts';

/** Programs listed one by one. */
const MAX_PROGRAMS = 8;

/** `causes`: lines that tell what was slow, and whether requests were served. */
export function formatSummary(summary: RecordSummary, causes: readonly string[] = []): string {
  const lines = [`lockstep: recorded ${secondsText(summary.elapsedMs)} into ${summary.traceDirectory}`];
  const program = sumReport(summary.program);
  const count = summary.program.programs.length;
  const perProgram = count === 0 ? 'no Node program was traced, or none has what -u names' : plural(count, 'program');
  lines.push(
    `  program  ${plural(program.recordCount, 'event record')}, ${bytesText(program.byteCount)}, ${countText(program.discardedCount)} discarded; ${perProgram}`,
  );
  if (count > 1) lines.push(...programLines(summary));
  if (summary.kernel !== undefined) {
    const { eventRecordCount, byteCount, discardedCount } = summary.kernel;
    lines.push(
      `  kernel   ${plural(eventRecordCount, 'event record')}, ${bytesText(byteCount)}, ${countText(discardedCount)} discarded`,
    );
  }
  lines.push(`  clock    ${summary.clock.kind}: ${summary.clock.reason}`);
  lines.push(...lossLines(summary), ...problemLines(summary));
  for (const sentence of summary.kernel?.sentences ?? []) lines.push(`  note     ${sentence}`);
  for (const sentence of summary.missing) lines.push(`  missing  ${sentence}`);
  if (summary.outputError !== undefined) {
    lines.push(`  error    Recording stopped before the program ended: ${summary.outputError}`);
  }
  lines.push(...causes);
  const directory = quote(summary.traceDirectory);
  if (count === 0 && summary.kernel === undefined) return `${lines.join('\n')}\n`;
  lines.push(`  next     lockstep stalls ${directory}`);
  if (causes.some((line) => line.startsWith('  request'))) lines.push(`           lockstep requests ${directory}`);
  lines.push(`           lockstep view ${directory} | less`);
  return `${lines.join('\n')}\n`;
}

function programLines(summary: RecordSummary): readonly string[] {
  const programs = [...summary.program.programs].sort((a, b) => b.recordCount - a.recordCount);
  const lines = programs
    .slice(0, MAX_PROGRAMS)
    .map(
      ({ name, vpid, recordCount, discardedCount }) =>
        `             ${name} (pid ${vpid}): ${plural(recordCount, 'event record')}, ${countText(discardedCount)} discarded`,
    );
  if (programs.length > MAX_PROGRAMS) lines.push(`             and ${programs.length - MAX_PROGRAMS} more`);
  return lines;
}

/** ` (12 full, 3 too big)`, or nothing where no buffer told. */
function causesText(programs: RecordSummary['program']['programs']): string {
  const causes = (
    [
      ['full', 'full'],
      ['tooBig', 'too big'],
      ['wrapped', 'wrapped'],
    ] as const
  ).map(([cause, name]) => {
    const count = programs.reduce((total, { discardedCauses }) => total + discardedCauses[cause], 0);
    return count === 0 ? '' : `${countText(count)} ${name}`;
  });
  const told = causes.filter((text) => text !== '').join(', ');
  return told === '' ? '' : ` (${told})`;
}

/** Losses by cause, and what to do about each. */
function lossLines(summary: RecordSummary): readonly string[] {
  const lines: string[] = [];
  const { programs, unwrittenRecordCount } = summary.program;
  const sum = (pick: (program: (typeof programs)[number]) => number): number =>
    programs.reduce((total, program) => total + pick(program), 0);
  const discarded = sum((program) => program.discardedCount);
  if (discarded > 0)
    lines.push(
      `  losses   ${plural(discarded, 'record')} of programs found no room in their buffers${causesText(programs)}; record fewer events with -u`,
    );
  const kernelDiscarded = summary.kernel?.discardedCount ?? 0;
  if (kernelDiscarded > 0)
    lines.push(
      `  losses   ${plural(kernelDiscarded, 'record')} of the kernel found no room in its buffers; record fewer events with -k`,
    );
  const damaged = sum((program) => program.damagedPacketCount);
  if (damaged > 0)
    lines.push(`  losses   ${plural(damaged, 'packet')} of programs had unusable bytes, which were cut off`);
  if (unwrittenRecordCount > 0)
    lines.push(`  losses   ${plural(unwrittenRecordCount, 'record')} could not be written any more`);
  const stalled = sum((program) => program.stalledThreadCount);
  if (stalled > 0)
    lines.push(
      `  note     ${stalled === 1 ? 'a thread was' : `threads were ${stalled} times`} found stopped; what was recorded until then is in the trace, and what came after it`,
    );
  const recovered = sum((program) => program.recoveredThreadCount);
  if (recovered > 0)
    lines.push(
      `  note     ${plural(recovered, 'thread')} ended without notice; what was recorded until then is in the trace`,
    );
  const truncated = sum((program) => program.truncatedStringCount);
  if (truncated > 0) lines.push(`  note     ${plural(truncated, 'string')} cut at 4096 bytes`);
  const bad = sum((program) => program.badArgumentCount);
  if (bad > 0) lines.push(`  note     ${plural(bad, 'record')} made from arguments of a wrong type`);
  return lines;
}

function problemLines(summary: RecordSummary): readonly string[] {
  return summary.program.programs.flatMap((program) =>
    program.problems.map((problem) => `  note     ${program.name} (pid ${program.vpid}): ${problem}`),
  );
}

function quote(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
