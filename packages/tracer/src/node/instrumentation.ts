// SPDX-License-Identifier: MIT
// What every part of Node's instrumentation is handed: the tracepoints, the clock, and who the
// current request is. Parts subscribe or patch once and then test `.enabled` at each event.

import type { Native } from '@lockstep/native';
import type { NodeEvents } from './events.ts';
import type { RequestContext } from './request-context.ts';
import type { TraceTime } from './trace-time.ts';

export interface Instrumentation {
  readonly events: NodeEvents;
  readonly time: TraceTime;
  readonly requests: RequestContext;
  /** Timer callbacks that ran in this iteration of the loop. */
  readonly timers: { firedCount: number };
  readonly native: Native | undefined;
  /** Calls on files below it are the tracer's own and are not recorded. */
  readonly sessionDirectory: string;
}
