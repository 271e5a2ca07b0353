import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as http from 'node:http';
import * as https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { CertificateFiles, type CertificateSource } from '@vigie/kube/certificates/certificate-source';
import { type MadeCertificates, makeCertificates } from '@vigie/kube/certificates/make-certificates';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReview, reviewAnswer, reviewObject } from '../../src/webhook/admission-review.ts';
import { loadWebhookConfig, type WebhookConfig } from '../../src/webhook/config.ts';
import { WebhookService } from '../../src/webhook/service.ts';
import { createWebhookTelemetry } from '../../src/webhook/telemetry.ts';
import { SETTINGS } from '../inject/patched.ts';

const REVIEWS = new URL('../../testdata/reviews/', import.meta.url);
const REVIEW = readFileSync(new URL('web.json', REVIEWS));
const DAY_MS = 86_400_000;

let folder: string;
let clock: FakeClock;
let made: MadeCertificates;
let services: WebhookService[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-webhook-'));
  clock = new FakeClock(Date.now());
  services = [];
  made = await writeCertificate();
});
afterEach(async () => {
  for (const service of services) await service.close({ graceMs: 0 });
  rmSync(folder, { recursive: true });
});

async function writeCertificate(): Promise<MadeCertificates> {
  const certificates = await makeCertificates('test', ['localhost'], Date.now(), DAY_MS);
  writeFileSync(join(folder, 'tls.crt'), certificates.cert);
  writeFileSync(join(folder, 'tls.key'), certificates.key);
  return certificates;
}

interface Running {
  readonly service: WebhookService;
  readonly admission: number;
  readonly http: number;
  readonly lines: string[];
}

function configText(extra = '', admissionExtra = ''): string {
  return `listen: 127.0.0.1:0
admission:
  listen: 127.0.0.1:0
  tls: { cert_file: ${folder}/tls.crt, key_file: ${folder}/tls.key${admissionExtra} }
${extra}`;
}

async function serviceOf(
  text: string,
  source?: CertificateSource,
): Promise<{ service: WebhookService; lines: string[] }> {
  const file = join(folder, 'webhook.yaml');
  writeFileSync(file, text);
  const readConfig = (): Promise<WebhookConfig> => loadWebhookConfig(file, {}, undefined);
  const config = await readConfig();
  const files = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    clientCaFile: config.admission.tls?.client_ca_file,
  };
  const lines: string[] = [];
  const service = new WebhookService(config, {
    clock,
    log: createLog('info', { write: (line) => void lines.push(line) }),
    version: '0.1.0',
    telemetry: createWebhookTelemetry(),
    certificates: source ?? new CertificateFiles(files, clock),
    readConfig,
    print: (line) => void lines.push(line),
  });
  services.push(service);
  return { service, lines };
}

async function start(text = configText()): Promise<Running> {
  const { service, lines } = await serviceOf(text);
  await service.start(new AbortController().signal);
  const portOf = (name: string): number =>
    Number(new RegExp(`^listening on https?://127\\.0\\.0\\.1:(\\d+) \\(${name}\\)$`, 'm').exec(lines.join('\n'))?.[1]);
  return { service, lines, admission: portOf('admission'), http: portOf('http') };
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

interface Sent {
  readonly answer: Promise<Answer>;
  readonly request: http.ClientRequest;
}

/** @param body sent whole, unless `rest` is to follow */
function send(port: number, body: Buffer, options: https.RequestOptions & { readonly rest?: Buffer } = {}): Sent {
  const { rest, ...requestOptions } = options;
  const request = https.request({
    host: '127.0.0.1',
    port,
    path: '/mutate',
    method: 'POST',
    ca: made.ca,
    servername: 'localhost',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': body.length + (rest?.length ?? 0) },
    ...requestOptions,
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
    });
  });
  request.write(body);
  if (rest === undefined) request.end();
  return { answer, request };
}

function asSent(answer: object): unknown {
  return JSON.parse(JSON.stringify(answer));
}

async function get(port: number, path: string, method = 'GET'): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, body: await response.text() };
}

async function metric(port: number, line: string): Promise<number> {
  const { body } = await get(port, '/metrics');
  const found = body.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1));
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < 1000; turns++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('it never came to hold');
}

const HALF = REVIEW.length >> 1;

