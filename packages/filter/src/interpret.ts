// SPDX-License-Identifier: MIT
// Evaluates a checked filter by walking its tree: the plain twin of the generated code, its oracle in
// tests, and what runs where code may not be generated. Integers are int64 as bigint throughout.

import { assertUnreachable } from '@lockstep/base';
import { splitGlob, matchGlobParts } from './glob.ts';
import { readFloat, readInteger } from './field-types.ts';
import type { BinaryNode, FieldNode, FilterNode, UnaryNode } from './ast.ts';
import type { CheckedFilter } from './check.ts';

/** Fields of one event by name; a structure is an object, an array an array. */
export type FilterValues = Readonly<Record<string, unknown>>;

/** Undefined: the whole filter is false, whatever surrounds this (a shift too far, an index too high, an unfit value). */
type Value = bigint | number | string | undefined;

const NO_VALUES: FilterValues = {};

export function interpretFilter(
  checked: CheckedFilter,
  payload: FilterValues,
  context: FilterValues = NO_VALUES,
): boolean {
  if (checked.mismatch !== undefined) return false;
  const result = evaluate(checked, checked.filter.root, { payload, context });
  return typeof result === 'bigint' && result !== 0n;
}

interface Scopes {
  readonly payload: FilterValues;
  readonly context: FilterValues;
}

function evaluate(checked: CheckedFilter, node: FilterNode, scopes: Scopes): Value {
  switch (node.type) {
    case 'integer':
    case 'float':
      return node.value;
    case 'string':
      return splitGlob(node.pattern).join('*');
    case 'field':
      return readField(checked, node, scopes);
    case 'unary':
      return evaluateUnary(checked, node, scopes);
    case 'binary':
      return evaluateBinary(checked, node, scopes);
    default:
      return assertUnreachable(node);
  }
}

function readField(checked: CheckedFilter, node: FieldNode, scopes: Scopes): Value {
  const binding = checked.bindings.get(node);
  if (binding === undefined) return undefined;
  let value: unknown = scopes[binding.scope][binding.name];
  for (const step of node.path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (typeof step === 'number' && step >= (value as ArrayLike<unknown>).length) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  const { leaf } = binding;
  if (leaf.type === 'integer') return readInteger(value, leaf.bits, leaf.isSigned);
  if (leaf.type === 'float') return readFloat(value, leaf.bits);
  return typeof value === 'string' ? value : undefined;
}

function evaluateUnary(checked: CheckedFilter, node: UnaryNode, scopes: Scopes): Value {
  const operand = evaluate(checked, node.operand, scopes);
  if (operand === undefined || typeof operand === 'string') return undefined;
  switch (node.operator) {
    case '+':
      return operand;
    case '-':
      return typeof operand === 'bigint' ? BigInt.asIntN(64, -operand) : -operand;
    case '!':
      // As in C, a NaN is not zero.
      return operand == 0 ? 1n : 0n;
    case '~':
      return typeof operand === 'bigint' ? ~operand : undefined;
    default:
      return assertUnreachable(node.operator);
  }
}

function evaluateBinary(checked: CheckedFilter, node: BinaryNode, scopes: Scopes): Value {
  const { operator } = node;
  const left = evaluate(checked, node.left, scopes);
  if (left === undefined) return undefined;
  if (operator === '&&' && !isTrue(left)) return 0n;
  if (operator === '||' && isTrue(left)) return 1n;
  const right = evaluate(checked, node.right, scopes);
  if (right === undefined) return undefined;
  if (operator === '&&' || operator === '||') return isTrue(right) ? 1n : 0n;
  if (typeof left === 'string' || typeof right === 'string') {
    const isEqual = isSameText(node, left, right);
    return isEqual === (operator === '==') ? 1n : 0n;
  }
  if (operator === '<<' || operator === '>>' || operator === '&' || operator === '|' || operator === '^') {
    return typeof left === 'bigint' && typeof right === 'bigint' ? combineBits(operator, left, right) : undefined;
  }
  return compare(operator, left, right) ? 1n : 0n;
}

/** LTTng casts the operands of && and || to int64, so a fraction below 1 is false. */
function isTrue(value: Exclude<Value, undefined>): boolean {
  return typeof value === 'bigint' ? value !== 0n : typeof value === 'number' && Math.trunc(value) !== 0;
}

/** On uint64, and back. */
function combineBits(
  operator: '<<' | '>>' | '&' | '|' | '^',
  signedLeft: bigint,
  signedRight: bigint,
): bigint | undefined {
  const left = BigInt.asUintN(64, signedLeft);
  const right = BigInt.asUintN(64, signedRight);
  switch (operator) {
    case '<<':
      return right > 63n ? undefined : BigInt.asIntN(64, left << right);
    case '>>':
      return right > 63n ? undefined : BigInt.asIntN(64, left >> right);
    case '&':
      return BigInt.asIntN(64, left & right);
    case '|':
      return BigInt.asIntN(64, left | right);
    case '^':
      return BigInt.asIntN(64, left ^ right);
    default:
      return assertUnreachable(operator);
  }
}

/** An integer that meets a fraction becomes one, with C's rounding. */
function compare(
  operator: '<' | '<=' | '>' | '>=' | '==' | '!=',
  first: bigint | number,
  second: bigint | number,
): boolean {
  const isMixed = typeof first !== typeof second;
  const left = isMixed ? Number(first) : first;
  const right = isMixed ? Number(second) : second;
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    default:
      return assertUnreachable(operator);
  }
}

/** Only a literal is a glob; a field's text is taken as it is. */
function isSameText({ left, right }: BinaryNode, leftValue: Value, rightValue: Value): boolean {
  if (typeof leftValue !== 'string' || typeof rightValue !== 'string') return false;
  const [leftParts, rightParts] = [left, right].map((node) =>
    node.type === 'string' ? splitGlob(node.pattern) : undefined,
  );
  if (leftParts !== undefined && leftParts.length > 1) return matchGlobParts(leftParts, rightValue);
  if (rightParts !== undefined && rightParts.length > 1) return matchGlobParts(rightParts, leftValue);
  return leftValue === rightValue;
}
