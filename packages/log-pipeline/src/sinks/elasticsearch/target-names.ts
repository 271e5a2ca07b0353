/** Where a container's records go: a legal data stream or index name, of which there are only so many. */
import type { DataStreamMembers, RecordFacts } from '../../encode/document.ts';
import { factFor, type NameTemplate, renderNameTemplate } from '../name-template.ts';

/** Stands for every field in the name that takes the containers beyond `maxNames`. */
const FALLBACK_VALUE = 'other';
/** Stands for a field that is not known of a container. */
const UNKNOWN_VALUE = 'unknown';
/** Elasticsearch's limit is 255 bytes; a backing index adds `.ds-` before and `-2026.11.21-000001` after. */
const MAX_NAME_BYTES = 220;

/** Bounds the names that fields can make. A field's value comes from whoever may create pods, and each name
 *  costs the cluster shards. */
export class TargetNames {
  readonly #template: NameTemplate;
  readonly #maxNames: number;
  readonly #overflowed: () => void;
  readonly #seen = new Set<string>();

  /** @param overflowed called for each container that goes to the fallback name instead of its own */
  constructor(template: NameTemplate, maxNames: number, overflowed: () => void) {
    this.#template = template;
    this.#maxNames = maxNames;
    this.#overflowed = overflowed;
  }

  /** @param utcDay needed where the template is dated; days do not count as names of their own */
  nameFor(facts: RecordFacts, utcDay: string): string {
    const values = (field: string): string => legalPart(factFor(field, facts) || UNKNOWN_VALUE);
    if (this.#template.hasFields) {
      const undated = renderNameTemplate(this.#template, '', values);
      if (!this.#seen.has(undated)) {
        if (this.#seen.size >= this.#maxNames) {
          this.#overflowed();
          return this.fallback(utcDay);
        }
        this.#seen.add(undated);
      }
    }
    const name = legalName(renderNameTemplate(this.#template, utcDay, values));
    return isLegalName(name) ? name : this.fallback(utcDay);
  }

  /** The name that stands for all: asked about when the server is asked whether it has a template. */
  fallback(utcDay: string): string {
    return legalName(renderNameTemplate(this.#template, utcDay, () => FALLBACK_VALUE));
  }
}

/** A pattern that matches every name of the template and as little else as can be: a year begins with 2, so
 *  that `logs-%Y.%m.%d` does not take `logs-nginx-default` from its data stream. */
export function namePattern(template: NameTemplate): string {
  const pattern = template.parts
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'date' && part.directive === 'Y' ? '2*' : '*'))
    .join('');
  return pattern.toLowerCase().replace(/\*{2,}/g, '*');
}

/** `type-dataset-namespace`, Elastic's naming scheme; undefined where the name does not follow it. */
export function dataStreamMembers(name: string): DataStreamMembers | undefined {
  const match = /^([^-]+)-(.+)-([^-]+)$/.exec(name);
  if (match === null) return undefined;
  const [, type = '', dataset = '', namespace = ''] = match;
  return { type, dataset, namespace };
}

/** Whether Elasticsearch takes it as the name of an index or data stream.
 *  Source: MetadataCreateIndexService.validateIndexOrAliasName in Elasticsearch 8. */
export function isLegalName(name: string): boolean {
  return name !== '' && name === legalName(name) && name !== '.' && name !== '..';
}

/** Field values are made legal before they are joined, so that none can begin another part. */
function legalPart(value: string): string {
  return value.toLowerCase().replace(ILLEGAL, '_');
}

function legalName(name: string): string {
  const cleaned = name
    .toLowerCase()
    .replace(ILLEGAL, '_')
    .replace(/^[-_+]+/, '');
  const bytes = Buffer.from(cleaned);
  return bytes.length <= MAX_NAME_BYTES ? cleaned : cutBytes(bytes, MAX_NAME_BYTES);
}

function cutBytes(bytes: Buffer, limit: number): string {
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into a name
const ILLEGAL = /[\\/*?"<>| ,#:\u0000-\u001f\u007f]/g;
