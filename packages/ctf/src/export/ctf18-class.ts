// SPDX-License-Identifier: MIT
// A trace class of CTF 2 -> one that CTF 1.8 can express, for the same values: LEB128 integers take 64
// bits, text is UTF-8 with a NUL, bits come in the order of their bytes, long floats are doubles. What
// has no such form (optional fields, variants without labels) is refused by the metadata writer.

import type { FieldClass, StructureFieldClass } from '../model/field-class.ts';
import { isReversed, isWideText } from '../model/field-class-traits.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';

export function toCtf18Class(traceClass: TraceClass): TraceClass {
  const { packetHeader } = traceClass;
  const classes = [...traceClass.dataStreamClasses].map(([id, dsc]): [bigint, DataStreamClass] => {
    const { packetContext, eventRecordHeader, commonContext } = dsc;
    const events = [...dsc.eventRecordClasses].map(([eventId, erc]): [bigint, EventRecordClass] => [
      eventId,
      {
        ...erc,
        ...(erc.specificContext === undefined ? {} : { specificContext: convertStructure(erc.specificContext) }),
        ...(erc.payload === undefined ? {} : { payload: convertStructure(erc.payload) }),
      },
    ]);
    return [
      id,
      {
        ...dsc,
        ...(packetContext === undefined ? {} : { packetContext: convertStructure(packetContext) }),
        ...(eventRecordHeader === undefined ? {} : { eventRecordHeader: convertStructure(eventRecordHeader) }),
        ...(commonContext === undefined ? {} : { commonContext: convertStructure(commonContext) }),
        eventRecordClasses: new Map(events),
      },
    ];
  });
  return {
    ...traceClass,
    ...(packetHeader === undefined ? {} : { packetHeader: convertStructure(packetHeader) }),
    dataStreamClasses: new Map(classes),
  };
}

function convertStructure(fc: StructureFieldClass): StructureFieldClass {
  return {
    ...fc,
    memberClasses: fc.memberClasses.map((member) => ({ ...member, fieldClass: convert(member.fieldClass) })),
  };
}

function convert(fc: FieldClass): FieldClass {
  switch (fc.type) {
    case 'structure':
      return convertStructure(fc);
    case 'static-length-array':
    case 'dynamic-length-array':
      return { ...fc, elementFieldClass: convert(fc.elementFieldClass) };
    case 'variant':
      return { ...fc, options: fc.options.map((option) => ({ ...option, fieldClass: convert(option.fieldClass) })) };
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer': {
      const isSigned = fc.type === 'variable-length-signed-integer';
      const type = isSigned ? 'fixed-length-signed-integer' : 'fixed-length-unsigned-integer';
      return { ...fc, type, length: 64, byteOrder: 'little-endian', alignment: 8 };
    }
    case 'null-terminated-string':
    case 'static-length-string':
    case 'dynamic-length-string':
      return isWideText(fc) ? { type: 'null-terminated-string' } : fc;
    case 'fixed-length-floating-point-number':
      return { ...naturalBits(fc), length: fc.length === 32 ? 32 : 64 };
    default:
      return 'byteOrder' in fc ? naturalBits(fc) : fc;
  }
}

function naturalBits<T extends Extract<FieldClass, { readonly byteOrder: string }>>(fc: T): T {
  if (!isReversed(fc)) return fc;
  const { bitOrder: _, ...rest } = fc;
  return rest as T;
}
