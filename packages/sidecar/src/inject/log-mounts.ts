/** Which volumes bring an application's log files into the sidecar, and where they stand there. */
import { directoryProblem, isWithin, type LogPath } from './log-path.ts';
import type { ContainerView, MountView, PlacedContainer, PodView } from './pod-view.ts';
import type { Refusal } from './refusal.ts';

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: true;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

export interface LogMounts {
  /** Names of the empty volumes to add. */
  readonly newVolumes: readonly string[];
  /** What to mount into which container of the application. */
  readonly added: readonly { readonly placed: PlacedContainer; readonly mount: VolumeMount }[];
  readonly sidecarMounts: readonly VolumeMount[];
  /** As the sidecar sees them, each once. */
  readonly globs: readonly string[];
  /** Every volume that is read. */
  readonly volumes: readonly string[];
  readonly warnings: readonly string[];
}

/** The directory in the sidecar below which `/CONTAINER/PATH` is what the container has at /PATH. */
export const LOGS_ROOT = '/logs';
const VOLUME_PREFIX = 'vigie-logs-';
/** What the sidecar has in its environment, for subPathExpr. */
export const POD_ENVIRONMENT = ['POD_NAME', 'POD_NAMESPACE', 'POD_UID', 'NODE_NAME'];

interface Place {
  readonly container: string;
  readonly mount: MountView;
}

export function planLogMounts(
  pod: PodView,
  paths: readonly LogPath[],
  writers: readonly PlacedContainer[],
): LogMounts | { readonly refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const warnings: string[] = [];
  const newVolumes: string[] = [];
  const added: { placed: PlacedContainer; mount: VolumeMount }[] = [];
  const places = new Map<string, Place>();
  const globs = new Set<string>();
  const pathsOf = byContainer(paths);
  for (const placed of writers) {
    const { container } = placed;
    const own = pathsOf.get(container.name) ?? [];
    const mounts: MountView[] = [...(container.volumeMounts ?? [])];
    for (const directory of newDirectories(container, own)) {
      const problem = directoryProblem(directory);
      if (problem !== undefined) refusals.push({ reason: 'unusable_path', message: `${container.name}: ${problem}` });
      const name = `${VOLUME_PREFIX}${newVolumes.length}`;
      newVolumes.push(name);
      const mount = { name, mountPath: directory };
      added.push({ placed, mount });
      mounts.push(mount);
    }
    for (const path of own) {
      const mount = mountOf(mounts, path.directory);
      if (mount === undefined) continue;
      const place = placeOf(places, container, mount);
      globs.add(translated(path.glob, mount, place));
      if (unknownVariables(mount).length > 0) {
        const message = `${container.name}: the volume ${mount.name} has a subPathExpr with ${unknownVariables(mount).join(', ')}, which the sidecar does not have`;
        refusals.push({ reason: 'unusable_volume', message });
      }
      warnings.push(...unseen(container, path, mount, own));
    }
  }
  const names = new Set(newVolumes);
  if (pod.spec.volumes?.some(({ name }) => names.has(name)) === true) {
    const message = `the pod has a volume with one of the names ${newVolumes.join(', ')}, which injection needs`;
    refusals.push({ reason: 'volume_taken', message });
  }
  if (refusals.length > 0) return { refusals };
  const read = [...places.values()];
  const placesOf = byContainer(read);
  return {
    newVolumes,
    added,
    sidecarMounts: read.map((place) => sidecarMount(place, placesOf.get(place.container) ?? [])),
    globs: [...globs],
    volumes: [...new Set(read.map(({ mount }) => mount.name))],
    warnings: [...new Set(warnings)],
  };
}

function byContainer<T extends { readonly container: string }>(all: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const grouped = new Map<string, T[]>();
  for (const one of all) {
    const own = grouped.get(one.container);
    if (own === undefined) grouped.set(one.container, [one]);
    else own.push(one);
  }
  return grouped;
}

/** The outermost directories in which no volume is mounted. */
function newDirectories(container: ContainerView, paths: readonly LogPath[]): readonly string[] {
  const bare = paths
    .map(({ directory }) => directory)
    .filter((directory) => mountOf(container.volumeMounts ?? [], directory) === undefined);
  return [...new Set(bare)].filter(
    (directory) => !bare.some((outer) => outer !== directory && isWithin(directory, outer)),
  );
}

/** The innermost volume mount that has the directory. */
function mountOf(mounts: readonly MountView[], directory: string): MountView | undefined {
  const holding = mounts.filter(({ mountPath }) => isWithin(directory, normal(mountPath)));
  return holding.sort((a, b) => normal(b.mountPath).length - normal(a.mountPath).length)[0];
}

/** A volume that two containers share is read once, where the first one has it.
 *  @param places by volume and what of it is mounted */
function placeOf(places: Map<string, Place>, container: ContainerView, mount: MountView): Place {
  const key = JSON.stringify([mount.name, mount.subPath ?? '', mount.subPathExpr ?? '']);
  const known = places.get(key);
  if (known !== undefined) return known;
  const place = { container: container.name, mount };
  places.set(key, place);
  return place;
}

function translated(glob: string, mount: MountView, place: Place): string {
  const mountPath = normal(mount.mountPath);
  return pathInSidecar(place) + glob.slice(mountPath === '/' ? 0 : mountPath.length);
}

function pathInSidecar({ container, mount }: Place): string {
  const mountPath = normal(mount.mountPath);
  return `${LOGS_ROOT}/${container}${mountPath === '/' ? '' : mountPath}`;
}

/** Only to be read, unless another volume is mounted within: its directory is made in this one when the sidecar starts.
 *  @param places of the same container: what those of others have stands elsewhere */
function sidecarMount(place: Place, places: readonly Place[]): VolumeMount {
  const { mount } = place;
  const mountPath = pathInSidecar(place);
  const isOuter = places.some((other) => other !== place && isWithin(pathInSidecar(other), mountPath));
  return {
    name: mount.name,
    mountPath,
    ...(isOuter && mount.readOnly !== true ? {} : { readOnly: true }),
    ...(mount.subPath ? { subPath: mount.subPath } : {}),
    ...(mount.subPathExpr ? { subPathExpr: mount.subPathExpr } : {}),
  };
}

function unknownVariables({ subPathExpr }: MountView): readonly string[] {
  const used = Array.from((subPathExpr ?? '').matchAll(/\$\(([^)]*)\)/g), ([, name = '']) => name);
  return used.filter((name) => !POD_ENVIRONMENT.includes(name));
}

/** Volumes that a deep glob reaches into and the sidecar does not have: what they hold is not always for it. */
function unseen(container: ContainerView, path: LogPath, mount: MountView, own: readonly LogPath[]): readonly string[] {
  if (!path.isDeep) return [];
  const mounts = container.volumeMounts ?? [];
  return mounts
    .filter((inner) => inner !== mount && normal(inner.mountPath) !== path.directory)
    .filter((inner) => isWithin(normal(inner.mountPath), path.directory))
    .filter((inner) => !own.some(({ directory }) => mountOf(mounts, directory) === inner))
    .map(
      (inner) =>
        `${container.name}: ${path.glob} does not reach the volume ${inner.name} at ${inner.mountPath}: name a glob in it where its files are logs`,
    );
}

function normal(mountPath: string): string {
  const segments = mountPath.split('/').filter((segment) => segment !== '' && segment !== '.');
  return `/${segments.join('/')}`;
}
