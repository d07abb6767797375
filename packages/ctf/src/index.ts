// SPDX-License-Identifier: MIT
// The door of `@lockstep/ctf`: the model, metadata, decoding, merging and printing of CTF traces.
// Files are behind `@lockstep/ctf/node`, writing behind `@lockstep/ctf/write`.

export type {
  Attributes,
  AttributeValue,
  BitFieldClass,
  BitOrder,
  ByteOrder,
  DisplayBase,
  DynamicLengthArrayFieldClass,
  DynamicLengthBlobFieldClass,
  DynamicLengthStringFieldClass,
  FieldClass,
  FieldLocation,
  FixedLengthBitArrayFieldClass,
  FixedLengthBitMapFieldClass,
  FixedLengthBooleanFieldClass,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  IntegerFieldClass,
  IntegerRangeSet,
  NullTerminatedStringFieldClass,
  OptionalFieldClass,
  Role,
  ScopeName,
  StaticLengthArrayFieldClass,
  StaticLengthBlobFieldClass,
  StaticLengthStringFieldClass,
  StringEncoding,
  StringFieldClass,
  StructureFieldClass,
  StructureMemberClass,
  VariableLengthIntegerFieldClass,
  VariantFieldClass,
  VariantOption,
} from './model/field-class.ts';
export type {
  ClockClass,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  TraceClass,
} from './model/trace-class.ts';
export type {
  Boundary,
  DataStream,
  DiscardedItems,
  EventRecord,
  FieldValue,
  LazyEventRecord,
  PacketScopes,
  StructureValue,
  Trace,
} from './model/event-record.ts';
export { decodeMetadata, isPacketizedMetadata, unpacketizeMetadata } from './metadata/metadata-packets.ts';
export { writeJsonMetadata } from './metadata/json-metadata-writer.ts';
export { parseMetadata } from './metadata/metadata-parser.ts';
export { blobMedium, memoryMedium, MissingBytes, WindowMedium, type AsyncMedium, type Medium } from './read/medium.ts';
export { bytesMedium, httpMedium, type FetchLike } from './read/http-medium.ts';
export { openTraceFiles, type TraceFile, type TraceFiles, type TraceFilesOptions } from './read/trace-files.ts';
export {
  GrowingDataStream,
  GrowingTrace,
  type GrowingDataStreamOptions,
  type PacketSource,
  type Pulled,
} from './read/growing-trace.ts';
export { mergeGrowing, type MergeGrowingOptions } from './read/merge-growing.ts';
export {
  ColumnReader,
  textAt,
  valueAt,
  type Column,
  type ColumnBatch,
  type ColumnRequest,
  type TextColumn,
} from './read/columns.ts';
export { cyclesToTime, type CyclesToTime } from './read/clock-time.ts';
export {
  createDataStreamReader,
  DataStreamReader,
  isEventRecord,
  type DataStreamReaderOptions,
  type StreamItem,
  type TraceMessage,
} from './read/data-stream-reader.ts';
export { EventRecordMerge, mergeBatches, mergeEventRecords, timeOf, type MergeOptions } from './read/merge.ts';
export { plainValue } from './read/lazy-values.ts';
export type { DecoderKind } from './read/trace-decoder.ts';
export { enumerationLabels } from './text/enumeration-labels.ts';
export {
  ALL_FIELDS,
  ALL_NAMES,
  DEFAULT_FIELDS,
  DEFAULT_NAMES,
  type PrintedFields,
  type PrintedNames,
} from './text/record-head.ts';
export { printDataStreams, type TraceTextOptions } from './text/trace-text.ts';
export type { StreamTextOptions } from './text/stream-text.ts';
export { createTextPrinter, type TextOptions, type TextPrinter, type TextPrinterOptions } from './text/text-printer.ts';
export { ChromeSink } from './export/chrome.ts';
export { CsvWriter } from './export/csv.ts';
export { PerfettoSink } from './export/perfetto.ts';
export { TimelineBuilder, type TimelineSink, type Track } from './export/timeline.ts';
export { toCtf18Class, toCtf2Class } from './export/ctf18-class.ts';
export { createDetailsPrinter, type DetailsOptions, type DetailsPrinter } from './text/details-printer.ts';
