// SPDX-License-Identifier: MIT
// The class file of a traced process: one JSON object a line, in the order of commitment. A line is
// committed by its newline, in one append, before any record of its id is made. Readers ignore an
// unfinished last line and refuse a line over MAX_CLASS_LINE_BYTES.

export const MAX_CLASS_LINE_BYTES = 1024 * 1024;

/**
 * An event record class as a traced program announces it. Fields are ctf's structure field class
 * (`packages/ctf/src/model/field-class.ts`) in JSON, bigint range bounds as decimal strings.
 */
export interface ClassLine {
  readonly id: number;
  /** `ChannelPlan.id` values in which it may appear: all, since ids belong to the process. */
  readonly name: string;
  /** LTTng number, 0 … 14. */
  readonly logLevel: number;
  /** A StructureFieldClass. */
  readonly payload: unknown;
}
