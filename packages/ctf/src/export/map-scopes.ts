// SPDX-License-Identifier: MIT
// A trace class with the root structure of each scope replaced: class in, class out, scope by scope.

import type { StructureFieldClass } from '../model/field-class.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import {
  commonContextScope,
  eventRecordHeaderScope,
  eventRecordScopes,
  packetContextScope,
  packetHeaderScope,
  type Scope,
} from '../read/field-layout.ts';

export function mapScopes(traceClass: TraceClass, convert: (scope: Scope) => StructureFieldClass): TraceClass {
  const [packetHeader] = packetHeaderScope(traceClass).map(convert);
  const classes = [...traceClass.dataStreamClasses].map(([id, dsc]): [bigint, DataStreamClass] => {
    const [packetContext] = packetContextScope(dsc).map(convert);
    const [eventRecordHeader] = eventRecordHeaderScope(dsc).map(convert);
    const [commonContext] = commonContextScope(dsc).map(convert);
    const events = [...dsc.eventRecordClasses].map(([eventId, erc]): [bigint, EventRecordClass] => {
      const scopes = eventRecordScopes(dsc, erc);
      const [specificContext] = scopes.filter(({ name }) => name === 'event-record-specific-context').map(convert);
      const [payload] = scopes.filter(({ name }) => name === 'event-record-payload').map(convert);
      return [
        eventId,
        {
          ...erc,
          ...(specificContext === undefined ? {} : { specificContext }),
          ...(payload === undefined ? {} : { payload }),
        },
      ];
    });
    return [
      id,
      {
        ...dsc,
        ...(packetContext === undefined ? {} : { packetContext }),
        ...(eventRecordHeader === undefined ? {} : { eventRecordHeader }),
        ...(commonContext === undefined ? {} : { commonContext }),
        eventRecordClasses: new Map(events),
      },
    ];
  });
  return {
    ...traceClass,
    ...(packetHeader === undefined ? {} : { packetHeader }),
    dataStreamClasses: new Map(classes),
  };
}
