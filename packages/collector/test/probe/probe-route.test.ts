import { systemClock } from '@vigie/core/clock';
import { formatHostPort } from '@vigie/core/host-port';
import { HttpListener } from '@vigie/core/http-server/listener';
import { createLog } from '@vigie/core/log';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probePage, probeRoute } from '../../src/probe/probe-route.ts';
import type { Probes } from '../../src/probe/probes.ts';
import { serve } from '../server.ts';
import { type ProbeBed, probeBed, valuesOf } from './bed.ts';

const log = createLog('info', { write: () => undefined });

async function listen({ probes }: ProbeBed, host = '127.0.0.1'): Promise<string> {
  const address = { host, port: 0 };
  const listener = new HttpListener({ name: 'http', address, auth: { type: 'none' } }, [probeRoute(probes)], {
    clock: systemClock,
    log,
    print: () => undefined,
  });
  await listener.start();
  onTestFinished(() => listener.close({ graceMs: 0 }));
  return `http://${formatHostPort({ ...listener.address, host: '127.0.0.1' })}`;
}

const hello = () => serve((_incoming, outgoing) => outgoing.end('hello'));

describe('GET /probe', () => {
  it('answers what a probe finds out, as blackbox_exporter does', async () => {
    const target = await hello();
    const url = await listen(await probeBed('it: { prober: http }'));
    const answer = await fetch(`${url}/probe?module=it&target=${target.address}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const page = await answer.text();
    expect(valuesOf(page)).toMatchObject({ probe_success: 1, probe_http_status_code: 200 });
    expect(page).toMatch(
      /^# HELP probe_dns_lookup_time_seconds Returns the time taken for probe dns lookup in seconds\n# TYPE probe_dns_lookup_time_seconds gauge\nprobe_dns_lookup_time_seconds /,
    );
  });

  it('shows with debug=true what happened, and of the module everything but its secrets', async () => {
    const target = await hello();
    const url = await listen(
      await probeBed(`
it:
  prober: http
  http:
    basic_auth: { username: hidden-user, password: hidden-password }
    headers: { X-Token: hidden-header }
    body: hidden-body
    proxy_url: http://hidden-proxy:hidden-word@${target.address}
    fail_if_body_matches_regexp: ['^never$']`),
    );
    const page = await (await fetch(`${url}/probe?module=it&debug=true&target=${target.address}`)).text();
    expect(page).toMatch(/^Logs for the probe:\nts=\S+ level=info msg="Beginning probe" target=127/);
    expect(page).toContain('msg="Probe succeeded"');
    expect(page).toContain('\n\n\nMetrics that would have been returned:\n# HELP');
    expect(page).toContain('\n\n\nModule configuration:\nprober: http\n');
    expect(page).toContain('^never$');
    expect(page).not.toContain('hidden');
  });

  it.each([
    ['target=a&module=none', {}, 400],
    ['module=it', {}, 400],
    ['target=a&module=ping', {}, 501],
    ['target=a&module=it', { 'x-prometheus-scrape-timeout-seconds': 'soon' }, 400],
    ['target=a&module=it', { 'x-prometheus-scrape-timeout-seconds': '-1' }, 400],
  ])('refuses %s %o with %s', async (query, headers, status) => {
    const url = await listen(await probeBed('it: { prober: http }\nping: { prober: icmp }'));
    expect((await fetch(`${url}/probe?${query}`, { headers })).status).toBe(status);
  });

  it('is not for everybody: beyond loopback and without auth nobody probes from here', async () => {
    const target = await hello();
    const url = await listen(await probeBed('it: { prober: http }'), '0.0.0.0');
    const answer = await fetch(`${url}/probe?module=it&target=${target.address}`);
    expect(answer.status).toBe(403);
    expect(target.requests).toEqual([]);
  });

  it('ends with whoever asked', async () => {
    let isAsked = (): void => undefined;
    let isClosed = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const target = await serve((incoming) => {
      isAsked();
      incoming.once('close', isClosed);
    });
    const url = await listen(await probeBed('it: { prober: http }'));
    const leaving = new AbortController();
    const asking = fetch(`${url}/probe?module=it&target=${target.address}`, { signal: leaving.signal });
    await asked;
    leaving.abort();
    await expect(asking).rejects.toThrow('abort');
    await closed;
  });
});

describe('a page of this process', () => {
  const scrape = { timeoutMs: 5_000, signal: new AbortController().signal };
  const listener = () => ({ host: '0.0.0.0', port: 9090 });

  it.each([
    ['http://probe/probe?module=it&target=TARGET'],
    ['http://127.0.0.1:9090/probe?module=it&target=TARGET'],
    ['http://localhost:9090/probe?module=it&target=TARGET'],
  ])('is that of %s', async (url) => {
    const target = await hello();
    const { probes } = await probeBed('it: { prober: http }');
    const page = await probePage(probes, url.replace('TARGET', encodeURIComponent(target.url)), listener)?.(scrape);
    expect(page?.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(valuesOf(page?.body ?? '')).toMatchObject({ probe_success: 1 });
  });

  it.each([
    'http://127.0.0.1:9115/probe?target=a',
    'http://10.0.0.1:9090/probe?target=a',
    'https://probe/probe?target=a',
    'http://probe/metrics',
    'http://other/probe?target=http://probe/probe?',
  ])('is not that of %s', async (url) => {
    const probes: Pick<Probes, 'probe'> = { probe: () => Promise.reject(new Error('nobody probes')) };
    expect(probePage(probes, url, listener)).toBeUndefined();
  });

  it('says what is wrong with a request', async () => {
    const { probes } = await probeBed('it: { prober: http }');
    await expect(probePage(probes, 'http://probe/probe?module=no&target=a', listener)?.(scrape)).rejects.toThrow(
      'Unknown module "no"',
    );
  });
});
