/** Writes every sample to one server, scrape after scrape, as fast as it takes them. */
import { progress } from '../harness/context.ts';
import { type ClusterSeries, ClusterValues } from './cluster-series.ts';
import { send } from './http.ts';
import { WriteBodies } from './write-bodies.ts';

export interface Load {
  readonly series: readonly ClusterSeries[];
  readonly scrapes: number;
  readonly startMs: number;
  readonly intervalMs: number;
}

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};
/** One is in the making while the other is taken, so that the server never waits. */
const AT_ONCE = 2;
const PROGRESS_SCRAPES = 40;

/** @returns the number of samples, each of which the server has acknowledged
 *  @throws {Error} with its answer, when it refuses one */
export async function ingest(url: string, { series, scrapes, startMs, intervalMs }: Load): Promise<number> {
  const bodies = new WriteBodies(series);
  const cluster = new ClusterValues(series);
  const timeOf = (scrape: number) => (target: number) => startMs + scrape * intervalMs - offsetMs(target, intervalMs);
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const underway = new Set<Promise<void>>();
    for (const body of bodies.at(cluster.advance(), timeOf(scrape))) {
      const sent = write(url, body).finally(() => underway.delete(sent));
      underway.add(sent);
      if (underway.size >= AT_ONCE) await Promise.race(underway);
    }
    // Samples of one series must not overtake each other.
    await Promise.all(underway);
    if (scrape % PROGRESS_SCRAPES === PROGRESS_SCRAPES - 1) progress(`${scrape + 1} of ${scrapes} scrapes written`);
  }
  return series.length * scrapes;
}

/** Spread over the interval, before its end. */
export function offsetMs(target: number, intervalMs: number): number {
  return ((target * 2_654_435_761) >>> 0) % intervalMs;
}

/** @throws {Error} with the server's answer, when it refuses them */
export async function write(url: string, body: Buffer): Promise<void> {
  const { status, body: answer } = await send(url, 'POST', HEADERS, body);
  if (status < 200 || status > 299) throw new Error(`${url}: ${status} ${answer.toString().slice(0, 500)}`);
}
