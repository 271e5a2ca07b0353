/** `GET /probe?target=…&module=…`, as blackbox_exporter answers it, and the same without a request for jobs that lead to this process. */
import { type HostPort, isLoopback } from '@vigie/core/host-port';
import { HttpError, type HttpReply, textReply } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { Page } from '../scrape/fetch-exposition.ts';
import { moduleText } from './module-text.ts';
import { ProbeError, type ProbeRefusal } from './probe-error.ts';
import type { ProbeRequest, ProbeResult, Probes } from './probes.ts';

/** Answered within the process: nothing listens under this name. */
const PROBE_HOST = 'probe';
const PROBE_PATH = '/probe';
const OWN_URL = /^http:\/\/[^/?#]+\/probe\?/;
const EVERY_ADDRESS = new Set(['', '0.0.0.0', '::']);
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** More than any scrape may take. */
const MAX_SCRAPE_TIMEOUT_SECONDS = 86_400;

const STATUSES: Readonly<Record<ProbeRefusal, number>> = {
  no_modules: 404,
  unknown_module: 400,
  no_target: 400,
  icmp: 501,
  host_header: 400,
  busy: 503,
};

export function probeRoute(probes: Pick<Probes, 'probe'>): Route {
  return {
    methods: ['GET'],
    path: PROBE_PATH,
    handler: async ({ query, headers, signal }) => {
      const timeout = headers['x-prometheus-scrape-timeout-seconds'];
      const request = requestOf(query, timeoutMsOf(typeof timeout === 'string' ? timeout : ''));
      try {
        const result = await probes.probe(request, signal);
        return query.get('debug') === 'true' ? debugReply(result) : textOf(result);
      } catch (error) {
        if (error instanceof ProbeError) throw new HttpError(STATUSES[error.refusal], error.message);
        throw error;
      }
    },
  };
}

/** @param listener of this process, which jobs may name as the exporter
 *  @returns undefined where the URL leads elsewhere */
export function probePage(probes: Pick<Probes, 'probe'>, url: string, listener: () => HostPort): Page | undefined {
  if (!OWN_URL.test(url) || !URL.canParse(url)) return undefined;
  const { host, hostname, port, searchParams } = new URL(url);
  if (host !== PROBE_HOST && !leadsTo(listener(), hostname.replace(/^\[|\]$/g, ''), port)) return undefined;
  return async ({ timeoutMs, signal }) => {
    const { text } = await probes.probe(requestOf(searchParams, timeoutMs), signal);
    return { body: text, contentType: CONTENT_TYPE };
  };
}

function leadsTo(listener: HostPort, host: string, port: string): boolean {
  if (Number(port || 80) !== listener.port) return false;
  return (
    host === listener.host || (isLoopback(host) && (EVERY_ADDRESS.has(listener.host) || isLoopback(listener.host)))
  );
}

function requestOf(query: URLSearchParams, scrapeTimeoutMs: number | undefined): ProbeRequest {
  return {
    target: query.get('target') ?? '',
    module: query.get('module') ?? '',
    hostname: query.get('hostname') ?? '',
    scrapeTimeoutMs,
  };
}

/** @throws {HttpError} 400 */
function timeoutMsOf(written: string): number | undefined {
  if (written === '') return undefined;
  const seconds = Number(written);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > MAX_SCRAPE_TIMEOUT_SECONDS)
    throw new HttpError(400, `X-Prometheus-Scrape-Timeout-Seconds: expected seconds, got ${written}`);
  return seconds * 1000;
}

function textOf({ text }: ProbeResult): HttpReply {
  return { headers: { 'content-type': CONTENT_TYPE }, body: text };
}

function debugReply({ log, text, module }: ProbeResult): HttpReply {
  return textReply(
    `Logs for the probe:\n${log}\n\n\nMetrics that would have been returned:\n${text}\n\n\nModule configuration:\n${moduleText(module)}`,
  );
}