describe('the admission listener', () => {
  it('answers a review, and counts what became of it', async () => {
    const { admission, http: port } = await start();
    const { status, body } = await send(admission, REVIEW).answer;
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      kind: 'AdmissionReview',
      response: { allowed: true, patchType: 'JSONPatch' },
    });
    await until(async () => (await metric(port, 'vigie_webhook_review_seconds_count')) === 1);
    expect(await metric(port, 'vigie_webhook_reviews_total{result="injected",reason="stream"}')).toBe(1);
    expect(await metric(port, 'vigie_webhook_reviews_total{result="refused",reason="user_unknown"}')).toBe(0);
    expect(await metric(port, 'vigie_webhook_reviews_in_progress')).toBe(0);
  });

  it('answers each review that an API server has sent, one behind another on one connection, as injection has it', async () => {
    const { admission, http: port } = await start();
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const connections = new Set<unknown>();
    const outcomes = new Map<string, number>();
    try {
      for (const file of readdirSync(REVIEWS)) {
        const sent = readFileSync(new URL(file, REVIEWS));
        const { answer, request } = send(admission, sent, { agent });
        request.on('socket', (socket) => connections.add(socket));
        const { status, body } = await answer;
        const review = readReview(JSON.parse(sent.toString()));
        if (review === undefined) throw new Error(`${file} is no review`);
        const reviewed = reviewObject(review, SETTINGS);
        expect([status, JSON.parse(body)], file).toEqual([200, asSent(reviewAnswer(review.uid, reviewed))]);
        const { result, reason } = reviewed.outcome;
        const labels = `result="${result}",reason="${reason}"`;
        outcomes.set(labels, (outcomes.get(labels) ?? 0) + 1);
      }
    } finally {
      agent.destroy();
    }
    expect(connections.size).toBe(1);
    for (const [labels, count] of outcomes)
      await until(async () => (await metric(port, `vigie_webhook_reviews_total{${labels}}`)) === count);
  });

  it.each<[string, Buffer, https.RequestOptions, number, string]>([
    ['another path', REVIEW, { path: '/' }, 404, 'other'],
    ['another method', REVIEW, { method: 'PUT' }, 404, 'other'],
    ['no JSON', Buffer.from('{'), {}, 400, 'malformed'],
    ['no review', Buffer.from('{}'), {}, 400, 'malformed'],
    ['a key that would change prototypes', Buffer.from('{"__proto__":{}}'), {}, 400, 'malformed'],
    ['nothing', Buffer.alloc(0), {}, 400, 'malformed'],
    ['another type', REVIEW, { headers: { 'content-type': 'text/x-yaml' } }, 415, 'malformed'],
    ['more than 8 MiB', Buffer.alloc((8 << 20) + 1, ' '), {}, 413, 'too_large'],
  ])('refuses %s, and counts it', async (_what, body, options, status, reason) => {
    const { admission, http: port } = await start();
    const { answer, request } = send(admission, body, options);
    request.on('error', () => undefined);
    expect((await answer).status).toBe(status);
    await until(async () => (await metric(port, `vigie_webhook_rejected_requests_total{reason="${reason}"}`)) === 1);
    expect(await metric(port, 'vigie_webhook_reviews_in_progress')).toBe(0);
  });

  it('takes no more reviews at a time than it is told to, and counts those that had to go', async () => {
    const { admission, http: port } = await start(
      configText().replace('admission:', 'admission:\n  max_concurrent: 1'),
    );
    const slow = send(admission, REVIEW.subarray(0, HALF), { rest: REVIEW.subarray(HALF) });
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 1);
    expect((await send(admission, REVIEW).answer).status).toBe(503);
    expect(await metric(port, 'vigie_webhook_rejected_requests_total{reason="busy"}')).toBe(1);
    slow.request.end(REVIEW.subarray(HALF));
    expect((await slow.answer).status).toBe(200);
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 0);
    expect((await send(admission, REVIEW).answer).status).toBe(200);
  });

  it('gives back the place of a client that goes away', async () => {
    const { admission, http: port } = await start();
    const gone = send(admission, REVIEW.subarray(0, HALF), { rest: REVIEW.subarray(HALF) });
    gone.answer.catch(() => undefined);
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 1);
    gone.request.destroy();
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 0);
  });

  it('asks for a certificate of the API server where it is told to', async () => {
    const pem = (name: string): Buffer => readFileSync(new URL(`../../../core/testdata/tls/${name}`, import.meta.url));
    writeFileSync(join(folder, 'client-ca.crt'), pem('ca.crt'));
    const { admission } = await start(configText('', `, client_ca_file: ${folder}/client-ca.crt`));
    const certified = (name: string) => ({ cert: pem(`${name}.crt`), key: pem(`${name}.key`) });
    await expect(send(admission, REVIEW).answer).rejects.toThrow();
    await expect(send(admission, REVIEW, certified('stranger')).answer).rejects.toThrow();
    expect((await send(admission, REVIEW, certified('client')).answer).status).toBe(200);
  });

  it('serves a certificate that was replaced, without a restart', async () => {
    const { admission, lines } = await start();
    const before = made;
    made = await writeCertificate();
    await expect(send(admission, REVIEW).answer).rejects.toThrow();
    await clock.advance(10_000);
    await until(() => lines.some((line) => line.includes('certificate changed')));
    expect((await send(admission, REVIEW).answer).status).toBe(200);
    await expect(send(admission, REVIEW, { ca: before.ca }).answer).rejects.toThrow();
  });

  it('keeps the certificate it has where the new one is unusable, and tells of it', async () => {
    const { admission, http: port } = await start();
    writeFileSync(join(folder, 'tls.key'), 'no key');
    await clock.advance(10_000);
    await until(async () => (await metric(port, 'vigie_webhook_certificate_problem')) === 1);
    expect((await send(admission, REVIEW).answer).status).toBe(200);
    expect((await get(port, '/readyz')).status).toBe(200);
  });

  it('ends the reviews in progress before it closes, and takes no new connection', async () => {
    const { service, admission, http: port } = await start();
    const slow = send(admission, REVIEW.subarray(0, HALF), { rest: REVIEW.subarray(HALF) });
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 1);
    const idle = connect({ port: admission, host: '127.0.0.1', ca: made.ca, servername: 'localhost' });
    await new Promise((resolve) => idle.once('secureConnect', resolve));
    const closed = service.close({ graceMs: 60_000 });
    await expect(send(admission, REVIEW).answer).rejects.toThrow(/ECONNREFUSED/);
    slow.request.end(REVIEW.subarray(HALF));
    expect((await slow.answer).status).toBe(200);
    idle.destroy();
    await closed;
  });

  it('cuts a review that does not end within the grace time', async () => {
    const { service, admission, http: port } = await start();
    const stuck = send(admission, REVIEW.subarray(0, HALF), { rest: REVIEW.subarray(HALF) });
    const broken = expect(stuck.answer).rejects.toThrow();
    await until(async () => (await metric(port, 'vigie_webhook_reviews_in_progress')) === 1);
    const closed = service.close({ graceMs: 5000 });
    await until(() => clock.pendingTimers > 0);
    await clock.advance(5000);
    await closed;
    await broken;
  });
});

