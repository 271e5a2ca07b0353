import { writeFile } from 'node:fs/promises';
import * as http2 from 'node:http2';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { Authority } from '../metrics-api/authority.ts';
import { tempFolder } from '../temp-folder.ts';
import { probeBed } from './bed.ts';
import { type Asked, health, startHttp2 } from './grpc-server.ts';

const MODULES = `
it: { prober: grpc }
shop: { prober: grpc, grpc: { service: shop } }
other: { prober: grpc, grpc: { service: other } }
none: { prober: grpc, grpc: { service: none } }`;

describe('grpc', () => {
  it('asks a server for its health, and for that of a service', async () => {
    const asked: Asked[] = [];
    const port = await startHttp2(http2.createServer().on('stream', health({ '': 1, shop: 2, other: 0 }, asked)));
    const { probe } = await probeBed(MODULES);
    const serving = await probe(`127.0.0.1:${port}`);
    expect(serving.isSuccess, serving.log).toBe(true);
    expect(serving.metrics).toMatchObject({
      probe_grpc_status_code: 0,
      probe_grpc_ssl: 0,
      'probe_grpc_healthcheck_response{serving_status="SERVING"}': 1,
      'probe_grpc_healthcheck_response{serving_status="NOT_SERVING"}': 0,
      'probe_grpc_healthcheck_response{serving_status="SERVICE_UNKNOWN"}': 0,
      'probe_grpc_healthcheck_response{serving_status="UNKNOWN"}': 0,
      probe_ssl_earliest_cert_expiry: 0,
    });
    for (const phase of ['resolve', 'check'])
      expect(serving.metrics).toHaveProperty([`probe_grpc_duration_seconds{phase="${phase}"}`]);
    const notServing = await probe(`127.0.0.1:${port}`, 'shop');
    expect(notServing).toMatchObject({
      isSuccess: false,
      metrics: { 'probe_grpc_healthcheck_response{serving_status="NOT_SERVING"}': 1, probe_grpc_status_code: 0 },
    });
    expect((await probe(`127.0.0.1:${port}`, 'other')).metrics).toMatchObject({
      'probe_grpc_healthcheck_response{serving_status="UNKNOWN"}': 1,
    });
    expect((await probe(`127.0.0.1:${port}`, 'none')).metrics).toMatchObject({
      probe_grpc_status_code: 5,
      'probe_grpc_healthcheck_response{serving_status="SERVING"}': 0,
    });
    expect(asked).toEqual(
      ['', 'shop', 'other', 'none'].map((service) => ({ path: '/grpc.health.v1.Health/Check', service })),
    );
  });

  it('asks over TLS', async () => {
    const authority = await Authority.create('test-ca');
    const hosts = { dns: ['localhost'], ip: [] };
    const { cert, key } = await authority.issue({ subject: 'CN=health', use: 'server', hosts });
    const caFile = join(await tempFolder(), 'ca.pem');
    await writeFile(caFile, authority.cert);
    const port = await startHttp2(http2.createSecureServer({ cert, key }).on('stream', health({ '': 1 })));
    const { probe } = await probeBed(`
it: { prober: grpc, grpc: { tls: true, tls_config: { ca_file: ${caFile} } } }
unknown: { prober: grpc, grpc: { tls: true } }`);
    const { isSuccess, metrics, log } = await probe(`localhost:${port}`);
    expect(isSuccess, log).toBe(true);
    expect(metrics).toMatchObject({ probe_grpc_ssl: 1, 'probe_tls_version_info{version="TLS 1.3"}': 1 });
    expect(metrics.probe_ssl_earliest_cert_expiry).toBeGreaterThan(Date.now() / 1000);
    expect(await probe(`localhost:${port}`, 'unknown')).toMatchObject({
      isSuccess: false,
      metrics: { probe_grpc_status_code: 14, probe_grpc_ssl: 0 },
    });
  });

  it.each([
    [503, 14],
    [404, 12],
    [403, 7],
    [401, 16],
    [400, 13],
    [500, 2],
  ])('reads an answer of HTTP %s as gRPC clients do: %s', async (status, code) => {
    const server = http2
      .createServer()
      .on('stream', (stream) => stream.respond({ ':status': status }, { endStream: true }));
    const port = await startHttp2(server);
    const { probe } = await probeBed(MODULES);
    expect((await probe(`127.0.0.1:${port}`)).metrics.probe_grpc_status_code).toBe(code);
  });

  it('is unavailable where nobody listens, and too late when its time is up', async () => {
    const { probe } = await probeBed(MODULES);
    expect((await probe('127.0.0.1:1')).metrics).toMatchObject({ probe_grpc_status_code: 14, probe_success: 0 });
    const clock = new FakeClock();
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const port = await startHttp2(http2.createServer().on('stream', () => isAsked()));
    const bed = await probeBed('it: { prober: grpc, timeout: 2s }', { clock });
    const probing = bed.probe(`127.0.0.1:${port}`);
    await asked;
    await clock.advance(2_000);
    expect(await probing).toMatchObject({ isSuccess: false, metrics: { probe_duration_seconds: 2 } });
  });
});
