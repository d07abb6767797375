// SPDX-License-Identifier: MIT
export type { Brand, CpuId, Cycles, Nanoseconds } from './brand.ts';
export { alignUp, isPowerOfTwo, joinUint64 } from './bits.ts';
export {
  assert,
  assertUnreachable,
  CtfError,
  InputError,
  LockstepError,
  ProtocolError,
  SystemError,
  type ErrorPairs,
} from './errors.ts';
export { explainFileError } from './file-error.ts';
export { LOG_LEVEL_NAMES, type LogLevelName } from './log-levels.ts';
export { ProtoWriter } from './proto-writer.ts';
export { decodeUtf8, encodeUtf8, encodeUtf8Into } from './text.ts';
