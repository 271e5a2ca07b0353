/** An object as the text that a scrape shows of it: all that is kept of it. */
import { VigieError } from '@vigie/core/errors';
import { textAt } from './fields.ts';
import type { Family, Kind, Labels } from './kind.ts';

const NOTHING: readonly string[] = [];

export class RenderedObject {
  #texts: readonly string[];

  /** @param texts lines by family; empty where there are none */
  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  /** Lines of a family, by its number. */
  textOf(family: number): string {
    return this.#texts[family] ?? '';
  }

  /** What it takes, about. */
  get sizeBytes(): number {
    return this.#texts.reduce((size, text) => size + text.length, 0);
  }

  /** Whether a scrape would show the same. */
  isSame(other: RenderedObject): boolean {
    const texts = other.#texts;
    return this.#texts.length === texts.length && this.#texts.every((text, family) => text === texts[family]);
  }

  /** Keeps nothing of it. */
  omit(): void {
    this.#texts = NOTHING;
  }
}

/** @throws {VigieError} KUBE_OBJECT_INVALID for what has no name */
export function renderObject(kind: Kind, families: readonly Family[], object: unknown): RenderedObject {
  const name = textAt(object, 'metadata', 'name');
  if (name === '') throw new VigieError('KUBE_OBJECT_INVALID', 'an object without metadata.name');
  const identity = formatLabels(kind.identify(object));
  return new RenderedObject(families.map((family) => renderFamily(family, identity, object)));
}

function renderFamily(family: Family, identity: string, object: unknown): string {
  const samples = family.samples(object);
  if (samples.length === 0) return '';
  // A subset of endpoints, or a path of an ingress, may say twice what makes the same series.
  const seen = new Set<string>();
  const pieces: string[] = [];
  for (const { labels, value } of samples) {
    const own = formatLabels(labels);
    const series = `${family.name}{${own === '' ? identity : `${identity},${own}`}} `;
    if (seen.has(series)) continue;
    seen.add(series);
    pieces.push(series, String(value), '\n');
  }
  // Joined, and not added up, so that what is kept is flat.
  return pieces.join('');
}

/** Those without a value are left out, as Prometheus does. */
function formatLabels(labels: Labels): string {
  return labels.flatMap(([name, value]) => (value === '' ? [] : `${name}="${escaped(value)}"`)).join(',');
}

function escaped(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
