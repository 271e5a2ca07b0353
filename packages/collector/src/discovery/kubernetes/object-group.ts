/** The targets of an object, made when they are asked for. Most objects are no targets once relabeling has seen them: of tens of thousands
 *  the labels, several times as large as what they are made of, are not kept. */
import type { TargetGroup } from '../target-group.ts';

export class ObjectGroup implements TargetGroup {
  readonly source: string;
  readonly #make: () => Omit<TargetGroup, 'source'>;

  /** @param make gives the same for as long as nothing is told of the source */
  constructor(source: string, make: () => Omit<TargetGroup, 'source'>) {
    this.source = source;
    this.#make = make;
  }

  get labels(): TargetGroup['labels'] {
    return this.#make().labels;
  }

  get targets(): TargetGroup['targets'] {
    return this.#make().targets;
  }
}
