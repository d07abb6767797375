// SPDX-License-Identifier: MIT
// `lockstep doctor`: what this machine allows, one line a capability, and how to allow the rest.

import { examineMachine, type Finding } from '../machine.ts';

export async function runDoctor(flags: object): Promise<void> {
  const findings = await examineMachine();
  if ('json' in flags && flags.json === true) {
    process.stdout.write(`${JSON.stringify(findings, undefined, 1)}\n`);
    return;
  }
  process.stdout.write(formatFindings(findings));
}

export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, detail, advice }) => [
    `${state === 'yes' ? 'yes' : state === 'partly' ? '~  ' : 'no '}  ${name.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`     ${''.padEnd(width)}  -> ${advice}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