describe('the service', () => {
  it('is alive but not ready until there is a certificate', async () => {
    let arrive: (() => void) | undefined;
    const files = new CertificateFiles({ certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }, clock);
    const source: CertificateSource = {
      problem: 'GET secrets: 404',
      first: async () => {
        await new Promise<void>((resolve) => {
          arrive = resolve;
        });
        return files.first();
      },
      follow: (use, signal) => files.follow(use, signal),
    };
    const { service, lines } = await serviceOf(configText(), source);
    const started = service.start(new AbortController().signal);
    await until(() => arrive !== undefined);
    const port = Number(/:(\d+) \(http\)/.exec(lines.join('\n'))?.[1]);
    expect((await get(port, '/livez')).status).toBe(200);
    expect(await get(port, '/readyz')).toEqual({
      status: 503,
      body: '[-]admission: it does not take reviews\n[-]certificate: GET secrets: 404\nnot ok\n',
    });
    arrive?.();
    await started;
    expect((await get(port, '/readyz')).status).toBe(200);
  });

  it('is not ready once its certificate has ended', async () => {
    const { http: port } = await start();
    await clock.advance(DAY_MS + 60_000);
    expect((await get(port, '/readyz')).body).toMatch(/^\[\+\]admission ok\n\[-\]certificate: it ended at 20/);
  });

  it('takes up changed injection settings, and keeps the old ones where the file is bad', async () => {
    const { admission, http: port, lines } = await start();
    const imageOf = async (): Promise<string | undefined> => {
      const { body } = await send(admission, REVIEW).answer;
      const patch = Buffer.from(JSON.parse(body).response.patch, 'base64').toString();
      return /"name":"vigie-sidecar","image":"([^"]+)"/.exec(patch)?.[1];
    };
    expect(await imageOf()).toBe('vigie/vigie:0.1.0');
    writeFileSync(join(folder, 'webhook.yaml'), configText('injection: { image: mirror.example/vigie:2 }\n'));
    expect(await get(port, '/-/reload', 'POST')).toEqual({ status: 200, body: '{"status":"reloaded"}\n' });
    expect(await imageOf()).toBe('mirror.example/vigie:2');
    expect(lines.join('\n')).not.toContain('needs a restart');
    writeFileSync(join(folder, 'webhook.yaml'), configText('injection: { imagee: x }\n'));
    expect((await get(port, '/-/reload', 'POST')).status).toBe(500);
    expect(await imageOf()).toBe('mirror.example/vigie:2');
    expect(await metric(port, 'vigie_webhook_config_last_reload_successful')).toBe(0);
    writeFileSync(join(folder, 'webhook.yaml'), configText('log_level: debug\n'));
    expect((await get(port, '/-/reload', 'POST')).status).toBe(200);
    expect(lines.join('\n')).toContain('needs a restart');
  });
});
