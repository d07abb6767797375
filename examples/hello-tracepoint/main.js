// SPDX-License-Identifier: MIT
// The first traced program: lockstep record -- node examples/hello-tracepoint/main.js && lockstep view
import { int32, string, tracepoint } from '@lockstep/tracer';

const greeted = tracepoint('hello:greeted', { count: int32, name: string });

for (let count = 1; count <= 10; count += 1) greeted(count, 'world');
console.log(`10 times hello, ${greeted.enabled ? 'recorded' : 'and nobody records'}`);
