/** Which of the alerts that come are news to the other replicas. Whoever tells of an alert does so each minute, and changes nothing but its
 *  end: of that they hear before the end that they know of comes near. Pure. */
import type { PostedAlert } from '../alerts/posted-alert.ts';
import { isResolved } from '../dispatch/alert.ts';

/** Prometheus gives an alert four minutes at a time. Beyond the reach of a pause of the API server, below the half of them. */
export const REFRESH_BEFORE_MS = 100_000;

type Known = Pick<PostedAlert, 'startsAtMs' | 'endsAtMs'>;

export class AlertTransitions {
  /** What the others know, by fingerprint. */
  readonly #known = new Map<string, Known>();
  /** What came since, and is no news. */
  readonly #later = new Map<string, PostedAlert>();

  /** @returns whether the others are to hear of it now */
  isNews(alert: PostedAlert, nowMs: number): boolean {
    const known = this.#known.get(alert.fingerprint);
    if (known !== undefined && !isTransition(known, alert, nowMs)) {
      this.#later.set(alert.fingerprint, alert);
      return false;
    }
    this.note(alert);
    return true;
  }

  /** The others know it: they are told, or have told it. */
  note({ fingerprint, startsAtMs, endsAtMs }: PostedAlert): void {
    this.#known.set(fingerprint, { startsAtMs, endsAtMs });
    this.#later.delete(fingerprint);
  }

  /** @returns those of which the others have to hear again, lest they take them for over */
  takeDue(nowMs: number): readonly PostedAlert[] {
    const due: PostedAlert[] = [];
    for (const alert of this.#later.values()) {
      const endsAtMs = this.#known.get(alert.fingerprint)?.endsAtMs;
      if (endsAtMs === undefined || endsAtMs - nowMs > REFRESH_BEFORE_MS || isResolved(alert, nowMs)) continue;
      due.push(alert);
    }
    for (const alert of due) this.note(alert);
    return due;
  }

  /** Forgets those that are no more. */
  retain(fingerprints: ReadonlySet<string>): void {
    for (const known of [this.#known, this.#later])
      for (const fingerprint of known.keys()) if (!fingerprints.has(fingerprint)) known.delete(fingerprint);
  }
}

function isTransition(known: Known, alert: PostedAlert, nowMs: number): boolean {
  if (known.startsAtMs !== alert.startsAtMs) return true;
  const [was, is] = [known, alert].map(({ endsAtMs }) => endsAtMs !== undefined && endsAtMs <= nowMs);
  return was !== is || (known.endsAtMs === undefined) !== (alert.endsAtMs === undefined);
}
