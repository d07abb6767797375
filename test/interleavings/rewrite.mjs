// SPDX-License-Identifier: MIT
// Turns shipped JavaScript into JavaScript that can be interrupted at every access to shared memory:
// source text -> source text in which functions are generators. An element access becomes a call of
// $get or $set, which yields before it touches modelled memory; what a call returns is run to its end
// if it is a generator. Nothing else changes, so what is explored is what is shipped.
//
// Functions that neither call nor access elements stay as they are. Constructors, getters, parameters
// and module bodies cannot yield: what they do is one step.

import { parseSync } from 'oxc-parser';

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** A module: its imports become `$require(path)`, its exports properties of `$exports`. */
export function rewriteModule(source) {
  return new Rewriter(source, 'module').text();
}

/** The body of a function made by `new Function(…, source)`. */
export function rewriteFunctionBody(source) {
  // Parsed inside of a function, so that `return` is allowed.
  const begin = 'function $wrapped() {';
  const text = new Rewriter(`${begin}${source}\n}`, 'script').text();
  return text.slice(text.indexOf('{') + 1, text.lastIndexOf('}'));
}

class Rewriter {
  #source;
  #program;
  #exports = [];
  /** Whether the code being written may yield. */
  #canYield = false;

  constructor(source, sourceType) {
    this.#source = source;
    const { program, errors } = parseSync('shipped.js', source, { sourceType, preserveParens: true });
    if (errors.length > 0) throw new Error(`The shipped code cannot be parsed: ${errors[0].message}`);
    this.#program = program;
  }

  text() {
    const body = this.#emit(this.#program);
    return `${body}\n${this.#exports.map((line) => `${line}\n`).join('')}`;
  }

