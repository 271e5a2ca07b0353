/** Injection: from a pod to the JSON Patch that gives it its log sidecar. Pure; the webhook and the command line are its
 *  edges. */
import { type Asked, INJECT_ANNOTATION, INJECTED_ANNOTATION, type Mode, readAnnotations } from './annotations.ts';
import { type AddOperation, appendTo, type JsonPatch, pointer } from './json-patch.ts';
import { type LogMounts, planLogMounts } from './log-mounts.ts';
import { type PlacedContainer, type PodView, placedContainers, viewPod } from './pod-view.ts';
import type { Refusal } from './refusal.ts';
import { type RunAs, runAsOf } from './run-as.ts';
import type { InjectionSettings } from './settings.ts';
import { CONFIG_VOLUME, DATA_VOLUME, SIDECAR_NAME, sidecarContainer, sidecarVolumes } from './sidecar-container.ts';

export type Injection =
  /** It does not ask for a sidecar, or has it already. */
  | { readonly status: 'unchanged'; readonly reason: 'not_asked' | 'already_injected' }
  | {
      readonly status: 'injected';
      readonly mode: Mode;
      readonly patch: JsonPatch;
      readonly warnings: readonly string[];
    }
  /** It asks for one that could not work; it is left as it is. */
  | { readonly status: 'refused'; readonly refusals: readonly Refusal[] };

/** @param pod a Pod, or anything else with the `metadata` and `spec` of one, such as the template of a Deployment
 *  @returns the patch of that object. The same for the same pod, and nothing for a pod that has its sidecar: safe to be
 *  asked again
 *  Cost: O(containers * mounts * globs). */
export function inject(pod: unknown, settings: InjectionSettings): Injection {
  if (!asks(pod)) return { status: 'unchanged', reason: 'not_asked' };
  const view = viewPod(pod);
  if ('problem' in view) return refused('malformed_pod', `the pod cannot be read: ${view.problem}`);
  const annotations = view.metadata?.annotations ?? {};
  const read = readAnnotations(annotations, settings);
  if (read.status === 'nothing_asked') return { status: 'unchanged', reason: 'not_asked' };
  if (isInjected(view)) return { status: 'unchanged', reason: 'already_injected' };
  if (read.status === 'refused') return read;
  const { asked } = read;
  const writers = writersOf(view, asked);
  const obstacles = [...writers.refusals, ...podObstacles(view, asked)];
  const mounts = planLogMounts(view, asked.paths, writers.found);
  if ('refusals' in mounts) return { status: 'refused', refusals: [...obstacles, ...mounts.refusals] };
  const runAs = runAsOf(view, writers.found, asked.runAsUser, fsGroupApplies(view, mounts.volumes));
  if ('problem' in runAs && writers.found.length > 0) {
    obstacles.push({ reason: 'user_unknown', message: runAs.problem });
  }
  if (obstacles.length > 0 || 'problem' in runAs) return { status: 'refused', refusals: obstacles };
  return {
    status: 'injected',
    mode: asked.mode,
    patch: patchOf(view, asked, mounts, runAs, writers.found, settings),
    warnings: [...read.warnings, ...mounts.warnings],
  };
}

