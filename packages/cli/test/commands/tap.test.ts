import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { showTap } from '../../src/tap/show-tap.ts';

const bin = fileURLToPath(new URL('../../bin/vigie.cjs', import.meta.url));

/** Runs the binary as it is built; it is ended with the test. */
function vigie(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

async function textUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  while (!pattern.test(text)) await new Promise((resolve) => setTimeout(resolve, 5));
  return pattern.exec(text)?.[1] ?? '';
}

test('vigie tap shows the records of an agent that runs, and ends with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-tap-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = join(folder, 'agent.yaml');
  await writeFile(
    config,
    `data_dir: ${folder}/data
listen: 127.0.0.1:0
sources: { files: { type: file, paths: ["${folder}/*.log"], reconcile_interval: 50ms } }
transforms: { json: { type: parse_json, inputs: [files] } }
sinks: { out: { type: file, inputs: [json], path: ${folder}/out.ndjson, batch: { timeout: 5ms } } }
`,
  );
  const agent = vigie('node-agent', '--config', config);
  const url = await textUntil(agent, /listening on (http:\S+)/);
  const tap = vigie('tap', '--url', url, '--limit', '2', 'json');
  const shown = textUntil(tap, /((?:.*\n){2})/);
  const ended = once(tap, 'exit');
  // Lines until two were seen: the tap may open behind the first ones.
  let written = 0;
  while (tap.exitCode === null) {
    await appendFile(join(folder, 'app.log'), `{"number":${written++}}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(await ended).toEqual([0, null]);
  const lines = (await shown).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { fields: { number: expect.any(Number) } },
    { fields: { number: expect.any(Number) } },
  ]);
  const refused = vigie('tap', '--url', url, 'nope');
  expect(await textUntil(refused, /(answers 400 .*)\n/)).toContain('expected one of files, json, out');
});

describe('showTap', () => {
  /** @param answers by path */
  async function serve(answers: Readonly<Record<string, (response: http.ServerResponse) => void>>) {
    const asked: (string | undefined)[] = [];
    const server = http.createServer((request, response) => {
      asked.push(request.url, request.headers.authorization);
      const answer = answers[request.url?.split('?', 1)[0] ?? ''];
      if (answer !== undefined) answer(response);
      else response.writeHead(404).end('{"error":"no such path"}\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  function sink(onWrite: () => Error | undefined = () => undefined) {
    let text = '';
    const out = new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk);
        done(onWrite() ?? null);
      },
    });
    return { out, text: () => text };
  }

  test('asks below /agent first, as vigie up has it', async () => {
    const { url, asked } = await serve({ '/agent/tap': (response) => response.end('{"a":1}\n') });
    const { out, text } = sink();
    expect(await showTap({ component: 'es', url, limit: '5', rate: '7' }, out, '1')).toBe(0);
    expect([asked, text()]).toEqual([['/agent/tap?component=es&limit=5&rate=7', undefined], '{"a":1}\n']);
  });

  test('then at the root, with the token of a file, below a path of a proxy', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigie-tap-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'token'), 's3cret\n');
    const { url, asked } = await serve({ '/node/tap': (response) => response.end() });
    await showTap({ component: 'es', url: `${url}/node/`, tokenFile: join(folder, 'token') }, sink().out, '1');
    expect(asked).toEqual(['/node/agent/tap?component=es', 'Bearer s3cret', '/node/tap?component=es', 'Bearer s3cret']);
  });

  test('says what a server answers that is no agent, and where nobody answers', async () => {
    const { url } = await serve({ '/agent/tap': (response) => response.writeHead(502).end('<html>Bad Gateway') });
    await expect(showTap({ component: 'es', url }, sink().out, '1')).rejects.toThrow('answers 502 <html>Bad Gateway');
    const closed = http.createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(showTap({ component: 'es', url: `http://127.0.0.1:${port}` }, sink().out, '1')).rejects.toThrow(
      'no agent answers',
    );
    await expect(showTap({ component: 'es', url: 'ftp://x' }, sink().out, '1')).rejects.toThrow('expected a URL');
  });

  test('an agent that goes away is an error, a reader that does is not', async () => {
    const { url } = await serve({
      '/agent/tap': (response) => {
        response.write('{"a":1}\n', () => response.destroy());
      },
    });
    await expect(showTap({ component: 'es', url }, sink().out, '1')).rejects.toThrow('the agent went away');
    const { url: lasting } = await serve({ '/agent/tap': (response) => void response.write('{"a":1}\n') });
    const { out } = sink(() => Object.assign(new Error('closed'), { code: 'EPIPE' }));
    expect(await showTap({ component: 'es', url: lasting }, out, '1')).toBe(0);
  });
});
