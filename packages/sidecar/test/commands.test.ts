import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '@vigie/kube/certificates/make-certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pod } from './inject/pods.ts';

const CLI = join(import.meta.dirname, '../../cli/dist/vigie.cjs');
const REVIEW = readFileSync(join(import.meta.dirname, '../testdata/reviews/web.json'));

let folder = '';
let ca = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-sidecar-'));
  const made = await makeCertificates('test', ['localhost'], Date.now(), 86_400_000);
  ca = made.ca;
  writeFileSync(join(folder, 'tls.crt'), made.cert);
  writeFileSync(join(folder, 'tls.key'), made.key);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param during what is done while it runs, given what it has written to stderr so far */
async function vigie(
  args: readonly string[],
  { input = '', during }: { readonly input?: string; readonly during?: (run: Run) => Promise<void> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, 'sidecar', ...args]);
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(input);
  try {
    await during?.({ stderr: () => written.stderr, signal: (name) => child.kill(name) });
    return { code: await code, ...written };
  } finally {
    child.kill('SIGKILL');
  }
}

interface Run {
  readonly stderr: () => string;
  readonly signal: (name: NodeJS.Signals) => boolean;
}

async function saying(run: Run, pattern: RegExp): Promise<string> {
  for (let turns = 0; turns < 1500; turns++) {
    const match = pattern.exec(run.stderr());
    if (match !== null) return match[1] ?? '';
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never said ${pattern}: ${run.stderr()}`);
}

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('vigie sidecar inject', () => {
  it('prints the manifest with its sidecar', async () => {
    const file = fileWith('pod.yaml', JSON.stringify({ kind: 'Pod', ...pod() }));
    const { code, stdout, stderr } = await vigie(['inject', '-f', file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(parse(stdout).spec.initContainers[0].name).toBe('vigie-sidecar');
  });

  it('prints the patch of what it reads from stdin', async () => {
    const input = `${JSON.stringify({ kind: 'Pod', ...pod() })}\n---\nkind: ConfigMap\n`;
    const { code, stdout } = await vigie(['inject', '-f', '-', '-o', 'patch'], { input });
    expect(code).toBe(0);
    const patches = stdout
      .trimEnd()
      .split('\n')
      .map((line): { readonly op: string }[] => JSON.parse(line));
    expect(patches.map((patch) => patch.map(({ op }) => op))).toEqual([['add', 'add', 'add', 'add'], []]);
  });

  it('says why a pod cannot have one, and exits 2', async () => {
    const input = JSON.stringify({
      kind: 'Pod',
      metadata: { name: 'x', annotations: { 'vigie.io/inject': 'y' } },
      spec: { containers: [] },
    });
    const { code, stdout, stderr } = await vigie(['inject', '-f', '-'], { input });
    expect(code).toBe(2);
    expect(parse(stdout)).toEqual(JSON.parse(input));
    expect(stderr).toBe('stdin: Pod x: vigie.io/inject: expected stream or ship, got "y"\n');
  });

  it("uses the operator's settings", async () => {
    const config = fileWith(
      'webhook.yaml',
      'admission: { self_signed: {} }\ninjection: { image: mirror.example/vigie:2 }\n',
    );
    const input = JSON.stringify({ kind: 'Pod', ...pod() });
    const { stdout } = await vigie(['inject', '-f', '-', '--config', config], { input });
    expect(parse(stdout).spec.initContainers[0].image).toBe('mirror.example/vigie:2');
  });

  it.each([
    ['no file', ['inject'], /required option '-f, --filename <file>'/],
    ['a file that is not there', ['inject', '-f', '/none.yaml'], /cannot read \/none\.yaml: ENOENT/],
    ['another form', ['inject', '-f', '-', '-o', 'json'], /Allowed choices are yaml, patch/],
  ])('exits 2 of %s', async (_what, args, message) => {
    const { code, stderr } = await vigie(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('vigie sidecar webhook', () => {
  const config = (extra = ''): string =>
    fileWith(
      'hook.yaml',
      `admission: { listen: "127.0.0.1:0", tls: { cert_file: ${folder}/tls.crt, key_file: ${folder}/tls.key } }\n${extra}`,
    );

  it('serves until SIGTERM, and takes a reload on SIGHUP', async () => {
    const file = config();
    const { code, stdout } = await vigie(['webhook', '--config', file, '--listen', '127.0.0.1:0'], {
      during: async (run) => {
        const port = await saying(run, /^listening on https:\/\/127\.0\.0\.1:(\d+) \(admission\)$/m);
        expect(run.stderr()).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+ \(http\)$/m);
        expect(await review(Number(port))).toBe(200);
        config('injection: { prefix: none }\n');
        run.signal('SIGHUP');
        await saying(run, /"message":"(reloaded)"/);
        config('injection: { prefix: nine }\n');
        run.signal('SIGHUP');
        await saying(run, /hook\.yaml:2:22: injection\.prefix: expected (.none., .name. or .json|.*), got/);
        expect(await review(Number(port))).toBe(200);
        run.signal('SIGTERM');
      },
    });
    expect(code).toBe(0);
    expect(stdout).toBe('');
  });

  it('tells all that is wrong with its configuration, and exits 2', async () => {
    const file = fileWith(
      'bad.yaml',
      `listn: ":1"
admission:
  tls: { cert_file: a }
  self_signed: { validity: 1s }
injection:
  resources: { requests: { memory: 2Gi }, limits: { memory: 1Gi } }
  allowed_annotations: [paths, everything]
`,
    );
    const { code, stderr } = await vigie(['webhook', '--config', file]);
    expect(code).toBe(2);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(folder.length + 1)),
    ).toEqual([
      'bad.yaml:1:1: listn: expected one of the keys listen, log_level, shutdown_grace, kubeconfig, admission, injection, got "listn"',
      expect.stringMatching(/^bad\.yaml:3:8: admission\.tls\.key_file: expected /),
      expect.stringMatching(/^bad\.yaml:4:28: admission\.self_signed\.validity: expected a duration/),
      'bad.yaml:6:14: injection.resources: expected requests that are not above the limits, got a mapping',
      expect.stringMatching(/^bad\.yaml:7:32: injection\.allowed_annotations\[1\]: expected /),
    ]);
  });

  it('wants one source of certificates, and no more', async () => {
    for (const text of ['admission: {}\n', 'admission: { self_signed: {}, tls: { cert_file: a, key_file: b } }\n']) {
      const { code, stderr } = await vigie(['webhook', '--config', fileWith('bad.yaml', text)]);
      expect(code).toBe(2);
      expect(stderr).toContain('bad.yaml:1:12: admission: expected either tls or self_signed, got a mapping');
    }
  });

  it('exits 1 where its certificate cannot be read', async () => {
    const file = fileWith(
      'bad.yaml',
      'listen: 127.0.0.1:0\nadmission: { tls: { cert_file: /none, key_file: /none } }\n',
    );
    const { code, stderr } = await vigie(['webhook', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot read /none');
  });
});

describe('vigie check webhook', () => {
  const check = (...files: readonly string[]) =>
    spawnSync(process.execPath, [CLI, 'check', 'webhook', ...files], { encoding: 'utf8' });

  it('says ok of every file that the webhook would take', () => {
    const good = fileWith('good.yaml', 'admission: { self_signed: {} }\n');
    const shipped = join(import.meta.dirname, '../../../deploy/sidecar-webhook/config-map.yaml');
    const inCluster = fileWith('shipped.yaml', parse(readFileSync(shipped, 'utf8')).data['webhook.yaml']);
    const { status, stdout, stderr } = check(good, inCluster);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${good}: ok\n${inCluster}: ok\n`);
  });

  it('tells every problem of every file, and exits 2', () => {
    const good = fileWith('good.yaml', 'admission: { self_signed: {} }\n');
    const bad = fileWith('bad.yaml', 'listn: ":1"\nadmission: {}\n');
    const { status, stdout, stderr } = check(bad, good, join(folder, 'none.yaml'));
    expect(status).toBe(2);
    expect(stdout).toBe(`${good}: ok\n`);
    expect(stderr).toContain(`${bad}:1:1: listn: expected one of the keys`);
    expect(stderr).toContain(`${bad}:2:12: admission: expected either tls or self_signed`);
    expect(stderr).toContain('none.yaml');
  });
});

function review(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path: '/mutate',
        method: 'POST',
        ca,
        servername: 'localhost',
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
      },
    );
    sent.on('error', reject);
    sent.end(REVIEW);
  });
}
