// SPDX-License-Identifier: MIT
// What a consumer tells of its work, as plain data that worker messages can carry.

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
  /** Packets of which something was unusable and was cut off. */
  readonly damagedPacketCount: number;
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
  readonly discardedCount: number;
}

export function sumReport(report: ConsumerReport): ReportSums {
  let recordCount = 0;
  let byteCount = 0;
  let discardedCount = 0;
  for (const program of report.programs) {
    recordCount += program.recordCount;
    byteCount += program.byteCount;
    discardedCount += program.discardedCount;
  }
  return { recordCount, byteCount, discardedCount };
}
