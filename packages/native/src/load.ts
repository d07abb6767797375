// SPDX-License-Identifier: MIT
import type { Native } from './index.ts';

export function loadNative(): Native | undefined {
  return undefined;
}
export function nativeMissingReason(): string | undefined {
  return 'The native addon is not built.';
}
