import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority, type Issued } from '../metrics-api/authority.ts';
import { tempFolder } from '../temp-folder.ts';
import { probeBed } from './bed.ts';
import { listen, mailServer } from './line-servers.ts';

async function certificate(): Promise<Issued & { readonly caFile: string }> {
  const authority = await Authority.create('test-ca');
  const hosts = { dns: ['localhost'], ip: ['127.0.0.1'] };
  const issued = await authority.issue({ subject: 'CN=mail', use: 'server', hosts });
  const caFile = join(await tempFolder(), 'ca.pem');
  await writeFile(caFile, authority.cert);
  return { ...issued, caFile };
}

const SMTP = `
    - expect: '^220 ([^ ]+) ESMTP'
      labels: [{ name: host, value: '\${1}' }]
    - send: EHLO prober
    - expect: '^250-(?P<host>[a-z.]+)'
      send: 'HELO $host'
    - expect: '^220'
      starttls: true
    - send: EHLO prober
    - expect: '^250 over TLS EHLO'`;

describe('tcp', () => {
  it('connects', async () => {
    const port = await listen(() => undefined);
    const { probe } = await probeBed('it: { prober: tcp }');
    const { isSuccess, metrics } = await probe(`127.0.0.1:${port}`);
    expect(isSuccess).toBe(true);
    expect(metrics).toMatchObject({ probe_success: 1, probe_ip_protocol: 4, probe_failed_due_to_regex: 0 });
  });

  it('has a dialogue that becomes one over TLS, and tells of the certificate', async () => {
    const issued = await certificate();
    const port = await listen(mailServer(issued));
    const { probe } = await probeBed(
      `it:\n  prober: tcp\n  tcp:\n    tls_config: { ca_file: ${issued.caFile} }\n    query_response:${SMTP}`,
    );
    const { isSuccess, metrics, log } = await probe(`localhost:${port}`);
    expect(isSuccess, log).toBe(true);
    expect(metrics).toMatchObject({
      'probe_expect_info{host="mail.example"}': 1,
      'probe_tls_version_info{version="TLS 1.3"}': 1,
    });
    expect(metrics.probe_ssl_earliest_cert_expiry).toBeGreaterThan(Date.now() / 1000);
    expect(log).toContain('go ahead after HELO mail.example');
  });

  it('fails by a line that never comes', async () => {
    const port = await listen((socket) => socket.end('something\nelse'));
    const { probe } = await probeBed("it: { prober: tcp, tcp: { query_response: [{ expect: '^SSH-' }] } }");
    const { isSuccess, metrics, log } = await probe(`127.0.0.1:${port}`);
    expect(isSuccess).toBe(false);
    expect(metrics.probe_failed_due_to_regex).toBe(1);
    expect(log).toMatch(/line=something\n[\s\S]*line=else\n[\s\S]*Regexp did not match/);
  });

  it.each([
    ['as they should be', ['RFB ', '003.008\nmore\n'], true, 0],
    ['others', ['RFB 004.000\n'], false, 1],
    ['too few', ['RFB'], false, 0],
  ])('looks at bytes that are %s', async (_what, chunks, isSuccess, failedDueToBytes) => {
    const port = await listen((socket) => {
      for (const chunk of chunks) socket.write(chunk);
      socket.end();
    });
    const { probe } = await probeBed(
      'it: { prober: tcp, tcp: { query_response: [{ expect_bytes: "RFB 003.008\\n" }, { expect: ^more$ }] } }',
    );
    const outcome = await probe(`127.0.0.1:${port}`);
    expect(outcome.isSuccess, outcome.log).toBe(isSuccess);
    expect(outcome.metrics.probe_failed_due_to_bytes).toBe(failedDueToBytes);
  });

  it('reads no line without an end', async () => {
    const port = await listen((socket) => socket.write(Buffer.alloc(200_000, 'a')));
    const { probe } = await probeBed('it: { prober: tcp, tcp: { query_response: [{ expect: b }] } }');
    const { isSuccess, log } = await probe(`127.0.0.1:${port}`);
    expect(isSuccess).toBe(false);
    expect(log).toContain('a line is longer than 65536 bytes');
  });

  it('speaks TLS from the first byte, and fails where the other does not', async () => {
    const issued = await certificate();
    const secure = tls.createServer(issued, (socket) => socket.write('+OK ready\r\n'));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void secure.close());
    const plain = await listen((socket) => socket.end('+OK ready\r\n'));
    const { probe } = await probeBed(
      `it: { prober: tcp, tcp: { tls: true, tls_config: { ca_file: ${issued.caFile} }, query_response: [{ expect: '^[+]OK' }] } }`,
    );
    const { isSuccess, metrics, log } = await probe(`localhost:${(secure.address() as AddressInfo).port}`);
    expect(isSuccess, log).toBe(true);
    expect(metrics).toHaveProperty('probe_ssl_last_chain_expiry_timestamp_seconds');
    expect((await probe(`localhost:${plain}`)).isSuccess).toBe(false);
  });

  it('holds the certificate against the name that the request gives, where the module has none', async () => {
    const { caFile, ...issued } = await certificate();
    const secure = tls.createServer(issued, (socket) => socket.end());
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void secure.close());
    const target = `db:${(secure.address() as AddressInfo).port}`;
    const bed = await probeBed(
      `it: { prober: tcp, tcp: { tls: true, tls_config: { ca_file: ${caFile} } } }
named: { prober: tcp, tcp: { tls: true, tls_config: { ca_file: ${caFile}, server_name: db } } }`,
      { names: ['db'] },
    );
    const isSuccess = async (module: string, hostname: string) => {
      const request = { target, module, hostname, scrapeTimeoutMs: undefined };
      return (await bed.probes.probe(request, new AbortController().signal)).isSuccess;
    };
    expect(await isSuccess('it', '')).toBe(false);
    expect(await isSuccess('it', 'localhost')).toBe(true);
    expect(await isSuccess('named', 'localhost')).toBe(false);
  });

  it('ends when its time is up', async () => {
    const clock = new FakeClock();
    let isConnected = (): void => undefined;
    const connected = new Promise<void>((resolve) => {
      isConnected = resolve;
    });
    const port = await listen(() => isConnected());
    const { probe } = await probeBed('it: { prober: tcp, timeout: 3s, tcp: { query_response: [{ expect: a }] } }', {
      clock,
    });
    const probing = probe(`127.0.0.1:${port}`);
    await connected;
    await clock.advance(3_000);
    expect(await probing).toMatchObject({ isSuccess: false, metrics: { probe_duration_seconds: 3 } });
  });

  it.each([
    '127.0.0.1',
    'localhost:',
    '[::1',
    'a:b:1',
    '127.0.0.1:70000',
  ])('fails by %s, which is no HOST:PORT', async (target) => {
    const { probe } = await probeBed('it: { prober: tcp }');
    expect(await probe(target)).toMatchObject({ isSuccess: false, log: expect.stringContaining('expected HOST:PORT') });
  });
});
