// SPDX-License-Identifier: MIT
// LTTng's event families (test-data/lttng-events.json: names and fields of lttng-modules 2.13.9 as they
// read for Linux 6.18) beside what the running kernel's formats become here. Run as a program it prints
// the table of docs/lttng-events.md.

import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { FieldClass } from '@lockstep/ctf/write';
import { makeEventClass } from '../event-class.ts';
import { parseEventFormat } from '../event-format.ts';
import { lttngName } from '../lttng-names.ts';
import { tracefsPath } from './tracefs-or-skip.ts';

/** i: integer, s: text, a: array, q: sequence. */
type Shape = 'i' | 's' | 'a' | 'q';
interface LttngEvent {
  /** `system:event`. */
  readonly kernel: string;
  readonly fields: Readonly<Record<string, Shape>>;
}
export type LttngFamilies = Readonly<Record<string, Readonly<Record<string, LttngEvent>>>>;

export interface EventComparison {
  readonly lttngName: string;
  readonly kernel: string;
  readonly state: 'same' | 'differs' | 'absent';
  /** What we call it. */
  readonly ourName: string;
  /** LTTng's fields that are not there, or are something else. */
  readonly missing: readonly string[];
  /** Fields of this kernel that LTTng leaves out. */
  readonly more: readonly string[];
}

export function readLttngFamilies(): LttngFamilies {
  const path = new URL('../../../test-data/lttng-events.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as LttngFamilies;
}

export function compareWithKernel(lttng: string, event: LttngEvent): EventComparison {
  const [system = '', name = ''] = event.kernel.split(':');
  const ourName = lttngName(system, name).name;
  const path = `${tracefsPath}/events/${system}/${name}/format`;
  const base = { lttngName: lttng, kernel: event.kernel, ourName };
  const format = existsSync(path) ? parseEventFormat(system, readFileSync(path, 'utf8')) : undefined;
  if (format === undefined) return { ...base, state: 'absent', missing: [], more: [] };
  const ours = new Map(
    makeEventClass(format).payload.memberClasses.map((member) => [member.name, shapeOf(member.fieldClass)]),
  );
  const missing: string[] = [];
  for (const [field, shape] of Object.entries(event.fields)) {
    const our = ours.get(field);
    if (our === undefined) missing.push(field);
    else if (our !== shape) missing.push(`${field} (${NAMES[shape]}, here ${NAMES[our]})`);
  }
  const more = [...ours.keys()].filter((field) => event.fields[field] === undefined && !/^_.*_length$/.test(field));
  return { ...base, state: missing.length === 0 && more.length === 0 ? 'same' : 'differs', missing, more };
}

const NAMES: Readonly<Record<Shape, string>> = { i: 'integer', s: 'text', a: 'array', q: 'sequence' };

function shapeOf(fieldClass: FieldClass): Shape {
  if (fieldClass.type.includes('string')) return 's';
  if (fieldClass.type === 'static-length-array') return 'a';
  return fieldClass.type === 'dynamic-length-array' ? 'q' : 'i';
}

function printTable(): void {
  const lines: string[] = [];
  for (const [family, events] of Object.entries(readLttngFamilies())) {
    const compared = Object.entries(events).map(([name, event]) => compareWithKernel(name, event));
    const of = (state: string): EventComparison[] => compared.filter((one) => one.state === state);
    lines.push(`## ${family}`, '');
    if (of('same').length > 0)
      lines.push(
        `Same: ${of('same')
          .map((one) => one.lttngName)
          .join(', ')}.`,
        '',
      );
    if (of('differs').length > 0) {
      const rows = new Map<string, string[]>();
      for (const one of of('differs')) {
        const key = `| ${one.missing.join(', ')} | ${one.more.join(', ')} |`;
        rows.set(key, [...(rows.get(key) ?? []), one.lttngName]);
      }
      lines.push('| differs | LTTng has, this kernel has not | this kernel has, LTTng has not |', '|---|---|---|');
      for (const [key, names] of rows) lines.push(`| ${names.join(', ')} ${key}`);
      lines.push('');
    }
    if (of('absent').length > 0)
      lines.push(
        `Not in this kernel: ${of('absent')
          .map((one) => one.lttngName)
          .join(', ')}.`,
        '',
      );
  }
  process.stdout.write(`Linux ${release().replace(/-.*/, '')}\n\n${lines.join('\n')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) printTable();
