/** What a pod's annotations ask for its logs: read, checked, and for one container the most specific of each kept. */
import { parseSize } from '@vigie/core/sizes';
import type { AskedRate } from '@vigie/log-pipeline/agent/rate-limits';

/** Keys below `vigie.io/`, as the operator's list names them. */
export const ANNOTATION_KEYS = ['exclude', 'parser', 'multiline', 'rate-limit', 'sample', 'sink'] as const;
export type AnnotationKey = (typeof ANNOTATION_KEYS)[number];

/** `sink` sends somebody's logs where the operator did not: only if they allow it. */
export const DEFAULT_ALLOWED: readonly AnnotationKey[] = ['exclude', 'parser', 'multiline', 'rate-limit', 'sample'];

export interface PerStream<T> {
  readonly stdout: T | undefined;
  readonly stderr: T | undefined;
}

/** The name of a parser as written, and whose names these are. */
export interface ParserName {
  readonly name: string;
  readonly dialect: 'vigie' | 'fluentbit';
}

/** What one container's logs are asked to get. */
export interface ContainerAnnotations {
  readonly exclude: PerStream<boolean>;
  readonly parser: PerStream<ParserName>;
  readonly multiline: PerStream<string>;
  /** The share that is kept, 0 to 1. */
  readonly sample: PerStream<number>;
  readonly rateLimit: AskedRate | undefined;
  readonly sinks: readonly string[] | undefined;
}

/** `not_allowed`: the operator's list does not have it. `unknown_name`: of a parser, a multiline rule or a sink. */
export const ANNOTATION_PROBLEMS = [
  'unknown_key',
  'unknown_container',
  'invalid_value',
  'not_allowed',
  'unknown_name',
] as const;
export type AnnotationProblemReason = (typeof ANNOTATION_PROBLEMS)[number];

export interface AnnotationProblem {
  readonly reason: AnnotationProblemReason;
  /** As written. */
  readonly annotation: string;
  readonly expected: string;
}

export interface PodAnnotations {
  of(container: string): ContainerAnnotations;
  readonly problems: readonly AnnotationProblem[];
}

/** Whether the directory has to keep it at all. */
export function isLogAnnotation(annotation: string): boolean {
  if (annotation.startsWith(OWN)) return !OF_SIDECARS.has(annotation.slice(OWN.length));
  return FLUENT_BIT.test(annotation) || ELASTIC.test(annotation);
}

/** @param containers names of all the pod's containers */
export function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  containers: readonly string[],
  allowed: ReadonlySet<AnnotationKey>,
): PodAnnotations {
  const problems: AnnotationProblem[] = [];
  const asked: Asked[] = [];
  for (const [annotation, value] of Object.entries(annotations)) {
    const read = readOne(annotation, value, containers, allowed);
    if (read === undefined) continue;
    if ('reason' in read) problems.push(read);
    else asked.push(read);
  }
  // Of two keys that fit, the longer one counts, and ours before a foreign one.
  asked.sort((a, b) => a.dialect - b.dialect || b.length - a.length || named(b) - named(a));
  return { of: (container) => containerAnnotations(asked, container), problems };
}

const OWN = 'vigie.io/';
/** What pods ask of the sidecar webhook: no mistakes here. */
const OF_SIDECARS: ReadonlySet<string> = new Set([
  'inject',
  'injected',
  'paths',
  'config',
  'prefix',
  'image',
  'resources',
  'port',
  'run-as-user',
  'volume-size',
]);
const FLUENT_BIT = /^fluentbit\.io\/(exclude|parser)(?:_(stdout|stderr))?(?:-(.+))?$/;
const ELASTIC = /^co\.elastic\.logs(?:\.([^/]+))?\/enabled$/;
const SUFFIX = /^(?:_(stdout|stderr))?(?:-(.+))?$/;

/** Streams are read together from one file: what is said of the file cannot be said of one of them. */
const PER_FILE: ReadonlySet<AnnotationKey> = new Set(['rate-limit', 'sink']);

type Stream = keyof PerStream<unknown>;

interface Asked {
  readonly key: AnnotationKey;
  readonly stream: Stream | undefined;
  readonly container: string | undefined;
  readonly value: boolean | number | ParserName | string | readonly string[];
  /** Of the key as written. */
  readonly length: number;
  /** 0 ours, 1 Fluent Bit's, 2 Filebeat's. */
  readonly dialect: 0 | 1 | 2;
}

function readOne(
  annotation: string,
  value: string,
  containers: readonly string[],
  allowed: ReadonlySet<AnnotationKey>,
): Asked | AnnotationProblem | undefined {
  const place = placeOf(annotation);
  if (place === undefined) return undefined;
  if ('reason' in place) return place;
  const { key, container, dialect } = place;
  if (!allowed.has(key)) return { reason: 'not_allowed', annotation, expected: `one of ${[...allowed].join(', ')}` };
  if (container !== undefined && !containers.includes(container)) {
    return { reason: 'unknown_container', annotation, expected: `one of the containers ${containers.join(', ')}` };
  }
  const read = VALUES[key](value.trim(), dialect);
  if ('expected' in read) return { reason: 'invalid_value', annotation, expected: read.expected };
  return { ...place, value: read.value, length: annotation.length };
}

type Place = Omit<Asked, 'value' | 'length'>;

