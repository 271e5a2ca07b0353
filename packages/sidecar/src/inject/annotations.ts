/** What a pod's annotations ask of injection. */
import { parseSize } from '@vigie/core/sizes';
import { type LogPath, quoted, readPaths } from './log-path.ts';
import type { Refusal } from './refusal.ts';
import { type Resources, readResources } from './resources.ts';
import type { InjectionSettings } from './settings.ts';

const PREFIX = 'vigie.io/';
/** Set by injection itself, to the mode. */
export const INJECTED_ANNOTATION = `${PREFIX}injected`;
export const INJECT_ANNOTATION = `${PREFIX}inject`;

/** Keys below `vigie.io/` that a pod may use, as the operator's list names them; `inject` is always allowed. */
export const ANNOTATION_KEYS = [
  'paths',
  'config',
  'prefix',
  'image',
  'resources',
  'port',
  'run-as-user',
  'volume-size',
] as const;
export type AnnotationKey = (typeof ANNOTATION_KEYS)[number];

export const MODES = ['stream', 'ship'] as const;
export type Mode = (typeof MODES)[number];

/** How `stream` marks its lines. */
export const LINE_PREFIXES = ['none', 'name', 'json'] as const;
export type LinePrefix = (typeof LINE_PREFIXES)[number];

/** What a pod asks for, with the operator's settings where it asks for nothing. */
export interface Asked {
  readonly mode: Mode;
  readonly paths: readonly LogPath[];
  /** A ConfigMap of the pod's namespace. */
  readonly config: string | undefined;
  readonly prefix: LinePrefix;
  readonly image: string;
  readonly resources: Resources;
  readonly port: number;
  /** Whether the pod has chosen the port. */
  readonly isPortAsked: boolean;
  readonly runAsUser: number | undefined;
  /** `sizeLimit` of the volumes that injection adds for logs. */
  readonly volumeSize: string | undefined;
}

export type ReadAnnotations =
  | { readonly status: 'nothing_asked' }
  | { readonly status: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly status: 'asked'; readonly asked: Asked; readonly warnings: readonly string[] };

type Annotations = Readonly<Record<string, string>>;

/** Reads them all, so that every mistake is told at once. */
export function readAnnotations(annotations: Annotations, settings: InjectionSettings): ReadAnnotations {
  const mode = annotations[INJECT_ANNOTATION]?.trim();
  if (mode === undefined || mode === 'false') return { status: 'nothing_asked' };
  if (!isMode(mode)) {
    const message = `${INJECT_ANNOTATION}: expected ${MODES.join(' or ')}, got ${quoted(mode)}`;
    return { status: 'refused', refusals: [{ reason: 'unknown_mode', message }] };
  }
  const warnings: string[] = [];
  const refusals: Refusal[] = [];
  const read = <T>(key: AnnotationKey, expected: string, parse: (written: string) => T | undefined): T | undefined => {
    const written = annotations[PREFIX + key];
    if (written === undefined) return undefined;
    if (!settings.allowedAnnotations.has(key)) {
      warnings.push(`${PREFIX}${key} is not allowed in this cluster and has no effect`);
      return undefined;
    }
    const value = parse(written.trim());
    if (value !== undefined) return value;
    const message = `${PREFIX}${key}: expected ${expected}, got ${quoted(written)}`;
    refusals.push({ reason: 'invalid_annotation', message });
    return undefined;
  };
  const { paths, refusal: pathsRefusal } = askedPaths(annotations, settings);
  if (pathsRefusal !== undefined) refusals.push(pathsRefusal);
  const config = read('config', 'the name of a ConfigMap', (name) => (CONFIG_MAP_NAME.test(name) ? name : undefined));
  if (mode === 'ship' && config === undefined && annotations[`${PREFIX}config`] === undefined) {
    const message = `${PREFIX}config: ship needs the name of a ConfigMap with the key sidecar.yaml`;
    refusals.push({ reason: 'config_missing', message });
  }
  if (mode === 'stream' && config !== undefined) {
    warnings.push(`${PREFIX}config has no effect with stream, which takes all it needs from annotations`);
  }
  const port = read('port', 'a port from 1024 to 65535', readPort);
  const asked: Asked = {
    mode,
    paths,
    config,
    prefix: read('prefix', LINE_PREFIXES.join(', '), readLinePrefix) ?? settings.prefix,
    image: read('image', 'the name of an image', (name) => (IMAGE.test(name) ? name : undefined)) ?? settings.image,
    resources:
      read('resources', RESOURCES_EXPECTED, readResources) ??
      (mode === 'ship' ? settings.shipResources : settings.resources),
    port: port ?? DEFAULT_PORT,
    isPortAsked: port !== undefined,
    runAsUser: read('run-as-user', 'the number of a user that is not root', readUser),
    volumeSize: read('volume-size', 'a size such as 500Mi', readVolumeSize) ?? settings.volumeSize,
  };
  return refusals.length > 0 ? { status: 'refused', refusals } : { status: 'asked', asked, warnings };
}

const DEFAULT_PORT = 9881;
/** A DNS subdomain. */
const CONFIG_MAP_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,1023}$/;
const RESOURCES_EXPECTED =
  'JSON such as {"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"96Mi"}} with requests that are not above the limits';

/** Not allowed to name paths is not allowed to be injected: there is nothing the operator could put in their place. */
function askedPaths(
  annotations: Annotations,
  { allowedAnnotations }: InjectionSettings,
): { readonly paths: readonly LogPath[]; readonly refusal?: Refusal } {
  const written = annotations[`${PREFIX}paths`];
  if (!allowedAnnotations.has('paths')) {
    return refusedPaths('invalid_annotation', `${PREFIX}paths is not allowed in this cluster`);
  }
  if (written === undefined) {
    return refusedPaths('paths_missing', `${PREFIX}paths: expected CONTAINER=GLOB[,GLOB][;CONTAINER=…]`);
  }
  const read = readPaths(written);
  return 'problem' in read ? refusedPaths('unusable_path', `${PREFIX}paths: ${read.problem}`) : { paths: read.paths };
}

function refusedPaths(reason: Refusal['reason'], message: string) {
  return { paths: [], refusal: { reason, message } };
}

function isMode(written: string): written is Mode {
  return MODES.some((mode) => mode === written);
}

function readLinePrefix(written: string): LinePrefix | undefined {
  return LINE_PREFIXES.find((prefix) => prefix === written);
}

/** Below 1024 a port is for root. */
function readPort(written: string): number | undefined {
  const port = /^\d{4,5}$/.test(written) ? Number(written) : 0;
  return port >= 1024 && port <= 65_535 ? port : undefined;
}

function readUser(written: string): number | undefined {
  const user = /^\d{1,10}$/.test(written) ? Number(written) : 0;
  return user >= 1 && user < 2 ** 31 ? user : undefined;
}

function readVolumeSize(written: string): string | undefined {
  const sizeBytes = /^\d+(\.\d+)?([KMGT]i?|k)?$/.test(written) ? parseSize(written) : undefined;
  return sizeBytes !== undefined && sizeBytes > 0 ? written.replace(/^(\d+(?:\.\d+)?)K$/, '$1k') : undefined;
}
