// SPDX-License-Identifier: MIT
// What a consumer tells of its work, as plain data that worker messages can carry.

/** Records that found no room, by cause. */
export interface DiscardCauses {
  /** Every sub-buffer was unread: the consumer was too slow, or the buffer too small. */
  readonly full: number;
  /** Larger than a sub-buffer. */
  readonly tooBig: number;
  /** Every sub-buffer had a record in the making. */
  readonly wrapped: number;
}

export interface ProgramReport {
  readonly name: string;
  readonly vpid: number;
  /** Relative to the trace directory; '' when nothing was written. */
  readonly path: string;
  readonly recordCount: number;
  readonly packetCount: number;
  readonly byteCount: number;
  /** Records that found no room in the program's buffers. */
  readonly discardedCount: number;
  /** The same by cause, as the buffers count now; packets tell their sum. */
  readonly discardedCauses: DiscardCauses;
  /** Sub-buffers that a flight recorder's writers took back. */
  readonly overwrittenPacketCount: number;
  /** Packets of which something was unusable and was cut off. */
  readonly damagedPacketCount: number;
  /** How often a thread stood still (a signal, a debugger) and what it had committed was taken then. */
  readonly stalledThreadCount: number;
  /** Threads that ended without giving their buffers back, which was done for them. */
  readonly recoveredThreadCount: number;
  readonly truncatedStringCount: number;
  readonly badArgumentCount: number;
  /** Sentences: streams that ended before the program did, and why. */
  readonly problems: readonly string[];
}

export interface ConsumerReport {
  readonly programs: readonly ProgramReport[];
  /** The sentence of the failure that ended all writing, for instance a full disk. */
  readonly outputError: string | undefined;
  /** Records that were in buffers and could not be written any more. */
  readonly unwrittenRecordCount: number;
}

export interface ReportSums {
  readonly recordCount: number;
  readonly byteCount: number;
  /** Records that found no room in a buffer, or none on the disk. */
  readonly discardedCount: number;
}

export function sumReport(report: ConsumerReport): ReportSums {
  let recordCount = 0;
  let byteCount = 0;
  let discardedCount = report.unwrittenRecordCount;
  for (const program of report.programs) {
    recordCount += program.recordCount;
    byteCount += program.byteCount;
    discardedCount += program.discardedCount;
  }
  return { recordCount, byteCount, discardedCount };
}

/** One report of two consumers, of which the later one went on with what the earlier one left. */
export function joinReports(earlier: ConsumerReport | undefined, later: ConsumerReport | undefined): ConsumerReport {
  if (earlier === undefined || later === undefined) return later ?? earlier ?? emptyReport;
  const programs = new Map(earlier.programs.map((program) => [program.path, program]));
  const others: ProgramReport[] = [];
  for (const program of later.programs) {
    const before = programs.get(program.path) ?? findWritten(earlier, program);
    if (before === undefined) others.push(program);
    else programs.set(before.path, { ...joinPrograms(before, program), path: before.path });
  }
  return {
    programs: [...programs.values(), ...others],
    outputError: earlier.outputError ?? later.outputError,
    unwrittenRecordCount: earlier.unwrittenRecordCount + later.unwrittenRecordCount,
  };
}

/** A program whose records all were written before has no place in the later report. */
function findWritten({ programs }: ConsumerReport, { path, vpid, name }: ProgramReport): ProgramReport | undefined {
  return path === '' ? programs.find((program) => program.vpid === vpid && program.name === name) : undefined;
}

export const emptyReport: ConsumerReport = { programs: [], outputError: undefined, unwrittenRecordCount: 0 };

function joinPrograms(earlier: ProgramReport, later: ProgramReport): ProgramReport {
  return {
    ...later,
    recordCount: earlier.recordCount + later.recordCount,
    packetCount: earlier.packetCount + later.packetCount,
    byteCount: earlier.byteCount + later.byteCount,
    // A stream's counter goes on where its last packet stood.
    discardedCount: Math.max(earlier.discardedCount, later.discardedCount),
    // The buffers' own counts, which the later one reads again.
    discardedCauses: {
      full: Math.max(earlier.discardedCauses.full, later.discardedCauses.full),
      tooBig: Math.max(earlier.discardedCauses.tooBig, later.discardedCauses.tooBig),
      wrapped: Math.max(earlier.discardedCauses.wrapped, later.discardedCauses.wrapped),
    },
    overwrittenPacketCount: Math.max(earlier.overwrittenPacketCount, later.overwrittenPacketCount),
    damagedPacketCount: earlier.damagedPacketCount + later.damagedPacketCount,
    stalledThreadCount: earlier.stalledThreadCount + later.stalledThreadCount,
    recoveredThreadCount: earlier.recoveredThreadCount + later.recoveredThreadCount,
    truncatedStringCount: earlier.truncatedStringCount + later.truncatedStringCount,
    badArgumentCount: earlier.badArgumentCount + later.badArgumentCount,
    problems: [...new Set([...earlier.problems, ...later.problems])],
  };
}
