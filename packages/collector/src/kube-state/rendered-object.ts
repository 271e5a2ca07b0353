/** An object as the text that a scrape shows of it: all that is kept of it. The labels that say which object it is stand in each of its lines
 *  and are kept once; what is left of most lines is the same for thousands of objects, and kept once for all of them. */
import { VigieError } from '@vigie/core/errors';
import { sharedText } from '../discovery/kubernetes/shared-text.ts';
import { textAt } from './fields.ts';
import type { Family, Kind, Labels } from './kind.ts';

const NOTHING: readonly string[] = [];

export class RenderedObject {
  readonly #families: readonly Family[];
  readonly #identity: string;
  #rests: readonly string[];

  /** @param identity `{namespace="shop",pod="web-0"`
   *  @param rests of its lines by family, what stands behind the identity: `,phase="Running"} 1` and a line break each; empty where there
   *  are none */
  constructor(families: readonly Family[], identity: string, rests: readonly string[]) {
    this.#families = families;
    this.#identity = identity;
    this.#rests = rests;
  }

  /** Adds the lines of a family, by its number, in pieces: half a million lines are one text in the end, and none of them one before. */
  addTo(pieces: string[], family: number): void {
    const rest = this.#rests[family] ?? '';
    const name = this.#nameOf(family);
    // A line break within a label is written as two characters.
    for (let from = 0; from < rest.length; ) {
      const to = rest.indexOf('\n', from) + 1;
      pieces.push(name, this.#identity, to - from === rest.length ? rest : rest.slice(from, to));
      from = to;
    }
  }

  /** Of the text that is shown: a sixth of it is kept. */
  get sizeBytes(): number {
    return this.#rests.reduce((size, rest, family) => {
      const lines = rest === '' ? 0 : rest.split('\n').length - 1;
      return size + rest.length + lines * (this.#nameOf(family).length + this.#identity.length);
    }, 0);
  }

  /** Whether a scrape would show the same. */
  isSame(other: RenderedObject): boolean {
    const rests = other.#rests;
    return (
      this.#identity === other.#identity &&
      this.#rests.length === rests.length &&
      this.#rests.every((rest, family) => rest === rests[family])
    );
  }

  /** Keeps nothing of it. */
  omit(): void {
    this.#rests = NOTHING;
  }

  #nameOf(family: number): string {
    return this.#families[family]?.name ?? '';
  }
}

/** @throws {VigieError} KUBE_OBJECT_INVALID for what has no name */
export function renderObject(kind: Kind, families: readonly Family[], object: unknown): RenderedObject {
  const name = textAt(object, 'metadata', 'name');
  if (name === '') throw new VigieError('KUBE_OBJECT_INVALID', 'an object without metadata.name');
  // Joined, and not added up, so that what is kept is flat.
  const identity = ['{', formatLabels(kind.identify(object))].join('');
  const rests = families.map((family) => renderFamily(family, object));
  return new RenderedObject(families, identity, rests);
}

function renderFamily(family: Family, object: unknown): string {
  const samples = family.samples(object);
  if (samples.length === 0) return '';
  // A subset of endpoints, or a path of an ingress, may say twice what makes the same series.
  const seen = new Set<string>();
  const pieces: string[] = [];
  for (const { labels, value } of samples) {
    const own = formatLabels(labels);
    if (seen.has(own)) continue;
    seen.add(own);
    pieces.push(own === '' ? '} ' : `,${own}} `, String(value), '\n');
  }
  // As the identity is.
  return sharedText(pieces.join(''));
}

/** Those without a value are left out, as Prometheus does. */
function formatLabels(labels: Labels): string {
  return labels.flatMap(([name, value]) => (value === '' ? [] : `${name}="${escaped(value)}"`)).join(',');
}

function escaped(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
