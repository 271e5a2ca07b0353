/** What an answer to a write request means for what was sent. Source: Prometheus Remote-Write specifications 1.0 and 2.0, retries and
 *  required headers; prometheus v0.315.0, storage/remote/client.go. Pure. */
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import type { ItemCounts } from './batch.ts';
import type { WriteAnswer, WriteFailure } from './write-client.ts';

export type Verdict =
  /** `written`: what the receiver says; undefined where it says nothing, as those of 1.0 do. */
  | { readonly status: 'written'; readonly written: ItemCounts | undefined }
  /** `afterMs`: as the receiver asks. `isAmbiguous`: it may have what was sent. */
  | {
      readonly status: 'retry';
      readonly afterMs: number | undefined;
      readonly isAmbiguous: boolean;
      readonly detail: string;
    }
  /** The receiver does not know this protocol. */
  | { readonly status: 'unsupported'; readonly detail: string }
  | {
      readonly status: 'refused';
      readonly httpStatus: number;
      readonly written: ItemCounts | undefined;
      readonly detail: string;
    };

/** @param expected what was sent */
export function verdictOf(
  answer: WriteAnswer | WriteFailure,
  version: RemoteWriteVersion,
  expected: ItemCounts,
  retryOnHttp429: boolean,
  nowMs: number,
): Verdict {
  if (answer.status === 'failed')
    return { status: 'retry', afterMs: undefined, isAmbiguous: true, detail: answer.detail };
  const { httpStatus, headers, text } = answer;
  // A 1.0 receiver may say 0 for what it has not counted.
  const written = version === '2.0' ? writtenOf(headers) : undefined;
  const detail = `${httpStatus}${text === '' ? '' : `: ${text}`}`;
  if (httpStatus >= 200 && httpStatus < 300) {
    const sent = expected.samples + expected.histograms + expected.exemplars;
    if (version === '2.0' && written === undefined && sent > 0)
      return {
        status: 'unsupported',
        detail: `${detail}, without saying what was written: it does not know protocol 2.0`,
      };
    return { status: 'written', written };
  }
  if (httpStatus >= 500 || (httpStatus === 429 && retryOnHttp429))
    return { status: 'retry', afterMs: retryAfterMs(headers['retry-after'], nowMs), isAmbiguous: false, detail };
  if (httpStatus === 415 && version === '2.0') return { status: 'unsupported', detail };
  return { status: 'refused', httpStatus, written, detail };
}

function writtenOf(headers: WriteAnswer['headers']): ItemCounts | undefined {
  const read = (kind: string): number | undefined => {
    const text = headers[`x-prometheus-remote-write-${kind}-written`];
    return text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : 0;
  };
  const [samples, histograms, exemplars] = [read('samples'), read('histograms'), read('exemplars')];
  if (samples === undefined && histograms === undefined && exemplars === undefined) return undefined;
  return { samples: samples ?? 0, histograms: histograms ?? 0, exemplars: exemplars ?? 0 };
}

/** Seconds, or a date. */
function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return ms > 0 ? ms : undefined;
}
