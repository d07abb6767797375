// SPDX-License-Identifier: MIT
// Trace class -> short text for the expectations of the conformance corpus: one line a field, with all
// that decoding depends on.

import type { FieldClass, FieldLocation, IntegerRangeSet } from '../model/field-class.ts';
import type { TraceClass } from '../model/trace-class.ts';

export function describeTraceClass(traceClass: TraceClass): string {
  const lines = [`trace ${traceClass.byteOrder}${traceClass.uuid === undefined ? '' : ` ${traceClass.uuid}`}`];
  for (const [name, value] of traceClass.environment)
    lines.push(`env ${name} = ${typeof value === 'string' ? JSON.stringify(value) : value}`);
  for (const clock of traceClass.clockClasses) {
    lines.push(
      `clock ${clock.name} ${clock.frequency} Hz from ${clock.offsetSeconds} s ${clock.offsetCycles} cycles${clock.absolute ? ' absolute' : ''}`,
    );
  }
  describe(lines, '', 'packet header', traceClass.packetHeader);
  for (const stream of traceClass.dataStreamClasses.values()) {
    lines.push(
      `stream ${stream.id}${stream.defaultClock === undefined ? '' : ` timed by ${stream.defaultClock.name}`}`,
    );
    describe(lines, '  ', 'packet context', stream.packetContext);
    describe(lines, '  ', 'event header', stream.eventRecordHeader);
    describe(lines, '  ', 'common context', stream.commonContext);
    for (const event of stream.eventRecordClasses.values()) {
      lines.push(
        `  event ${event.id} ${JSON.stringify(event.name)}${event.logLevel === undefined ? '' : ` level ${event.logLevel}`}`,
      );
      describe(lines, '    ', 'specific context', event.specificContext);
      describe(lines, '    ', 'payload', event.payload);
    }
  }
  return `${lines.join('\n')}\n`;
}

function describe(lines: string[], indent: string, name: string, fieldClass: FieldClass | undefined): void {
  if (fieldClass === undefined) return;
  lines.push(`${indent}${name}: ${describeOwn(fieldClass)}`);
  const inner = `${indent}  `;
  if (fieldClass.type === 'structure') {
    for (const member of fieldClass.memberClasses)
      describe(lines, inner, JSON.stringify(member.name), member.fieldClass);
  }
  if (fieldClass.type === 'variant') {
    for (const option of fieldClass.options) {
      const name = `${JSON.stringify(option.name)} if ${spellRanges(option.selectorFieldRanges)}`;
      describe(lines, inner, name, option.fieldClass);
    }
  }
  if ('elementFieldClass' in fieldClass) describe(lines, inner, 'each', fieldClass.elementFieldClass);
}

function describeOwn(fieldClass: FieldClass): string {
  const parts: string[] = [fieldClass.type];
  if ('alignment' in fieldClass)
    parts.push(`${fieldClass.length} align ${fieldClass.alignment} ${fieldClass.byteOrder}`);
  else if ('length' in fieldClass) parts.push(String(fieldClass.length));
  if ('minimumAlignment' in fieldClass) parts.push(`align ${fieldClass.minimumAlignment}`);
  if ('preferredDisplayBase' in fieldClass) parts.push(`base ${fieldClass.preferredDisplayBase}`);
  if ('encoding' in fieldClass) parts.push('text');
  if ('clock' in fieldClass) parts.push(`clock ${fieldClass.clock}`);
  if ('roles' in fieldClass) parts.push(`role ${(fieldClass.roles ?? []).join()}`);
  if ('lengthFieldLocation' in fieldClass) parts.push(`length ${spellLocation(fieldClass.lengthFieldLocation)}`);
  if ('selectorFieldLocation' in fieldClass) parts.push(`by ${spellLocation(fieldClass.selectorFieldLocation)}`);
  if ('mappings' in fieldClass) {
    parts.push(
      Object.entries(fieldClass.mappings ?? {})
        .map(([label, ranges]) => `${JSON.stringify(label)}=${spellRanges(ranges)}`)
        .join(' '),
    );
  }
  return parts.join(' ');
}

function spellLocation(location: FieldLocation): string {
  return `${location.origin ?? 'here'}/${location.path.map((step) => step ?? '..').join('/')}`;
}

function spellRanges(ranges: IntegerRangeSet): string {
  return ranges.length === 0
    ? 'never'
    : ranges.map(([lower, upper]) => (lower === upper ? String(lower) : `${lower}..${upper}`)).join();
}
