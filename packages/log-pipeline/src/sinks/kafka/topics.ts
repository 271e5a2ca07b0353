/** The topic and the key of a container's records. */
import type { RecordFacts } from '../../encode/document.ts';
import { factFor, type NameTemplate, renderNameTemplate } from '../name-template.ts';

/** Stands for every field in the topic of the containers beyond `maxTopics`. */
const FALLBACK_VALUE = 'other';
const UNKNOWN_VALUE = 'unknown';
const MAX_TOPIC_CHARACTERS = 249;

export class Topics {
  readonly #template: NameTemplate;
  readonly #maxTopics: number;
  readonly #overflowed: () => void;
  readonly #seen = new Set<string>();

  /** @param overflowed called for each container that goes to the fallback topic instead of its own */
  constructor(template: NameTemplate, maxTopics: number, overflowed: () => void) {
    this.#template = template;
    this.#maxTopics = maxTopics;
    this.#overflowed = overflowed;
  }

  topicFor(facts: RecordFacts): string {
    const topic = this.#render((field) => legal(factFor(field, facts) || UNKNOWN_VALUE));
    if (!this.#template.hasFields || this.#seen.has(topic)) return topic;
    if (this.#seen.size >= this.#maxTopics) {
      this.#overflowed();
      return this.#render(() => FALLBACK_VALUE);
    }
    this.#seen.add(topic);
    return topic;
  }

  #render(value: (field: string) => string): string {
    const topic = renderNameTemplate(this.#template, '', value).slice(0, MAX_TOPIC_CHARACTERS);
    return topic === '.' || topic === '..' ? FALLBACK_VALUE : topic;
  }
}

/** Records of one pod keep their order: they are in one partition. */
export function keyFor({ podUid, namespace, podName, nodeName, path }: RecordFacts): string {
  if (podUid !== undefined) return podUid;
  if (podName !== undefined) return `${namespace ?? ''}/${podName}`;
  return `${nodeName ?? ''}${path ?? ''}`;
}

function legal(value: string): string {
  return value.replace(/[^A-Za-z0-9._-]/g, '_');
}
