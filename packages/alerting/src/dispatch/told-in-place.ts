/** What fallback receivers were told in the place of another: fingerprints of alerts whose end they have not heard of, by the ids of their
 *  integrations. Pure. */

export type ToldInPlace = ReadonlyMap<string, ReadonlySet<string>>;

/** What has been told, by fingerprints. */
interface Told {
  readonly firing: Iterable<string>;
  readonly resolved: Iterable<string>;
}

export const TO_NOBODY: ToldInPlace = new Map();

/** After some have been told more.
 *  @param integrations their ids */
export function afterTelling(before: ToldInPlace, integrations: readonly string[], told: Told): ToldInPlace {
  if (integrations.length === 0) return before;
  const after = new Map(before);
  for (const id of integrations) {
    const owed = new Set([...(before.get(id) ?? []), ...told.firing]);
    for (const fingerprint of told.resolved) owed.delete(fingerprint);
    if (owed.size > 0) after.set(id, owed);
    else after.delete(id);
  }
  return after;
}

/** Whether one of them is still to be told that the alert is over.
 *  @param integrations their ids */
export function isOwedInPlace(told: ToldInPlace, fingerprint: string, integrations: readonly string[]): boolean {
  return integrations.some((id) => told.get(id)?.has(fingerprint) === true);
}
