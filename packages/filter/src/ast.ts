// SPDX-License-Identifier: MIT
// The filter expression as a tree. Every node knows where it stands in the text.

export type UnaryOperator = '-' | '+' | '!' | '~';
export type BitwiseOperator = '<<' | '>>' | '&' | '^' | '|';
export type ComparisonOperator = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type LogicalOperator = '&&' | '||';

interface Placed {
  /** Index of the first character in the filter's text. */
  readonly position: number;
}

export interface IntegerNode extends Placed {
  readonly type: 'integer';
  /** As int64: literals are read as uint64 and taken for what these bits mean signed. */
  readonly value: bigint;
}
export interface FloatNode extends Placed {
  readonly type: 'float';
  readonly value: number;
}
export interface StringNode extends Placed {
  readonly type: 'string';
  /** Between the quotes, escapes kept: a glob. */
  readonly pattern: string;
}
/** `a.b[3]`: a name and then members and indexes. */
export interface FieldNode extends Placed {
  readonly type: 'field';
  /** The event's payload, `$ctx.`, or `$app.`. */
  readonly scope: 'payload' | 'context' | 'application';
  /** Of the application scope: `PROVIDER:TYPE`. */
  readonly name: string;
  readonly path: readonly (string | number)[];
}
export interface UnaryNode extends Placed {
  readonly type: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: FilterNode;
}
export interface BinaryNode extends Placed {
  readonly type: 'binary';
  readonly operator: BitwiseOperator | ComparisonOperator | LogicalOperator;
  readonly left: FilterNode;
  readonly right: FilterNode;
}
export type FilterNode = IntegerNode | FloatNode | StringNode | FieldNode | UnaryNode | BinaryNode;

/** A parsed filter expression. */
export interface Filter {
  readonly text: string;
  readonly root: FilterNode;
}

/** The field as a person would write it. */
export function describeField(node: FieldNode): string {
  const scope = node.scope === 'payload' ? '' : node.scope === 'context' ? '$ctx.' : '$app.';
  return scope + node.name + node.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}
