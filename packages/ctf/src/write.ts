// SPDX-License-Identifier: MIT
// The light door: what a traced program and a recorder need to write CTF 1.8, without any parser.

export type {
  ByteOrder,
  DisplayBase,
  FieldClass,
  FieldLocation,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  Role,
  ScopeName,
  StructureFieldClass,
  StructureMemberClass,
  VariantOption,
} from './model/field-class.ts';
export type {
  ClockClass,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  TraceClass,
} from './model/trace-class.ts';
export { fieldClassFromJson, fieldClassToJson, structureFromJson, type JsonValue } from './model/field-class-json.ts';
export {
  boolean8,
  dynamicLengthArray,
  dynamicLengthString,
  floatingPoint,
  naturalAlignment,
  normalizeRanges,
  nullTerminatedString,
  sequenceLengthName,
  sequenceMembers,
  signedInteger,
  staticLengthArray,
  staticLengthString,
  structure,
  unsignedInteger,
  variant,
  type IntegerOptions,
} from './model/make-field-class.ts';
export {
  writeJsonDataStreamClass,
  writeJsonEventRecordClass,
  writeJsonMetadata,
} from './metadata/json-metadata-writer.ts';
export { writeTypeAlias } from './metadata/field-class-writer.ts';
export {
  METADATA_SIGNATURE,
  writeDataStreamClass,
  writeEventRecordClass,
  writeMetadata,
} from './metadata/metadata-writer.ts';
export { isUuidText, uuidFromBytes, uuidToBytes } from './metadata/uuid.ts';
export {
  decodeIndex,
  encodeIndexEntry,
  encodeIndexHeader,
  INDEX_ENTRY_SIZE_BYTES,
  INDEX_HEADER_SIZE_BYTES,
  INDEX_MAGIC,
  INDEX_MAJOR,
  INDEX_MINOR,
  type IndexEntry,
} from './write/data-stream-index.ts';
export { kernelPacketClasses, programPacketClasses, type PacketClasses } from './write/packet-classes.ts';
export {
  COMPACT_EVENT_HEADER_SIZE_BYTES,
  encodePacketHeader,
  EVENT_RECORD_ALIGNMENT_BYTES,
  EXTENDED_EVENT_HEADER_SIZE_BYTES,
  EXTENDED_EVENT_ID,
  KERNEL_PACKET_HEADER_SIZE_BYTES,
  MAX_COMPACT_EVENT_ID,
  PACKET_CONTENT_SIZE_OFFSET,
  PACKET_CPU_ID_OFFSET,
  PACKET_DISCARDED_FULL_OFFSET,
  PACKET_DISCARDED_TOO_BIG_OFFSET,
  PACKET_DISCARDED_WRAPPED_OFFSET,
  PACKET_EVENTS_DISCARDED_OFFSET,
  PACKET_MAGIC,
  PACKET_MAGIC_OFFSET,
  PACKET_PACKET_SIZE_OFFSET,
  PACKET_SEQ_NUM_OFFSET,
  PACKET_STREAM_ID_OFFSET,
  PACKET_STREAM_INSTANCE_ID_OFFSET,
  PACKET_TID_OFFSET,
  PACKET_TIMESTAMP_BEGIN_OFFSET,
  PACKET_TIMESTAMP_END_OFFSET,
  PACKET_UUID_OFFSET,
  PACKET_VPID_OFFSET,
  PACKET_VTID_OFFSET,
  patchPacketEventsDiscarded,
  patchPacketIdentity,
  patchPacketSizes,
  patchPacketTid,
  patchPacketTimestampEnd,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  readDiscardedByCause,
  type DiscardedByCause,
  type PacketHeaderFields,
} from './write/packet-layout.ts';
export {
  DataStreamWriter,
  type DataStreamWriterOptions,
  type WrittenPacket,
  type WrittenRecord,
} from './write/data-stream-writer.ts';