  #emit(node) {
    switch (node.type) {
      case 'ImportDeclaration':
        return this.#import(node);
      case 'ExportNamedDeclaration':
        return this.#export(node);
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        return this.#function(node, 'function');
      case 'ArrowFunctionExpression':
        return this.#arrow(node);
      case 'MethodDefinition':
      case 'Property':
        return this.#method(node);
      case 'MemberExpression':
        return node.computed ? this.#get(node) : this.#children(node);
      case 'AssignmentExpression':
        return isElement(node.left) ? this.#set(node) : this.#children(node);
      case 'UpdateExpression':
        return isElement(node.argument) ? this.#update(node) : this.#children(node);
      case 'CallExpression':
        return this.#call(node);
      case 'PrivateIdentifier':
        // Seen from outside, so that a scenario can tell what a reader knows.
        return `$${node.name}`;
      case 'AwaitExpression':
      case 'YieldExpression':
        throw new Error(`Code that waits cannot be explored: ${this.#slice(node)}`);
      default:
        return this.#children(node);
    }
  }

  /** The source with each child written anew. */
  #children(node, from = node.start, to = node.end) {
    let text = '';
    let at = from;
    for (const child of childrenOf(node)) {
      if (child.start < at) continue;
      text += this.#source.slice(at, child.start) + this.#emit(child);
      at = child.end;
    }
    return text + this.#source.slice(at, to);
  }

  #slice(node) {
    return this.#source.slice(node.start, node.end);
  }

  #import(node) {
    const names = node.specifiers.map((specifier) => {
      if (specifier.type !== 'ImportSpecifier') throw new Error(`Only named imports: ${this.#slice(node)}`);
      return `${specifier.imported.name}: ${specifier.local.name}`;
    });
    return `const { ${names.join(', ')} } = $require(${JSON.stringify(node.source.value)});`;
  }

  #export(node) {
    const { declaration } = node;
    if (declaration === null) {
      const from = node.source === null ? undefined : `$require(${JSON.stringify(node.source.value)})`;
      for (const { local, exported } of node.specifiers)
        this.#exports.push(`$exports.${exported.name} = ${from === undefined ? local.name : `${from}.${local.name}`};`);
      return '';
    }
    const names =
      declaration.id === undefined ? declaration.declarations.map(({ id }) => id.name) : [declaration.id.name];
    for (const name of names) this.#exports.push(`$exports.${name} = ${name};`);
    return this.#emit(declaration);
  }

  #function(node, keyword) {
    const isGenerator = needsYield(node.body);
    const name = node.id === null ? '' : ` ${node.id.name}`;
    return `${keyword}${isGenerator ? '*' : ''}${name}(${this.#parameters(node)}) ${this.#body(node.body, isGenerator)}`;
  }

  #arrow(node) {
    if (!needsYield(node.body)) return this.#children(node);
    if (usesThis(node.body)) throw new Error(`An arrow function uses this: ${this.#slice(node)}`);
    const body = this.#body(node.body, true);
    const block = node.body.type === 'BlockStatement' ? body : `{ return ${body}; }`;
    return `function* (${this.#parameters(node)}) ${block}`;
  }

  #method(node) {
    const { value } = node;
    if (node.type === 'Property' && !node.method && node.kind === 'init') return this.#children(node);
    const isGenerator = node.kind === 'method' || node.kind === 'init' ? needsYield(value.body) : false;
    const prefix = `${node.static === true ? 'static ' : ''}${node.kind === 'get' || node.kind === 'set' ? `${node.kind} ` : ''}`;
    return `${prefix}${isGenerator ? '*' : ''}${this.#emit(node.key)}(${this.#parameters(value)}) ${this.#body(value.body, isGenerator)}`;
  }

  #parameters(node) {
    return this.#with(false, () => node.params.map((parameter) => this.#emit(parameter)).join(', '));
  }

  #body(node, canYield) {
    return this.#with(canYield, () => this.#emit(node));
  }

  #with(canYield, work) {
    const before = this.#canYield;
    this.#canYield = canYield;
    try {
      return work();
    } finally {
      this.#canYield = before;
    }
  }

  #get(node) {
    if (node.optional) throw new Error(`An element access with ?. is not modelled: ${this.#slice(node)}`);
    const parts = `${this.#emit(node.object)}, ${this.#emit(node.property)}`;
    return this.#canYield ? `(yield* $get(${parts}))` : `$getNow(${parts})`;
  }

  #set(node) {
    const { object, property } = node.left;
    if (node.operator !== '=')
      return `$own(${this.#emit(object)})[${this.#emit(property)}] ${node.operator} ${this.#emit(node.right)}`;
    const parts = `${this.#emit(object)}, ${this.#emit(property)}, ${this.#emit(node.right)}`;
    return this.#canYield ? `(yield* $set(${parts}))` : `$setNow(${parts})`;
  }

  #update(node) {
    const { object, property } = node.argument;
    const element = `$own(${this.#emit(object)})[${this.#emit(property)}]`;
    return node.prefix ? `${node.operator}${element}` : `${element}${node.operator}`;
  }

  #call(node) {
    const { callee } = node;
    if (callee.type === 'Super') return this.#children(node);
    const args = node.arguments.map((argument) => this.#emit(argument)).join(', ');
    // Kept as a property, so that the function is called on its object.
    const target = isElement(callee)
      ? `$own(${this.#emit(callee.object)})[${this.#emit(callee.property)}]`
      : this.#emit(callee);
    const call = `${target}${node.optional ? '?.' : ''}(${args})`;
    return this.#canYield ? `($isRunning($r = ${call}) ? yield* $r : $r)` : `$finish(${call})`;
  }
}

function isElement(node) {
  return node.type === 'MemberExpression' && node.computed;
}

function childrenOf(node) {
  const children = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === 'parent') continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && typeof item === 'object' && typeof item.type === 'string') children.push(item);
    }
  }
  return children.sort((a, b) => a.start - b.start);
}

function needsYield(node) {
  if (node.type === 'CallExpression' || isElement(node)) return true;
  return childrenOf(node).some((child) => !FUNCTIONS.has(child.type) && needsYield(child));
}

function usesThis(node) {
  if (node.type === 'ThisExpression') return true;
  return childrenOf(node).some((child) => child.type !== 'FunctionExpression' && usesThis(child));
}
