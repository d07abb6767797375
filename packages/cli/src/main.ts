// SPDX-License-Identifier: MIT
// The command line: arguments -> one action, loaded when it is needed. What a command does is in
// commands/; here is only what all share: names, options, help, and how an error is said.

import { main } from './program.ts';

await main(process.argv);
