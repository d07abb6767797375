// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrace } from '../testing/records.ts';
import { AnalysisPass } from './analysis-pass.ts';
import type { Handler, HandlerType } from './handler.ts';

function typeOf(name: string, needs: readonly HandlerType[], log: string[]): HandlerType<Handler> {
  return {
    name,
    needs,
    create: () => ({
      chooseHandler: ({ name: className }) =>
        className === 'unwanted' ? undefined : (_record, time) => log.push(`${name} ${className} ${time}`),
      finish: (time) => log.push(`${name} ends ${time}`),
    }),
  };
}

test('each record goes to what is needed before it goes to who needs it, once', () => {
  const log: string[] = [];
  const base = typeOf('base', [], log);
  const left = typeOf('left', [base], log);
  const right = typeOf('right', [base], log);
  const pass = new AnalysisPass([typeOf('top', [left, right], log), left]);
  const trace = createTrace('kernel', {});
  for (const name of ['a', 'unwanted']) pass.take(trace.record(name, 0, {}));
  pass.finish();
  assert.deepEqual(log, [
    'base a 0',
    'left a 0',
    'right a 0',
    'top a 0',
    'base ends 0',
    'left ends 0',
    'right ends 0',
    'top ends 0',
  ]);
  assert.equal(pass.recordCount, 2);
});

test('a handler gets no other than it declares', () => {
  const base: HandlerType = { name: 'base', needs: [], create: () => ({}) };
  const sly: HandlerType = { name: 'sly', needs: [], create: (context) => context.get(base) };
  assert.throws(() => new AnalysisPass([base, sly]), /handler sly does not declare that it needs base/);
});
