/** What names the streams of one container: labels that are bounded in number, a label for what comes late, and a tenant. */
import { formatLabels } from '@vigie/wire/loki/labels';
import type { RecordFacts } from '../../encode/document.ts';
import { factFor, type NameTemplate, renderNameTemplate } from '../name-template.ts';
import { LATE_LABEL, type LokiSinkConfig, STREAM_FIELD } from './config.ts';

export interface StreamNames {
  readonly labels: string;
  /** Those of the same records when they come late: a stream of this log alone, so that nothing newer is in it. */
  readonly lateLabels: string;
  readonly tenant: string | undefined;
}

export interface ContainerStreams {
  readonly stdout: StreamNames;
  readonly stderr: StreamNames;
}

/** Stands for every field in the names of containers beyond `maxNames`. */
const OVERFLOW_VALUE = 'other';
/** Loki's max_label_value_length. */
const MAX_VALUE_CHARACTERS = 2048;
/** dskit's limit, and what it lets a tenant's name hold. */
const MAX_TENANT_CHARACTERS = 150;
const NOT_IN_TENANT = /[^a-zA-Z0-9!_.*'()-]/g;
/** A stream has one label at least. */
const NO_LABELS = new Map([['job', 'vigie']]);

export class Streams {
  readonly #labels: readonly (readonly [name: string, template: NameTemplate])[];
  readonly #tenant: NameTemplate | undefined;
  readonly #maxNames: number;
  readonly #overflowed: () => void;
  readonly #seen = new Set<string>();

  /** @param overflowed told once for each container whose names are made without its fields */
  constructor(config: Pick<LokiSinkConfig, 'labels' | 'tenant' | 'max_names'>, overflowed: () => void) {
    this.#labels = Object.entries(config.labels);
    this.#tenant = config.tenant;
    this.#maxNames = config.max_names;
    this.#overflowed = overflowed;
  }

  of(facts: RecordFacts): ContainerStreams {
    const fact = (field: string): string => factFor(field, facts) ?? '';
    const own = this.#names(fact, 'stdout');
    const key = `${own.tenant} ${own.labels}`;
    let value = fact;
    if (!this.#seen.has(key)) {
      if (this.#seen.size < this.#maxNames) this.#seen.add(key);
      else {
        this.#overflowed();
        value = () => OVERFLOW_VALUE;
      }
    }
    const late = lateName(facts);
    return { stdout: this.#names(value, 'stdout', late), stderr: this.#names(value, 'stderr', late) };
  }

  #names(fact: (field: string) => string, stream: 'stdout' | 'stderr', late = ''): StreamNames {
    const value = (field: string): string => (field === STREAM_FIELD ? stream : fact(field));
    const labels = new Map<string, string>();
    for (const [name, template] of this.#labels) {
      const text = renderNameTemplate(template, '', value).slice(0, MAX_VALUE_CHARACTERS);
      // To Loki a label without a value is one that is not there.
      if (text !== '') labels.set(name, text);
    }
    const named = labels.size === 0 ? NO_LABELS : labels;
    const tenant = this.#tenant === undefined ? undefined : legalTenant(renderNameTemplate(this.#tenant, '', fact));
    return {
      labels: formatLabels(named),
      lateLabels: formatLabels(new Map([...named, [LATE_LABEL, late]])),
      tenant,
    };
  }
}

/** Names one container's log, restarts apart: they are read side by side. */
function lateName({ podName, containerName, restartCount, path }: RecordFacts): string {
  const name = podName === undefined ? (path ?? 'pushed') : `${podName}/${containerName ?? ''}/${restartCount ?? 0}`;
  return name.slice(0, MAX_VALUE_CHARACTERS);
}

function legalTenant(text: string): string {
  const legal = text.replace(NOT_IN_TENANT, '_').slice(0, MAX_TENANT_CHARACTERS);
  return legal === '' || legal === '.' || legal === '..' ? OVERFLOW_VALUE : legal;
}
