import { FakeClock } from '@vigie/core/fake-clock';
import { Telemetry } from '@vigie/core/telemetry';
import { describe, expect, it } from 'vitest';
import { PROBE_TELEMETRY, reportProbes } from '../../src/probe/telemetry.ts';
import { serve } from '../server.ts';
import { probeBed } from './bed.ts';

const OF_NOBODY = new AbortController().signal;

/** A server that keeps everybody waiting, and tells when it is asked. */
async function hangingServer() {
  const waiting: (() => void)[] = [];
  let count = 0;
  const server = await serve(() => {
    count++;
    for (const wake of waiting.splice(0)) wake();
  });
  const asked = async (times: number): Promise<void> => {
    while (count < times) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { target: server.address, asked };
}

describe('probes', () => {
  it.each([
    ['that of the module', 'timeout: 3s', 10_000, 3_000],
    ['what the scrape leaves, where that is less', 'timeout: 30s', 10_000, 9_500],
    ['what the scrape leaves', '', 10_000, 9_500],
    ['two minutes, where nobody says', '', undefined, 119_500],
    ['that of the module, where the scrape leaves nothing', 'timeout: 3s', 200, 3_000],
  ])('end after their time: %s', async (_what, timeout, scrapeTimeoutMs, expectedMs) => {
    const clock = new FakeClock();
    const { target, asked } = await hangingServer();
    const { probes } = await probeBed(`it: { prober: http${timeout && `, ${timeout}`} }`, { clock });
    const probing = probes.probe({ target, module: 'it', hostname: '', scrapeTimeoutMs }, OF_NOBODY);
    await asked(1);
    await clock.advance(expectedMs);
    const { text } = await probing;
    expect(text).toContain(`\nprobe_duration_seconds ${expectedMs / 1000}\n`);
  });

  it('are refused beyond as many as may be done at a time, and counted', async () => {
    const { target, asked } = await hangingServer();
    const { probes } = await probeBed('it: { prober: http }\ntcp: { prober: tcp }', { maxConcurrent: 3 });
    const ending = new AbortController();
    const request = { target, module: 'it', hostname: '', scrapeTimeoutMs: undefined };
    const all = Array.from({ length: 3 }, () => probes.probe(request, ending.signal).catch((error: unknown) => error));
    expect(probes.inFlight).toBe(3);
    await expect(probes.probe(request, OF_NOBODY)).rejects.toMatchObject({ code: 'PROBE_REFUSED', refusal: 'busy' });
    await asked(1);
    ending.abort(new Error('gone'));
    expect(new Set((await Promise.all(all)).map(String))).toEqual(new Set(['Error: gone']));
    expect(probes.inFlight).toBe(0);
    await probes.probe({ ...request, module: 'tcp' }, OF_NOBODY);
    expect([...probes.counts]).toEqual([['tcp', { succeeded: 1, failed: 0 }]]);
    expect([...probes.refusals]).toEqual([['busy', 1]]);
    const telemetry = new Telemetry(PROBE_TELEMETRY);
    telemetry.collect((report) => reportProbes(probes, report));
    const { body } = await telemetry.expose();
    expect(body).toContain('vigie_collector_probes_total{prober="tcp",result="success"} 1\n');
    expect(body).toContain('vigie_collector_probes_refused_total{reason="busy"} 1\n');
    expect(body).toContain('vigie_collector_probe_modules 2\n');
  });

  it.each([
    ['a module that there is not', { module: 'none' }, 'unknown_module', 'Unknown module "none"'],
    ['no module, where there is no http_2xx', { module: '' }, 'unknown_module', 'Unknown module "http_2xx"'],
    ['no target', { target: '' }, 'no_target', 'Target parameter is missing'],
    ['ICMP', { module: 'ping' }, 'icmp', 'needs raw sockets'],
    ['another host than the module has', { hostname: 'b' }, 'host_header', 'host header defined both'],
  ])('are refused with %s', async (_what, parts, refusal, message) => {
    const { probes } = await probeBed('it: { prober: http, http: { headers: { Host: a } } }\nping: { prober: icmp }');
    const request = { target: '127.0.0.1:1', module: 'it', hostname: '', scrapeTimeoutMs: undefined, ...parts };
    await expect(probes.probe(request, OF_NOBODY)).rejects.toMatchObject({
      refusal,
      message: expect.stringContaining(message),
    });
  });

  it('ask for the host that the request names', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.end());
    const { probes } = await probeBed('it: { prober: http }');
    const request = { target: server.url, module: 'it', hostname: 'shop.example', scrapeTimeoutMs: undefined };
    expect((await probes.probe(request, OF_NOBODY)).isSuccess).toBe(true);
    expect(server.requests[0]?.headers.host).toBe('shop.example');
  });

  it('are done by the modules of a new configuration from then on', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.writeHead(404).end());
    const bed = await probeBed('it: { prober: http }');
    expect((await bed.probe(server.url)).isSuccess).toBe(false);
    const other = await probeBed('it: { prober: http, http: { valid_status_codes: [404] } }');
    const options = { modules: new Map<string, never>(), maxConcurrent: 1, timeoutOffsetMs: 0 };
    bed.probes.apply(options);
    await expect(bed.probe(server.url)).rejects.toMatchObject({ refusal: 'unknown_module' });
    bed.probes.apply(undefined);
    await expect(bed.probe(server.url)).rejects.toMatchObject({ refusal: 'no_modules' });
    expect((await other.probe(server.url)).isSuccess).toBe(true);
  });
});
