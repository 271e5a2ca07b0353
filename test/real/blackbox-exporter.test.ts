/** The collector's probes beside those of the real blackbox_exporter: the same modules and targets, name by name, label by label, value by value. */
import { writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  answerTo,
  name,
  numbers,
  record,
  tcpServer,
  udpServer,
  type Zone,
} from '../../packages/collector/test/probe/dns-server.ts';
import { health, startHttp2 } from '../../packages/collector/test/probe/grpc-server.ts';
import { listen, mailServer } from '../../packages/collector/test/probe/line-servers.ts';
import { type CollectorProcess, startCollector } from './collector-process.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { type RealBlackboxExporter, startBlackboxExporter } from './parts/blackbox-exporter.ts';
import { type Authority, type Certificate, createAuthority } from './parts/certificates.ts';

/** Debian's is 0.23: these have come since. */
const NEWER = /^probe_(tls_cipher_info|expect_info|failed_due_to_bytes)$/;
const NEWER_LABELS = /,?serialnumber="[^"]*"/;
/** What takes its time takes another each time. */
const TIMES =
  /^probe_(duration_seconds|dns_lookup_time_seconds|http_duration_seconds|dns_duration_seconds|grpc_duration_seconds)$/;

interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: ReadonlyMap<string, number>;
}

const folder = temporaryFolder('blackbox');
let authority: Authority;
let certificate: Certificate;
let real: RealBlackboxExporter;
let collector: CollectorProcess;

function modules(ca: string): string {
  return `
modules:
  http_2xx: { prober: http, timeout: 5s }
  http_404: { prober: http, http: { valid_status_codes: [404] } }
  http_stay: { prober: http, http: { follow_redirects: false } }
  http_body: { prober: http, http: { fail_if_body_not_matches_regexp: ['hel+o'] } }
  http_other_body: { prober: http, http: { fail_if_body_matches_regexp: ['hel+o'] } }
  http_header: { prober: http, http: { fail_if_header_not_matches: [{ header: X-Kind, regexp: ^b$ }] } }
  http_gzip: { prober: http, http: { compression: gzip, headers: { Accept-Encoding: gzip } } }
  http_limit: { prober: http, http: { body_size_limit: 3B } }
  https: { prober: http, http: { fail_if_not_ssl: true, tls_config: { ca_file: ${ca} } } }
  https_unknown: { prober: http }
  https_any: { prober: http, http: { tls_config: { insecure_skip_verify: true } } }
  https_one: { prober: http, http: { enable_http2: false, tls_config: { ca_file: ${ca} } } }
  tcp: { prober: tcp }
  tcp_banner: { prober: tcp, tcp: { query_response: [{ expect: ^SSH-2.0 }] } }
  tcp_tls: { prober: tcp, tcp: { tls: true, tls_config: { ca_file: ${ca} } } }
  tcp_starttls:
    prober: tcp
    tcp:
      tls_config: { ca_file: ${ca} }
      query_response:
        - expect: '^220 ([^ ]+) ESMTP'
        - send: EHLO prober
        - expect: '^250-([a-z.]+)'
          send: 'HELO \${1}'
        - expect: '^220'
        - starttls: true
        - send: EHLO prober
        - expect: '^250 over TLS EHLO'
  dns: { prober: dns, dns: { query_name: example.com, query_type: A } }
  dns_soa: { prober: dns, dns: { query_name: example.com, query_type: SOA, transport_protocol: tcp } }
  dns_match: { prober: dns, dns: { query_name: example.com, validate_answer_rrs: { fail_if_not_matches_regexp: ['^example\\.com\\.\\t3600\\tIN\\tA\\t127\\.0\\.0\\.1$'] } } }
  dns_all: { prober: dns, dns: { query_name: example.com, validate_authority_rrs: { fail_if_all_match_regexp: [isp] } } }
  dns_not_all: { prober: dns, dns: { query_name: example.com, validate_authority_rrs: { fail_if_all_match_regexp: [ns2] } } }
  dns_rcode: { prober: dns, dns: { query_name: example.com, valid_rcodes: [NXDOMAIN] } }
  grpc: { prober: grpc, grpc: { preferred_ip_protocol: ip4 } }
  grpc_service: { prober: grpc, grpc: { service: shop } }
  grpc_none: { prober: grpc, grpc: { service: none } }
  grpc_tls: { prober: grpc, grpc: { tls: true, tls_config: { ca_file: ${ca} } } }
`;
}

