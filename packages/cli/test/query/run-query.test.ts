import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askPrometheus } from '../../src/query/ask-prometheus.ts';
import type { QueryRequest } from '../../src/query/request.ts';
import { type AskQuery, type OutputFormat, runQuery } from '../../src/query/run-query.ts';
import { CapturedTerminal } from '../captured-terminal.ts';
import { AT_MS, success } from './answers.ts';

const VECTOR = success('vector', [{ metric: { __name__: 'up', job: 'vigie' }, value: [1, '1'] }], {
  warnings: ['PromQL warning: careful'],
});
const INSTANT: QueryRequest = { type: 'instant', promql: 'up', timeMs: undefined };
const RANGE: QueryRequest = {
  type: 'range',
  promql: 'up',
  range: { startMs: AT_MS, endMs: AT_MS + 60_000, stepMs: 15_000 },
};

interface Asked {
  readonly path: string | undefined;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** A server with answers by path; others are 404. */
async function serve(answers: Readonly<Record<string, readonly [status: number, body: unknown]>>) {
  const asked: Asked[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ path: request.url, body, authorization: request.headers.authorization });
    const [status, answer] = answers[request.url ?? ''] ?? [404, 'nothing here'];
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function serverAt(url: string): AskQuery {
  return (asked, advice) => askPrometheus(asked, { server: { url }, userAgent: 'vigie/1 query', advice });
}

async function ask(
  url: string,
  request: QueryRequest = INSTANT,
  format: OutputFormat = 'auto',
  terminal = new CapturedTerminal(),
) {
  const code = await runQuery(request, serverAt(url), format, terminal);
  return { code, stdout: terminal.out, stderr: terminal.err };
}

describe('runQuery', () => {
  it('asks below /prometheus first, as vigie up has it', async () => {
    const { url, asked } = await serve({ '/prometheus/api/v1/query': [200, VECTOR] });
    expect(await ask(url)).toEqual({
      code: 0,
      stdout: 'series           value\nup{job="vigie"}  1\n',
      stderr: 'vigie: PromQL warning: careful\n',
    });
    expect(asked).toEqual([{ path: '/prometheus/api/v1/query', body: 'query=up', authorization: undefined }]);
  });

  it('then at the root, with user and password, below a path of a proxy', async () => {
    const { url, asked } = await serve({ '/proxy/api/v1/query': [200, VECTOR] });
    const { code } = await ask(`${url.replace('://', '://u:p@')}/proxy/`, { ...INSTANT, timeMs: 1500 });
    expect(code).toBe(0);
    expect(asked).toEqual(
      ['/proxy/prometheus/api/v1/query', '/proxy/api/v1/query'].map((path) => ({
        path,
        body: 'query=up&time=1.5',
        authorization: `Basic ${btoa('u:p')}`,
      })),
    );
  });

  it('draws a range, and says so where there is nothing to draw', async () => {
    const samples = [0, 1, 2, 3, 4].map((step) => [AT_MS / 1000 + 15 * step, String(step)]);
    const path = '/prometheus/api/v1/query_range';
    const { url, asked } = await serve({ [path]: [200, success('matrix', [{ metric: {}, values: samples }])] });
    const { stdout } = await ask(url, RANGE);
    expect(stdout).toMatch(
      /┤.*└┬─.*\nUTC {2}10:00:00 .* 10:01:00\n\nseries {2}min {2}mean {2}max {2}last\n\{\} {6}0 {4}2 {5}4 {4}4\n$/s,
    );
    expect(asked[0]?.body).toBe('query=up&start=1795946400&end=1795946460&step=15');
    const empty = await serve({ [path]: [200, success('matrix', [])] });
    expect(await ask(empty.url, RANGE)).toEqual({ code: 0, stdout: '', stderr: 'vigie: no series\n' });
  });

  it('has every sample as a table or CSV, and the answer as it came as JSON', async () => {
    const answer = success('matrix', [
      {
        metric: { a: 'b' },
        values: [
          [1, '0.1'],
          [2, '1e-20'],
        ],
      },
    ]);
    const { url } = await serve({ '/prometheus/api/v1/query_range': [200, answer] });
    expect((await ask(url, RANGE, 'table')).stdout).toBe(
      '{a="b"}\n  1970-01-01T00:00:01Z  0.1\n  1970-01-01T00:00:02Z  1e-20\n',
    );
    expect((await ask(url, RANGE, 'csv')).stdout).toBe('a,timestamp,value\nb,1,0.1\nb,2,1e-20\n');
    expect((await ask(url, RANGE, 'json')).stdout).toBe(`${JSON.stringify(answer)}\n`);
  });

  it('has colours on a terminal only, and not where the user wants none', async () => {
    const { url } = await serve({ '/prometheus/api/v1/query': [200, VECTOR] });
    const onTerminal = await ask(url, INSTANT, 'auto', new CapturedTerminal({ isTTY: true, columns: 80 }));
    expect(onTerminal.stdout).toContain('\u001b[2m');
    const uncoloured = await ask(
      url,
      INSTANT,
      'auto',
      new CapturedTerminal({ isTTY: true, columns: 80 }, { NO_COLOR: '1' }),
    );
    expect(uncoloured.stdout).not.toContain('\u001b');
  });

  it('marks what a server cannot parse, and exits 2', async () => {
    const error = 'invalid parameter "query": 1:3: parse error: unexpected end of input';
    const { url } = await serve({
      '/prometheus/api/v1/query': [400, { status: 'error', errorType: 'bad_data', error }],
    });
    expect(await ask(url, { ...INSTANT, promql: 'a +' })).toEqual({
      code: 2,
      stdout: '',
      stderr: `vigie: ${url} answers bad_data: ${error}\n  a +\n    ^\n`,
    });
  });

  it('exits 1 where the query fails as it is evaluated', async () => {
    const answer = { status: 'error', errorType: 'execution', error: 'found duplicate series' };
    const { url } = await serve({ '/prometheus/api/v1/query': [422, answer] });
    expect(await ask(url)).toEqual({
      code: 1,
      stdout: '',
      stderr: `vigie: ${url} answers execution: found duplicate series\n  up\n`,
    });
  });

  it('says what somebody answers who is no such server, and where nobody does', async () => {
    const { url } = await serve({ '/prometheus/api/v1/query': [502, '<html>Bad Gateway'] });
    await expect(ask(url)).rejects.toThrow(
      `${url} answers 502 <html>Bad Gateway: expected an answer of Prometheus' API`,
    );
    const other = await serve({});
    await expect(ask(other.url)).rejects.toThrow('answers 404 nothing here: expected');
    await expect(ask('ftp://x')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const closed = http.createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(ask(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      message: `no server answers at http://127.0.0.1:${port}`,
    });
  });

  it('ends in silence when its reader has seen enough', async () => {
    const { url } = await serve({ '/prometheus/api/v1/query': [200, VECTOR] });
    const gone = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(), { code: 'EPIPE' })),
    });
    const on = { stdout: gone, stderr: { write: () => true }, env: {} };
    expect(await runQuery(INSTANT, serverAt(url), 'auto', on)).toBe(0);
  });
});
