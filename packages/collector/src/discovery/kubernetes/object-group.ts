/** The targets of an object, made when they are asked for. Most objects are no targets once relabeling has seen them: of tens of thousands
 *  the labels, several times as large as what they are made of, are not kept, and mostly not made. */
import type { GroupOutline, TargetGroup } from '../target-group.ts';
import type { Neighbours } from './neighbours.ts';
import type { Role } from './roles.ts';

/** The same for as long as nothing is told of the source. */
export class ObjectGroup<T> implements TargetGroup {
  readonly source: string;
  readonly #role: Role<T>;
  readonly #object: T;
  readonly #neighbours: Neighbours;

  constructor(source: string, role: Role<T>, object: T, neighbours: Neighbours) {
    this.source = source;
    this.#role = role;
    this.#object = object;
    this.#neighbours = neighbours;
  }

  get labels(): TargetGroup['labels'] {
    return this.#made.labels;
  }

  get targets(): TargetGroup['targets'] {
    return this.#made.targets;
  }

  outline(): GroupOutline | undefined {
    return this.#role.outline?.(this.#object, this.#neighbours);
  }

  get #made(): TargetGroup {
    return this.#role.group(this.#object, this.source, this.#neighbours);
  }
}
