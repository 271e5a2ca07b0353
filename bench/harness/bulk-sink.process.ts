/** A bulk endpoint on loopback that answers at once and keeps nothing: what is left to measure is the shipper.
 *
 *  Elasticsearch's side: POST …/_bulk is answered `errors: false`; what agents ask before they start (version, health,
 *  index templates) gets the answer of a server that is ready.
 *
 *  The benchmark's side:
 *    POST /bench/arm      {mode, expectedBytes?, expectedRecords?, stallMs} forgets everything and counts anew
 *    POST /bench/watch    {pid} the process whose CPU time is read at the first bulk request and after the last answer
 *    GET  /bench/settled  answers when the expected amount is there, or when nothing came for stallMs
 *    GET  /bench/stats    answers now
 *
 *  Modes: `bytes` only counts body bytes (measured runs), the others look into the bodies and cost CPU. */
import http from 'node:http';
import { unzipSync } from 'node:zlib';
import { ageReader, type BodyReader, numbersReader, recordsReader } from './body-readers.ts';
import { type Fields, parseFields } from './fields.ts';
import { cpuSecondsOf, memoryOf } from './proc-stats.ts';

/** The shipper still has to read the last answer and write its checkpoint: that is part of its cost. */
const SETTLE_MS = 200;
const BULK_ANSWER = Buffer.from('{"took":1,"errors":false,"items":[]}');
const BULK_HEADERS = {
  'content-type': 'application/json',
  'content-length': BULK_ANSWER.length,
  'x-elastic-product': 'Elasticsearch',
};

interface Watched {
  readonly pid: number;
  cpuSecondsAtFirstRequest: number | undefined;
  cpuSecondsAtEnd: number | undefined;
  peakRssBytes: number | undefined;
}

let reader: BodyReader | undefined;
let watched: Watched | undefined;
let expectedBytes = 0;
let expectedRecords = 0;
let stallMs = 10_000;
/** Of the lines, whatever they were compressed to. */
let bodyBytes = 0;
let requests = 0;
let firstRequestMs = 0;
let lastAnswerMs = 0;
let lastByteMs = 0;
let sinkCpuAtFirstRequest = 0;
let settled = false;
let waiting: (() => void)[] = [];

function arm(options: Fields): void {
  const { mode } = options;
  reader =
    mode === 'records'
      ? recordsReader()
      : mode === 'numbers'
        ? numbersReader()
        : mode === 'ages'
          ? ageReader()
          : undefined;
  expectedBytes = typeof options.expectedBytes === 'number' ? options.expectedBytes : Number.POSITIVE_INFINITY;
  expectedRecords = typeof options.expectedRecords === 'number' ? options.expectedRecords : Number.POSITIVE_INFINITY;
  stallMs = typeof options.stallMs === 'number' ? options.stallMs : 10_000;
  watched = undefined;
  bodyBytes = requests = firstRequestMs = lastAnswerMs = 0;
  lastByteMs = performance.now();
  settled = false;
}

function onFirstRequest(): void {
  firstRequestMs = performance.now();
  const { user, system } = process.cpuUsage();
  sinkCpuAtFirstRequest = (user + system) / 1e6;
  if (watched !== undefined) watched.cpuSecondsAtFirstRequest = cpuSecondsOf(watched.pid);
}

function bulk(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (requests++ === 0) onFirstRequest();
  const compressed = request.headers['content-encoding'] !== undefined;
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length;
    if (reader !== undefined) body.push(chunk);
  });
  request.on('end', () => {
    response.writeHead(200, BULK_HEADERS);
    response.end(BULK_ANSWER);
    lastByteMs = lastAnswerMs = performance.now();
    if (reader !== undefined) {
      const sent = Buffer.concat(body);
      reader.read(compressed ? unzipSync(sent) : sent, Date.now());
    }
    if (!settled && (bodyBytes >= expectedBytes || (reader?.records() ?? 0) >= expectedRecords)) settle();
  });
}

/** Takes the figures a moment after the last answer, so that what the shipper does with it is counted. */
function settle(): void {
  settled = true;
  setTimeout(() => {
    if (watched !== undefined) {
      try {
        watched.cpuSecondsAtEnd = cpuSecondsOf(watched.pid);
        watched.peakRssBytes = memoryOf(watched.pid).peakRssBytes;
      } catch (error) {
        process.stderr.write(`the watched process ${watched.pid} is gone: ${String(error)}\n`);
      }
    }
    for (const answer of waiting) answer();
    waiting = [];
  }, SETTLE_MS);
}

setInterval(() => {
  if (waiting.length > 0 && !settled && performance.now() - lastByteMs > stallMs) settle();
}, 100);

function stats(): string {
  const { user, system } = process.cpuUsage();
  return JSON.stringify({
    bodyBytes,
    requests,
    complete: bodyBytes >= expectedBytes || (reader?.records() ?? 0) >= expectedRecords,
    wallSeconds: (lastAnswerMs - firstRequestMs) / 1e3,
    idleSeconds: (performance.now() - lastByteMs) / 1e3,
    sinkCpuSeconds: (user + system) / 1e6 - sinkCpuAtFirstRequest,
    cpuSecondsAtFirstRequest: watched?.cpuSecondsAtFirstRequest,
    cpuSecondsAtEnd: watched?.cpuSecondsAtEnd,
    peakRssBytes: watched?.peakRssBytes,
    ...reader?.report(),
  });
}

function control(path: string, body: string, answer: (text: string) => void): void {
  switch (path) {
    case '/bench/arm':
      arm(parseFields(body));
      answer('{}');
      break;
    case '/bench/watch':
      watched = {
        pid: Number(parseFields(body).pid),
        cpuSecondsAtFirstRequest: undefined,
        cpuSecondsAtEnd: undefined,
        peakRssBytes: undefined,
      };
      answer('{}');
      break;
    case '/bench/settled':
      if (settled && watched?.cpuSecondsAtEnd !== undefined) answer(stats());
      else {
        lastByteMs = performance.now();
        waiting.push(() => answer(stats()));
      }
      break;
    default:
      answer(stats());
  }
}

/** What a ready server says to the questions that shippers ask before they send. */
function readyServer(path: string): string {
  if (path.startsWith('/_index_template'))
    return '{"index_templates":[{"name":"logs","index_template":{"index_patterns":["logs-*"],"priority":200,"data_stream":{}}}]}';
  if (path.startsWith('/_cluster/health') || path.startsWith('/_cat/health')) return '{"status":"green"}';
  return '{"name":"bench","cluster_name":"bench","version":{"number":"8.19.0","build_flavor":"default"},"tagline":"You Know, for Search"}';
}

const server = http.createServer((request, response) => {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  if (path.endsWith('/_bulk')) return bulk(request, response);
  const answer = (text: string) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-elastic-product': 'Elasticsearch',
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  const parts: Buffer[] = [];
  request.on('data', (chunk: Buffer) => parts.push(chunk));
  request.on('end', () =>
    path.startsWith('/bench/') ? control(path, Buffer.concat(parts).toString(), answer) : answer(readyServer(path)),
  );
});
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`listening on port ${address.port}\n`);
});
