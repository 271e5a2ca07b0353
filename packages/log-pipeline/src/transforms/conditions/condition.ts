/** Whether a record is as a configuration says: compiled once, and decided as early as it can be. */

import type { Batch } from '../../batch/batch.ts';
import { FLAG_STDERR } from '../../kernel/layout.ts';
import { type Field, fieldOf, type RecordField } from '../fields/field.ts';
import type { FieldValue } from '../fields/value.ts';
import type { ContainerFacts, TransformContext } from '../transform.ts';
import type { ConditionConfig } from './condition-schema.ts';
import { compileValueTest, type ValueTest } from './value-test.ts';

/** A condition of one transform of one lane. */
export class Condition {
  readonly #node: Node;
  readonly #stdout: Decision = { verdict: undefined };
  readonly #stderr: Decision = { verdict: undefined };

  /** @throws {VigieError} REGEX_INVALID */
  constructor(config: ConditionConfig) {
    this.#node = compile(config);
  }

  /** What holds for a whole batch is decided here; call it before `test`.
   *  @returns the verdict for all its records, or undefined where it depends on the record */
  begin(context: Pick<TransformContext, 'facts'>): boolean | undefined {
    const known: Known = { facts: () => context.facts, stream: 'stdout' };
    this.#stdout.verdict = this.#node.begin(known, 0);
    this.#stderr.verdict = this.#node.begin({ ...known, stream: 'stderr' }, 1);
    return this.#stdout.verdict === this.#stderr.verdict ? this.#stdout.verdict : undefined;
  }

  /** Cost: where the batch's facts and the record's stream decide, a test of a flag. */
  test(batch: Batch, row: number): boolean {
    const stream = (batch.table.flags(row) & FLAG_STDERR) === 0 ? 0 : 1;
    const { verdict } = stream === 0 ? this.#stdout : this.#stderr;
    return verdict ?? this.#node.test(batch, row, stream);
  }

  /** The same of a record that is no row, such as a document that has arrived. */
  holdsFor(valueAt: (path: string) => FieldValue): boolean {
    return this.#node.holdsFor(valueAt);
  }
}

interface Decision {
  verdict: boolean | undefined;
}

/** What is the same for the records of one stream in a batch. */
interface Known {
  readonly facts: () => ContainerFacts;
  readonly stream: 'stdout' | 'stderr';
}

/** Index of what is remembered for a stream's records. */
type Stream = 0 | 1;

interface Node {
  /** @returns what holds for all records of the stream, or undefined */
  begin(known: Known, stream: Stream): boolean | undefined;
  /** After a `begin` that left it open. */
  test(batch: Batch, row: number, stream: Stream): boolean;
  holdsFor(valueAt: (path: string) => FieldValue): boolean;
}

function compile(config: ConditionConfig): Node {
  const nodes: Node[] = [];
  const { fields, all, any, not } = config;
  for (const [path, expected] of Object.entries(fields)) {
    nodes.push(fieldNode(fieldOf(path), compileValueTest(expected)));
  }
  if (all !== undefined) nodes.push(...all.map(compile));
  if (any !== undefined) nodes.push(new Several(any.map(compile), true));
  if (not !== undefined) nodes.push(new Not(compile(not)));
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : new Several(nodes, false);
}

function fieldNode(field: Field, test: ValueTest): Node {
  const holdsFor = (valueAt: (path: string) => FieldValue): boolean => test.value(valueAt(field.path));
  switch (field.scope) {
    case 'container':
      return { begin: ({ facts }) => test.value(field.value(facts())), test: () => false, holdsFor };
    case 'stream':
      return { begin: ({ stream }) => test.value(stream), test: () => false, holdsFor };
    case 'record':
      return new RecordTest(field, test);
  }
}

class RecordTest implements Node {
  readonly #field: RecordField;
  readonly #test: ValueTest;

  constructor(field: RecordField, test: ValueTest) {
    this.#field = field;
    this.#test = test;
  }

  begin(): undefined {
    return undefined;
  }

  test(batch: Batch, row: number): boolean {
    return this.#test.record(batch, row, this.#field);
  }

  holdsFor(valueAt: (path: string) => FieldValue): boolean {
    return this.#test.value(valueAt(this.#field.path));
  }
}

/** All of them, or any of them: the first that says `decisive` decides. */
class Several implements Node {
  readonly #nodes: readonly Node[];
  readonly #decisive: boolean;
  /** Of each stream, those that the batch left open. */
  readonly #open: [Node[], Node[]] = [[], []];

  constructor(nodes: readonly Node[], decisive: boolean) {
    this.#nodes = nodes;
    this.#decisive = decisive;
  }

  begin(known: Known, stream: Stream): boolean | undefined {
    const open = this.#open[stream];
    open.length = 0;
    for (const node of this.#nodes) {
      const verdict = node.begin(known, stream);
      if (verdict === this.#decisive) return verdict;
      if (verdict === undefined) open.push(node);
    }
    return open.length === 0 ? !this.#decisive : undefined;
  }

  test(batch: Batch, row: number, stream: Stream): boolean {
    for (const node of this.#open[stream]) {
      if (node.test(batch, row, stream) === this.#decisive) return this.#decisive;
    }
    return !this.#decisive;
  }

  holdsFor(valueAt: (path: string) => FieldValue): boolean {
    return this.#nodes.some((node) => node.holdsFor(valueAt) === this.#decisive) === this.#decisive;
  }
}

class Not implements Node {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  begin(known: Known, stream: Stream): boolean | undefined {
    const verdict = this.#node.begin(known, stream);
    return verdict === undefined ? undefined : !verdict;
  }

  test(batch: Batch, row: number, stream: Stream): boolean {
    return !this.#node.test(batch, row, stream);
  }

  holdsFor(valueAt: (path: string) => FieldValue): boolean {
    return !this.#node.holdsFor(valueAt);
  }
}
