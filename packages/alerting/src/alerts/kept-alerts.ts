/** Which alerts have to be written to the disk when they come. One that only goes on, as each does a minute after it came last, is there
 *  already: it is written again when the end that the disk has for it comes near. */
import type { PostedAlert } from './posted-alert.ts';

/** What is on the disk fires for this long at least; after a restart those that do are held until they can have come again. */
const AHEAD_MS = 2 * 60_000;

export class KeptAlerts {
  /** When those on the disk end there, Unix ms, by their fingerprints. */
  readonly #endsMs = new Map<string, number>();

  /** @param changed of the alerts, those that have to be written in any case
   *  @returns those to write, which count as written from now on */
  take(alerts: readonly PostedAlert[], changed: readonly PostedAlert[], nowMs: number): readonly PostedAlert[] {
    const wanted = new Set(changed);
    const written = alerts.filter(
      (alert) => wanted.has(alert) || !((this.#endsMs.get(alert.fingerprint) ?? 0) >= nowMs + AHEAD_MS),
    );
    for (const { fingerprint, endsAtMs } of written)
      this.#endsMs.set(fingerprint, endsAtMs ?? Number.POSITIVE_INFINITY);
    return written;
  }

  /** Of alerts that are no more. */
  retain(isThere: (fingerprint: string) => boolean): void {
    for (const fingerprint of this.#endsMs.keys()) if (!isThere(fingerprint)) this.#endsMs.delete(fingerprint);
  }

  /** Nobody knows what the disk has. */
  forgetAll(): void {
    this.#endsMs.clear();
  }
}
