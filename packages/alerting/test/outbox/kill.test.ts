/** A process that is killed between any two steps of claim, send and record: whoever was promised that an alert is taken has it told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';
import { folderWith } from '../folder.ts';

const PROGRAM = new URL('./engine.program.ts', import.meta.url);

/** Behind the last step there is nothing left to kill. Writes that come together are one, and so there are some steps more or less from run to run. */
const SPARED = 3;

/** Keeps the bodies that it is sent. */
async function receiver(): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, bodies };
}

async function run(program: string, folder: string, url: string, killAt: number | 'told') {
  const child = spawn(process.execPath, [program, folder, url, String(killAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [, signal] = await once(child, 'close');
  return {
    wasKilled: signal === 'SIGKILL',
    wasPosted: output.includes('posted\n'),
  };
}

describe('an engine that is killed at any step', () => {
  it('tells of each alert that it has taken once at least, and twice at most', async () => {
    const program = await bundledProgram(PROGRAM);
    const { url, bodies } = await receiver();
    await run(program, await folderWith(), url, 0);
    expect(bodies.splice(0)).toEqual(['A']);
    const killed = await folderWith();
    expect(await run(program, killed, url, 'told')).toMatchObject({ wasKilled: true });
    await run(program, killed, url, 0);
    expect(bodies.splice(0)).toEqual(['A', 'A']);
    let twice = 0;
    let spared = 0;
    let killAt = 1;
    for (; spared < SPARED; killAt++) {
      const folder = await folderWith();
      const { wasKilled } = await run(program, folder, url, killAt);
      if (!wasKilled) {
        expect(bodies.splice(0)).toEqual(['A']);
        spared += 1;
        continue;
      }
      const arrived = bodies.length;
      const next = await run(program, folder, url, 0);
      expect({ killAt, ...next }).toMatchObject({ killAt, wasKilled: false, wasPosted: true });
      expect({ killAt, told: bodies.length, arrived }).toSatisfy(
        ({ told }) => told === 1 || (told === 2 && arrived === 1),
      );
      if (bodies.length === 2) twice += 1;
      bodies.length = 0;
    }
    expect(killAt).toBeGreaterThan(10);
    // Those between the POST and its record: before the answer is read, and around the write of the record.
    expect(twice).toBeLessThanOrEqual(4);
  }, 180_000);
});
