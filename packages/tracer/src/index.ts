// SPDX-License-Identifier: MIT
export type { LogLevelName } from '@lockstep/base';
export type {
  ArgumentsOf,
  Counter,
  FieldList,
  FieldMap,
  Fields,
  Slice,
  Tracepoint,
  TracepointOptions,
} from './api-types.ts';
export { counter, slice, tracepoint } from './api.ts';
export {
  array,
  bool,
  enumeration,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  sequence,
  string,
  struct,
  uint16,
  uint32,
  uint64,
  uint8,
  type AnyFieldType,
  type ArgumentOf,
  type FieldType,
} from './field-types.ts';