beforeAll(async () => {
  authority = createAuthority(folder);
  certificate = authority.issue('shop', 'IP:127.0.0.1,DNS:localhost,DNS:shop.example');
  const file = join(folder, 'blackbox.yml');
  writeFileSync(file, modules(authority.caFile));
  const config = join(folder, 'collector.yaml');
  writeFileSync(
    config,
    `probes: { file: blackbox.yml }
storage: { path: ${join(folder, 'metrics')} }
scrape_configs:
  - job_name: pages
    scrape_interval: 1s
    metrics_path: /probe
    params: { module: [http_404] }
    file_sd_configs: [{ files: [${join(folder, 'targets.json')}] }]
    relabel_configs:
      - { source_labels: [__address__], target_label: __param_target }
      - { source_labels: [__param_target], target_label: instance }
      - { target_label: __address__, replacement: probe }
`,
  );
  real = await startBlackboxExporter(file);
  collector = await startCollector(config);
});

afterAll(async () => {
  await collector?.stop();
  await real?.stop();
});

async function read(url: string): Promise<ReadonlyMap<string, Metric>> {
  const answer = await fetch(url);
  const page = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${page}`);
  const metrics = new Map<string, Metric>();
  for (const [, metric = '', help = '', type = '', lines = ''] of page.matchAll(
    /^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#].*\n)*)/gm,
  )) {
    const samples = Array.from(lines.matchAll(/^\S+?(?:\{(.*)\})? (\S+)$/gm), ([, labels = '', value]) => {
      return [labels.replace(NEWER_LABELS, ''), Number(value)] as const;
    });
    metrics.set(metric, { type, help, samples: new Map(samples) });
  }
  return metrics;
}

/** Both probe it: what they say is the same. */
async function compare(module: string, target: string): Promise<ReadonlyMap<string, Metric>> {
  const query = new URLSearchParams({ module, target });
  const [theirs, ours] = await Promise.all([
    read(`${real.url}/probe?${query}`),
    read(`${collector.url}/probe?${query}`),
  ]);
  const shown = (metrics: ReadonlyMap<string, Metric>) =>
    [...metrics]
      .filter(([metric]) => !NEWER.test(metric))
      .flatMap(([metric, { type, samples }]) =>
        Array.from(samples, ([labels, value]) => `${type} ${metric}{${labels}} ${TIMES.test(metric) ? 'some' : value}`),
      );
  expect(shown(ours)).toEqual(shown(theirs));
  return ours;
}

const succeeds = (metrics: ReadonlyMap<string, Metric>) => metrics.get('probe_success')?.samples.get('') === 1;

function serveWith(server: http.Server | https.Server): Promise<number> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

const pages: http.RequestListener = ({ url }, outgoing) => {
  switch (url) {
    case '/redirect':
      outgoing.writeHead(302, { location: '/hello' }).end('elsewhere');
      break;
    case '/circle':
      outgoing.writeHead(301, { location: '/circle' }).end();
      break;
    case '/gzip':
      outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
      break;
    case '/hello':
      outgoing.setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT');
      outgoing.writeHead(200, { 'content-length': 5, 'x-kind': 'b' }).end('hello');
      break;
    case '/chunked':
      outgoing.write('hel');
      outgoing.end('lo');
      break;
    default:
      outgoing.writeHead(404).end('nothing');
  }
};

const ZONE: Zone = {
  answer: [record(1, Buffer.of(127, 0, 0, 1))],
  authority: [record(2, name('ns1.isp.net'), 7200), record(2, name('ns2.isp.net'), 7200)],
};

describe('beside blackbox_exporter', () => {
  test.each([
    ['http_2xx', '/hello', true],
    ['http_2xx', '/chunked', true],
    ['http_2xx', '/redirect', true],
    ['http_2xx', '/none', false],
    ['http_2xx', '/circle', false],
    ['http_404', '/none', true],
    ['http_stay', '/redirect', false],
    ['http_body', '/hello', true],
    ['http_other_body', '/hello', false],
    ['http_header', '/hello', true],
    ['http_header', '/chunked', false],
    ['http_gzip', '/gzip', true],
    ['http_limit', '/hello', false],
  ])('a page is what it is there: %s %s', async (module, path, expected) => {
    const port = await serveWith(http.createServer(pages));
    expect(succeeds(await compare(module, `http://127.0.0.1:${port}${path}`))).toBe(expected);
  });

  test.each([
    ['https', 'localhost', true],
    ['https', '127.0.0.1', true],
    ['https_any', '127.0.0.1', true],
    ['https_unknown', 'localhost', false],
  ])('a certificate is what it is there: %s %s', async (module, host, expected) => {
    const port = await serveWith(https.createServer({ cert: certificate.cert, key: certificate.key }, pages));
    expect(succeeds(await compare(module, `https://${host}:${port}/hello`))).toBe(expected);
  });

  test.each([
    ['https', 2],
    ['https_one', 1.1],
  ])('HTTP/2 is spoken where it is there: %s', async (module, version) => {
    const { cert, key } = certificate;
    const server = http2.createSecureServer(
      { cert, key, allowHTTP1: true },
      (_incoming, outgoing) => void outgoing.end('hello'),
    );
    const port = await startHttp2(server);
    const metrics = await compare(module, `https://localhost:${port}/`);
    expect(metrics.get('probe_http_version')?.samples.get('')).toBe(version);
  });

  test('a port, its banner, TLS and STARTTLS are what they are there', async () => {
    const silent = await listen(() => undefined);
    const banner = await listen((socket) => socket.end('SSH-2.0-test\r\n'));
    const other = await listen((socket) => socket.end('220 hello\r\n'));
    const mail = await listen(mailServer(certificate));
    const secure = await serveWith(https.createServer({ cert: certificate.cert, key: certificate.key }, pages));
    expect(succeeds(await compare('tcp', `127.0.0.1:${silent}`))).toBe(true);
    expect(succeeds(await compare('tcp', '127.0.0.1:1'))).toBe(false);
    expect(succeeds(await compare('tcp', '127.0.0.1'))).toBe(false);
    expect(succeeds(await compare('tcp_banner', `127.0.0.1:${banner}`))).toBe(true);
    expect(succeeds(await compare('tcp_banner', `127.0.0.1:${other}`))).toBe(false);
    expect(succeeds(await compare('tcp_tls', `localhost:${secure}`))).toBe(true);
    expect(succeeds(await compare('tcp_starttls', `localhost:${mail}`))).toBe(true);
  });

  test.each([
    ['dns', true],
    ['dns_match', true],
    ['dns_all', true],
    ['dns_not_all', false],
    ['dns_rcode', false],
  ])('a DNS server is what it is there: %s', async (module, expected) => {
    const server = await udpServer((query) => [answerTo(query, ZONE)]);
    expect(succeeds(await compare(module, server.target))).toBe(expected);
  });

  test('a zone is what it is there, by TCP', async () => {
    const soa = Buffer.concat([
      name('ns.example.com'),
      name('noc.example.com'),
      numbers(4, 1000, 7200, 3600, 1_209_600, 3600),
    ]);
    expect(succeeds(await compare('dns_soa', await tcpServer({ answer: [record(6, soa)] })))).toBe(true);
  });

  test('the health of a gRPC server is what it is there', async () => {
    const plain = await startHttp2(http2.createServer().on('stream', health({ '': 1, shop: 2 })));
    const { cert, key } = certificate;
    const secure = await startHttp2(http2.createSecureServer({ cert, key }).on('stream', health({ '': 1 })));
    expect(succeeds(await compare('grpc', `127.0.0.1:${plain}`))).toBe(true);
    expect(succeeds(await compare('grpc_service', `127.0.0.1:${plain}`))).toBe(false);
    expect(succeeds(await compare('grpc_none', `127.0.0.1:${plain}`))).toBe(false);
    expect(succeeds(await compare('grpc_tls', `localhost:${secure}`))).toBe(true);
  });

  test('what has no answer is what it is there', async () => {
    expect(succeeds(await compare('http_2xx', 'http://127.0.0.1:1/'))).toBe(false);
    expect(succeeds(await compare('http_2xx', 'http://nowhere.invalid/'))).toBe(false);
    expect(succeeds(await compare('grpc', '127.0.0.1:1'))).toBe(false);
  });

  test('a job of blackbox_exporter is scraped with the collector in its place', async () => {
    const port = await serveWith(http.createServer(pages));
    const target = `http://127.0.0.1:${port}/none`;
    writeFileSync(join(folder, 'targets.json'), JSON.stringify([{ targets: [target] }]));
    const query = encodeURIComponent(`probe_http_status_code{instance="${target}",job="pages"}`);
    await until('the probe', 30_000, async () => {
      const answer = await (await fetch(`${collector.url}/api/v1/query?query=${query}`)).text();
      return answer.includes('"404"') ? true : undefined;
    });
  });
});
