// SPDX-License-Identifier: MIT
// The field classes that describe Lockstep's packets (layout: packet-layout.ts) -> packet header,
// packet context, event record header and common context of a trace class. Names are LTTng's.

import type {
  FixedLengthIntegerFieldClass,
  Role,
  StructureFieldClass,
  StructureMemberClass,
} from '../model/field-class.ts';
import { signedInteger, staticLengthArray, structure, unsignedInteger, variant } from '../model/make-field-class.ts';
import { EXTENDED_EVENT_ID, MAX_COMPACT_EVENT_ID } from './packet-layout.ts';

export interface PacketClasses {
  readonly packetHeader: StructureFieldClass;
  readonly packetContext: StructureFieldClass;
  readonly eventRecordHeader: StructureFieldClass;
  /** What stands between header and payload of each event record; undefined where nothing does. */
  readonly commonContext: StructureFieldClass | undefined;
}

/** Classes of the packets of programs. `clockName` is the name of the trace's clock class. */
export function programPacketClasses(clockName: string): PacketClasses {
  return {
    packetHeader: packetHeader(),
    packetContext: packetContext(clockName, [
      ...['vpid', 'vtid', 'tid'].map((name) => ({ name, fieldClass: signedInteger(32) })),
      // Short names: readers print the context before every event record.
      {
        name: 'discarded',
        fieldClass: structure({
          full: unsignedInteger(64),
          wrapped: unsignedInteger(64),
          too_big: unsignedInteger(64),
        }),
      },
    ]),
    eventRecordHeader: largeEventHeader(clockName),
    commonContext: undefined,
  };
}

/** Classes of the packets of the kernel: each event record carries the thread that it happened in. */
export function kernelPacketClasses(clockName: string): PacketClasses {
  return {
    packetHeader: packetHeader(),
    packetContext: packetContext(clockName, []),
    eventRecordHeader: largeEventHeader(clockName),
    commonContext: structure({ tid: signedInteger(32) }),
  };
}

function packetHeader(): StructureFieldClass {
  return structure({
    magic: unsignedInteger(32, { displayBase: 16, roles: ['packet-magic-number'] }),
    uuid: staticLengthArray(unsignedInteger(8), 16, { roles: ['metadata-stream-uuid'] }),
    stream_id: unsignedInteger(32, { roles: ['data-stream-class-id'] }),
    stream_instance_id: unsignedInteger(64, { roles: ['data-stream-id'] }),
  });
}

function packetContext(clock: string, further: readonly StructureMemberClass[]): StructureFieldClass {
  const uint64 = (role: Role): FixedLengthIntegerFieldClass => unsignedInteger(64, { roles: [role] });
  return structure([
    { name: 'timestamp_begin', fieldClass: unsignedInteger(64, { clock, roles: ['default-clock-timestamp'] }) },
    {
      name: 'timestamp_end',
      fieldClass: unsignedInteger(64, { clock, roles: ['packet-end-default-clock-timestamp'] }),
    },
    { name: 'content_size', fieldClass: uint64('packet-content-length') },
    { name: 'packet_size', fieldClass: uint64('packet-total-length') },
    { name: 'packet_seq_num', fieldClass: uint64('packet-sequence-number') },
    { name: 'events_discarded', fieldClass: uint64('discarded-event-record-counter-snapshot') },
    { name: 'cpu_id', fieldClass: unsignedInteger(32) },
    ...further,
  ]);
}

/** LTTng's `struct event_header_large`, aligned so that every event record begins on 8 bytes. */
function largeEventHeader(clock: string): StructureFieldClass {
  const compact = [[0, MAX_COMPACT_EVENT_ID]] as const;
  const extended = [[EXTENDED_EVENT_ID, EXTENDED_EVENT_ID]] as const;
  return structure(
    {
      id: unsignedInteger(16, { mappings: { compact, extended }, roles: ['event-record-class-id'] }),
      v: variant({ path: ['id'] }, [
        {
          name: 'compact',
          selectorFieldRanges: compact,
          fieldClass: structure({ timestamp: unsignedInteger(32, { clock, roles: ['default-clock-timestamp'] }) }),
        },
        {
          name: 'extended',
          selectorFieldRanges: extended,
          fieldClass: structure({
            id: unsignedInteger(32, { roles: ['event-record-class-id'] }),
            timestamp: unsignedInteger(64, { clock, roles: ['default-clock-timestamp'] }),
          }),
        },
      ]),
    },
    { minimumAlignment: 64 },
  );
}
