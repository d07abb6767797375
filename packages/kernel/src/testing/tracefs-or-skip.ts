// SPDX-License-Identifier: MIT
// Why tests of the running kernel cannot run here, or false.

import { spawnSync } from 'node:child_process';
import { probeKernel } from '../probe-kernel.ts';

const capabilities = probeKernel();

export const tracefsPath = capabilities.tracefsPath ?? '/sys/kernel/tracing';
export const SKIP_WITHOUT_TRACEFS: string | false = capabilities.canRecord
  ? false
  : (capabilities.capabilities.find((capability) => !capability.isAvailable)?.reason ?? 'tracefs cannot be used here.');
export const SKIP_WITHOUT_BABELTRACE: string | false =
  SKIP_WITHOUT_TRACEFS !== false
    ? SKIP_WITHOUT_TRACEFS
    : spawnSync('babeltrace2', ['--version']).status === 0
      ? false
      : 'babeltrace2 is not installed.';
