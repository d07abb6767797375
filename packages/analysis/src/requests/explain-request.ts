// SPDX-License-Identifier: MIT
// A request with its totals in, what the report tells of it out.

import type { TraceTime } from '../pass/trace-time.ts';
import type { ExplainedRequest } from './request-collector.ts';
import type { RequestExplanation } from './request-report.ts';
import { listCauses, sentenceOfRequest } from './request-sentence.ts';

/** Fewer calls to one peer are no pattern. */
const MANY_CALLS = 3;

export function explain(explained: ExplainedRequest, time: TraceTime): RequestExplanation {
  const { request, begin, end, totals, hasEnded, isArrivalKnown } = explained;
  const { thread } = request;
  const durationMs = (end - begin) / 1e6;
  const causes = listCauses(totals, Infinity).map(({ category, text, ms }) => {
    const count = totals.waitCounts.get(text) ?? 1;
    return { category, text: count < MANY_CALLS ? text : `${text}, ${count} times one after another`, ms };
  });
  return {
    program: {
      name: thread.program.name,
      pid: thread.program.pid,
      ...(thread.program.argv === undefined ? {} : { argv: thread.program.argv }),
    },
    thread: { vtid: thread.vtid, tid: thread.kernel.tid, isMain: thread.isMain },
    request: request.id,
    method: request.method,
    url: request.url,
    peer: request.peer,
    status: request.status,
    beginNs: time.toNs(begin),
    durationMs,
    beforeHandlerMs: (request.begin - begin) / 1e6,
    isArrivalKnown,
    hasEnded,
    sentence: sentenceOfRequest(`${request.method} ${request.url}`, durationMs, hasEnded, causes),
    causes,
  };
}