/** Most pods do not ask: nothing else of them is looked at. */
function asks(pod: unknown): boolean {
  const annotations = member(member(pod, 'metadata'), 'annotations');
  return member(annotations, INJECT_ANNOTATION) !== undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** A pod made from a copy of an injected one has its sidecar too. */
function isInjected({ metadata, spec }: PodView): boolean {
  return (
    metadata?.annotations?.[INJECTED_ANNOTATION] !== undefined &&
    spec.initContainers?.some(({ name }) => name === SIDECAR_NAME) === true
  );
}

function refused(reason: Refusal['reason'], message: string): Injection {
  return { status: 'refused', refusals: [{ reason, message }] };
}

function writersOf(
  pod: PodView,
  { paths }: Asked,
): { readonly found: readonly PlacedContainer[]; readonly refusals: readonly Refusal[] } {
  const all = placedContainers(pod);
  const names = new Set(paths.map(({ container }) => container));
  const found = all.filter(({ container }) => names.has(container.name));
  const unknown = [...names].filter((name) => !found.some(({ container }) => container.name === name));
  const there = all.map(({ container }) => container.name).join(', ');
  return {
    found,
    refusals: unknown.map((name) => ({
      reason: 'unknown_container',
      message: `vigie.io/paths: the pod has no container ${name}; it has ${there}`,
    })),
  };
}

/** What of the pod itself is in the way. */
function podObstacles(pod: PodView, { port, isPortAsked, mode }: Asked): readonly Refusal[] {
  const { spec } = pod;
  const refusals: Refusal[] = [];
  if (spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    refusals.push({ reason: 'windows', message: 'the sidecar runs on Linux, and this pod is for Windows' });
  }
  const containers = placedContainers(pod).map(({ container }) => container);
  if (containers.some(({ name }) => name === SIDECAR_NAME)) {
    const message = `the pod has a container ${SIDECAR_NAME} of its own, and the sidecar needs that name`;
    refusals.push({ reason: 'name_taken', message });
  }
  const ownVolumes = mode === 'ship' ? [DATA_VOLUME, CONFIG_VOLUME] : [DATA_VOLUME];
  for (const { name } of spec.volumes ?? []) {
    if (!ownVolumes.includes(name)) continue;
    const message = `the pod has a volume ${name} of its own, and the sidecar needs that name`;
    refusals.push({ reason: 'volume_taken', message });
  }
  const holder = containers.find(({ ports }) =>
    ports?.some(({ containerPort, protocol }) => containerPort === port && (protocol ?? 'TCP') === 'TCP'),
  );
  if (holder !== undefined) {
    const message = `${holder.name} has port ${port}, which the sidecar would listen on: give it another one with vigie.io/port`;
    refusals.push({ reason: 'port_taken', message });
  } else if (spec.hostNetwork === true && !isPortAsked) {
    const message = `the pod is in its node's network, where port ${port} may be another sidecar's: choose one with vigie.io/port`;
    refusals.push({ reason: 'port_taken', message });
  }
  return refusals;
}

/** The kubelet gives its group to volumes of its own and of drivers, and to none of these. */
function fsGroupApplies({ spec }: PodView, volumes: readonly string[]): boolean {
  const foreign = (spec.volumes ?? []).filter(({ hostPath, nfs }) => hostPath != null || nfs != null);
  return !foreign.some(({ name }) => volumes.includes(name));
}

function patchOf(
  pod: PodView,
  asked: Asked,
  mounts: LogMounts,
  runAs: RunAs,
  writers: readonly PlacedContainer[],
  settings: InjectionSettings,
): JsonPatch {
  const { spec } = pod;
  const container = sidecarContainer(asked, mounts, runAs, pod, settings);
  return [
    { op: 'add', path: pointer('metadata', 'annotations', INJECTED_ANNOTATION), value: asked.mode },
    ...appendTo(pointer('spec', 'volumes'), spec.volumes?.length, sidecarVolumes(asked, mounts)),
    ...mountsPatch(mounts),
    // Last: it moves the init containers behind it, which the operations before have named by index.
    containerPatch(spec.initContainers?.length, firstThatNeedsIt(pod, writers), container),
  ];
}

function mountsPatch({ added }: LogMounts): JsonPatch {
  const byContainer = new Map<PlacedContainer, unknown[]>();
  for (const { placed, mount } of added) byContainer.set(placed, [...(byContainer.get(placed) ?? []), mount]);
  return [...byContainer].flatMap(([{ list, index, container }, values]) =>
    appendTo(pointer('spec', list, index, 'volumeMounts'), container.volumeMounts?.length, values),
  );
}

/** In front of the first init container whose logs it reads, else behind the last: what comes before does not wait for it. */
function firstThatNeedsIt({ spec }: PodView, writers: readonly PlacedContainer[]): number {
  const init = writers.filter(({ list }) => list === 'initContainers').map(({ index }) => index);
  return Math.min(spec.initContainers?.length ?? 0, ...init);
}

function containerPatch(length: number | undefined, index: number, container: object): AddOperation {
  const path = pointer('spec', 'initContainers');
  if (length === undefined) return { op: 'add', path, value: [container] };
  return { op: 'add', path: `${path}/${index}`, value: container };
}