function placeOf(annotation: string): Place | AnnotationProblem | undefined {
  const fluentBit = FLUENT_BIT.exec(annotation);
  if (fluentBit !== null) {
    const [, key, stream, container] = fluentBit;
    return { key: key === 'parser' ? 'parser' : 'exclude', stream: streamOf(stream), container, dialect: 1 };
  }
  const elastic = ELASTIC.exec(annotation);
  if (elastic !== null) return { key: 'exclude', stream: undefined, container: elastic[1], dialect: 2 };
  if (!annotation.startsWith(OWN) || !isLogAnnotation(annotation)) return undefined;
  const written = annotation.slice(OWN.length);
  for (const key of ANNOTATION_KEYS) {
    const suffix = written.startsWith(key) ? SUFFIX.exec(written.slice(key.length)) : null;
    if (suffix === null) continue;
    const [, stream, container] = suffix;
    if (stream === undefined || !PER_FILE.has(key)) return { key, stream: streamOf(stream), container, dialect: 0 };
  }
  return {
    reason: 'unknown_key',
    annotation,
    expected: `${OWN}KEY, then _stdout or _stderr (not with ${[...PER_FILE].join(', ')}), then -CONTAINER, with KEY one of ${ANNOTATION_KEYS.join(', ')}`,
  };
}

function streamOf(written: string | undefined): Stream | undefined {
  return written === 'stdout' || written === 'stderr' ? written : undefined;
}

type Read = { readonly value: Asked['value'] } | { readonly expected: string };

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
/** Less would be another way to leave logs out: they would rotate away unread. */
const MIN_BYTES_PER_SECOND = 1024;
const DECIMAL = /^\d{0,3}\.?\d{1,9}$/;

const VALUES: Readonly<Record<AnnotationKey, (written: string, dialect: Asked['dialect']) => Read>> = {
  exclude: (written, dialect) => {
    const yes = readBoolean(written, dialect);
    if (yes === undefined) return { expected: 'true or false' };
    // Filebeat's key says the opposite: whether the logs are enabled.
    return { value: dialect === 2 ? !yes : yes };
  },
  parser: (written, dialect) =>
    NAME.test(written)
      ? { value: { name: written, dialect: dialect === 1 ? 'fluentbit' : 'vigie' } }
      : { expected: 'the name of a parser' },
  multiline: (written) => (NAME.test(written) ? { value: written } : { expected: 'the name of a multiline rule' }),
  'rate-limit': (written) => {
    const bytes = parseSize(written);
    return bytes !== undefined && bytes >= MIN_BYTES_PER_SECOND
      ? { value: bytes }
      : { expected: 'bytes per second, such as 100Ki, and at least 1Ki' };
  },
  sample: (written) => {
    const share = DECIMAL.test(written) ? Number(written) : Number.NaN;
    return share <= 1 ? { value: share } : { expected: 'the share that is kept, from 0 to 1, such as 0.1' };
  },
  sink: (written) => {
    const names = written.split(',').map((name) => name.trim());
    return names.every((name) => NAME.test(name))
      ? { value: names }
      : { expected: 'names of sinks with commas between them' };
  },
};

/** Each dialect's own: Fluent Bit's flb_utils_bool, Go's strconv.ParseBool. */
const TRUE: readonly ReadonlySet<string>[] = [
  new Set(['true']),
  new Set(['true', 'on', 'yes']),
  new Set(['true', 't', '1']),
];
const FALSE: readonly ReadonlySet<string>[] = [
  new Set(['false']),
  new Set(['false', 'off', 'no']),
  new Set(['false', 'f', '0']),
];

function readBoolean(written: string, dialect: Asked['dialect']): boolean | undefined {
  const text = dialect === 0 ? written : written.toLowerCase();
  if (TRUE[dialect]?.has(text) === true) return true;
  return FALSE[dialect]?.has(text) === true ? false : undefined;
}

function containerAnnotations(asked: readonly Asked[], container: string): ContainerAnnotations {
  const first = (key: AnnotationKey, stream: Stream | undefined): Asked | undefined =>
    asked.find(
      (one) =>
        one.key === key &&
        (one.container === undefined || one.container === container) &&
        (one.stream === undefined || one.stream === stream),
    );
  const both = <T extends Asked['value']>(key: AnnotationKey, is: (value: Value) => value is T): PerStream<T> => {
    const [stdout, stderr] = [first(key, 'stdout')?.value, first(key, 'stderr')?.value];
    return { stdout: is(stdout) ? stdout : undefined, stderr: is(stderr) ? stderr : undefined };
  };
  const rate = first('rate-limit', undefined);
  const bytesPerSecond = rate?.value;
  const sinks = first('sink', undefined)?.value;
  return {
    exclude: both('exclude', isBoolean),
    parser: both('parser', isParserName),
    multiline: both('multiline', isText),
    sample: both('sample', isNumber),
    rateLimit: isNumber(bytesPerSecond) ? { bytesPerSecond, ofContainer: rate?.container !== undefined } : undefined,
    sinks: Array.isArray(sinks) ? sinks : undefined,
  };
}

function named({ container }: Asked): number {
  return container === undefined ? 0 : 1;
}

type Value = Asked['value'] | undefined;

function isBoolean(value: Value): value is boolean {
  return typeof value === 'boolean';
}

function isNumber(value: Value): value is number {
  return typeof value === 'number';
}

function isText(value: Value): value is string {
  return typeof value === 'string';
}

function isParserName(value: Value): value is ParserName {
  return typeof value === 'object' && 'dialect' in value;
}
