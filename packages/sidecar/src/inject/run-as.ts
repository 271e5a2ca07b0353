/** Which user the sidecar runs as: one that can read what the application writes, and never root. */
import type { PlacedContainer, PodView } from './pod-view.ts';

export interface RunAs {
  readonly user: number;
  /** Undefined: what the runtime makes of the user. */
  readonly group: number | undefined;
}

/** `nobody`, as in the image: with the pod's fsGroup it reads what the group may read. */
const NOBODY = 65_534;

/** @param asked by annotation
 *  @param writers the containers whose logs are read
 *  @param fsGroupApplies whether every volume with logs gets the pod's fsGroup
 *  @returns the user, or what to do so that there is one */
export function runAsOf(
  pod: PodView,
  writers: readonly PlacedContainer[],
  asked: number | undefined,
  fsGroupApplies: boolean,
): RunAs | { readonly problem: string } {
  const shared = pod.spec.securityContext;
  const users = new Set(writers.map(({ container }) => container.securityContext?.runAsUser ?? shared?.runAsUser));
  const groups = new Set(writers.map(({ container }) => container.securityContext?.runAsGroup ?? shared?.runAsGroup));
  const [group] = groups.size === 1 ? groups : [undefined];
  if (asked !== undefined) return { user: asked, group: group ?? undefined };
  const [user] = users;
  if (users.size === 1 && typeof user === 'number' && user !== 0) return { user, group: group ?? undefined };
  // A directory with the fsGroup hands that group on to the files in it, and their default mode lets the group read.
  const fsGroup = shared?.fsGroup;
  if (typeof fsGroup === 'number' && fsGroupApplies)
    return { user: NOBODY, group: fsGroup === 0 ? undefined : fsGroup };
  const names = writers.map(({ container }) => container.name).join(' and ');
  const found =
    users.size > 1
      ? `${names} run as different users`
      : user === 0
        ? `${names} runs as root`
        : `the user that ${names} runs as is the image's, and not known here`;
  return {
    problem: `${found}, so its files may be unreadable: set securityContext.runAsUser to what the application runs as (not 0), or the pod's fsGroup, or vigie.io/run-as-user to a user who can read them`,
  };
}
