// SPDX-License-Identifier: MIT
// Filter + the fields of one event class -> the type of every node, or why the filter is false for all
// events of this class (a missing field, a string compared with a number). That is no error: a rule
// may match many event classes, and LTTng records none of those that its filter does not fit.

import { assertUnreachable } from '@lockstep/base';
import { describeField, type BinaryNode, type FieldNode, type Filter, type FilterNode, type UnaryNode } from './ast.ts';
import type { FilterFieldType, FilterScopes } from './field-types.ts';

export type ValueType = 'integer' | 'float' | 'string';

export interface FieldBinding {
  /** Key in the payload or the context. */
  readonly name: string;
  readonly scope: 'payload' | 'context';
  /** Of the value at the path's end: an integer, float or string. */
  readonly leaf: FilterFieldType;
}

export interface CheckedFilter {
  readonly filter: Filter;
  readonly valueTypes: ReadonlyMap<FilterNode, ValueType>;
  readonly bindings: ReadonlyMap<FieldNode, FieldBinding>;
  /** One sentence, when the filter is false for every event of this class. */
  readonly mismatch: string | undefined;
}

export function checkFilter(filter: Filter, scopes: FilterScopes): CheckedFilter {
  const valueTypes = new Map<FilterNode, ValueType>();
  const bindings = new Map<FieldNode, FieldBinding>();
  try {
    const type = new Checker(scopes, valueTypes, bindings).check(filter.root);
    if (type !== 'integer') throw new Mismatch(`the filter is a ${type} and no condition`);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { filter, valueTypes, bindings, mismatch: error.message };
  }
  return { filter, valueTypes, bindings, mismatch: undefined };
}

class Mismatch extends Error {}

class Checker {
  readonly #scopes: FilterScopes;
  readonly #valueTypes: Map<FilterNode, ValueType>;
  readonly #bindings: Map<FieldNode, FieldBinding>;

  constructor(scopes: FilterScopes, valueTypes: Map<FilterNode, ValueType>, bindings: Map<FieldNode, FieldBinding>) {
    this.#scopes = scopes;
    this.#valueTypes = valueTypes;
    this.#bindings = bindings;
  }

  check(node: FilterNode): ValueType {
    const type = this.#typeOf(node);
    this.#valueTypes.set(node, type);
    return type;
  }

  #typeOf(node: FilterNode): ValueType {
    switch (node.type) {
      case 'integer':
      case 'float':
      case 'string':
        return node.type;
      case 'field':
        return this.#typeOfField(node);
      case 'unary':
        return this.#typeOfUnary(node);
      case 'binary':
        return this.#typeOfBinary(node);
      default:
        return assertUnreachable(node);
    }
  }

  #typeOfField(node: FieldNode): ValueType {
    const scope = node.scope === 'payload' ? 'payload' : 'context';
    const name = node.scope === 'application' ? `$app.${node.name}` : node.name;
    let leaf = this.#scopes[scope]?.get(name);
    for (const step of node.path) {
      if (leaf === undefined) break;
      if (typeof step === 'number') leaf = leaf.type === 'array' ? leaf.element : undefined;
      else leaf = leaf.type === 'structure' ? leaf.members.get(step) : undefined;
    }
    if (leaf === undefined) throw new Mismatch(`there is no field ${describeField(node)}`);
    if (leaf.type === 'array' || leaf.type === 'structure')
      throw new Mismatch(`the field ${describeField(node)} has no single value`);
    this.#bindings.set(node, { name, scope, leaf });
    return leaf.type;
  }

  #typeOfUnary(node: UnaryNode): ValueType {
    const operand = this.check(node.operand);
    if (operand === 'string') throw new Mismatch(`"${node.operator}" is not possible with a string`);
    if (node.operator === '!') return 'integer';
    if (node.operator === '~' && operand === 'float') throw new Mismatch('"~" is not possible with a fraction');
    return operand;
  }

  #typeOfBinary(node: BinaryNode): ValueType {
    const left = this.check(node.left);
    const right = this.check(node.right);
    const { operator } = node;
    const isEquality = operator === '==' || operator === '!=';
    if (left === 'string' || right === 'string') {
      if (!isEquality) throw new Mismatch(`"${operator}" is not possible with a string`);
      if (left !== right) throw new Mismatch('a string cannot be compared with a number');
    }
    const isBitwise = ['<<', '>>', '&', '^', '|'].includes(operator);
    if (isBitwise && (left === 'float' || right === 'float'))
      throw new Mismatch(`"${operator}" is not possible with a fraction`);
    return 'integer';
  }
}
