/** docs/reference/query.md: its options are those of the command, and its examples show what the command prints. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PAGE = readFileSync(new URL('../../docs/reference/query.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
const DOCUMENTED_URL = 'http://127.0.0.1:7070';

/** A morning's load: bytes a second, every 10 s. */
const LOAD = Array.from({ length: 61 }, (_, step) => [
  1_795_946_400 + 10 * step,
  String(1200 + Math.round(700 * Math.sin(step / 9) + 150 * Math.sin(step / 2))),
]);
/** What the server of the examples answers, by query. */
const ANSWERS: Readonly<Record<string, object>> = {
  'sum by (sink) (rate(vigie_agent_read_bytes_total[1m]))': success('vector', [
    { metric: { sink: 'es' }, value: [1, '1893.4166666666667'] },
    { metric: { sink: 'files' }, value: [1, '947.25'] },
  ]),
  'sum(rate(request_seconds[5m]))': success('vector', [
    {
      metric: {},
      histogram: [
        1,
        {
          count: '12.5',
          sum: '3.75',
          buckets: [
            [0, '0.125', '0.25', '8'],
            [0, '0.25', '0.5', '4'],
            [0, '0.5', '1', '0.5'],
          ],
        },
      ],
    },
  ]),
  'rate(vigie_agent_read_bytes_total[1m])': success('matrix', [{ metric: { sink: 'es' }, values: LOAD }]),
  'sum(rate(up[5m])': {
    status: 'error',
    errorType: 'bad_data',
    error: 'invalid parameter "query": 1:17: parse error: unclosed left parenthesis',
  },
};

function success(resultType: string, result: readonly unknown[]): object {
  return { status: 'success', data: { resultType, result } };
}

let server: http.Server;
let url: string;
beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    response.end(JSON.stringify(ANSWERS[new URLSearchParams(body).get('query') ?? '']));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** `'a b' c` as a shell splits it. */
function words(line: string): readonly string[] {
  return Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain = '']) => quoted ?? plain);
}

const examples = Array.from(PAGE.matchAll(/^```console\n\$ vigie query (.*)\n([\s\S]*?)^```$/gm)).map(
  ([, args = '', shown = '']) => ({ args, shown }),
);

it.each(examples)('vigie query $args', async ({ args, shown }) => {
  const printed = await new Promise<string>((resolve) => {
    execFile(process.execPath, [CLI, 'query', '--url', url, ...words(args)], (_error, stdout, stderr) => {
      resolve(stderr + stdout);
    });
  });
  expect(printed.replaceAll(url, DOCUMENTED_URL)).toBe(shown);
});

it('has an example of everything that is answered there', () => {
  expect(examples.map(({ args }) => words(args).at(-1)).sort()).toEqual(Object.keys(ANSWERS).sort());
});

it('has the options of the command, and no other', () => {
  const help = execFileSync(process.execPath, [CLI, 'query', '--help'], { encoding: 'utf8' });
  const known = Array.from(help.matchAll(/^ +(?:-o, )?(--[a-z-]+)/gm), ([, option]) => option);
  const written = Array.from(PAGE.matchAll(/^\| (?:`-o`, )?`(--[a-z-]+)/gm), ([, option]) => option);
  expect(written.sort()).toEqual(known.filter((option) => option !== '--help').sort());
});
