/** What the history knows of alerts and silences at the time of an event, of which the event itself has the id alone. */
import type { AlertEvent, HistoryEvent, SilenceEvent } from './history-event.ts';

interface KnownSilence extends Pick<SilenceEvent, 'matchers' | 'by' | 'annotations' | 'startsAtMs' | 'endsAtMs'> {
  /** undefined where it was ended, and the history has no more of it. */
  readonly comment: string | undefined;
  readonly updatedAtMs: number;
}

export class KnownThings {
  /** As of their last event, by fingerprint. */
  readonly #alerts = new Map<string, AlertEvent>();
  /** By their ids. */
  readonly #silences = new Map<string, KnownSilence>();

  /** @param event behind all that were noted before */
  note(event: HistoryEvent): void {
    if ('silence' in event) this.#noteSilence(event);
    else if ('annotations' in event) this.#alerts.set(event.fingerprint, event);
  }

  /** undefined: the history has forgotten it. */
  alert(fingerprint: string): AlertEvent | undefined {
    return this.#alerts.get(fingerprint);
  }

  /** undefined: the history has forgotten it. */
  silence(id: string): KnownSilence | undefined {
    return this.#silences.get(id);
  }

  #noteSilence(event: SilenceEvent): void {
    const { kind, silence, matchers, by, cause, annotations, startsAtMs, endsAtMs, timeMs: updatedAtMs } = event;
    // Of one that was ended, the cause is why.
    const comment = kind === 'silenced' ? cause : this.#silences.get(silence)?.comment;
    this.#silences.set(silence, { matchers, by, annotations, startsAtMs, endsAtMs, comment, updatedAtMs });
  }
}
