/** Real applications that write files, through the streaming sidecar and the node agent into OpenSearch: what they wrote is there, once. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import type { ContainerIdentity } from './container-log.ts';
import { putLogTemplate } from './data-stream.ts';
import { inForm } from './form.ts';
import { spawnLeashed, temporaryFolder } from './leash.ts';
import { commandExists, installDebianPackages } from './parts/debian.ts';
import { jdk } from './parts/java.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { type RealNginx, startNginx } from './parts/nginx.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { podSource } from './pod-logs.ts';
import { progress } from './progress.ts';
import { at } from './rest.ts';
import { StreamedPod } from './streamed-pod.ts';
import { NumberTally, untilStored, walk } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const TIMEOUT_MS = inForm(300_000, 900_000);
/** At least; as many as the load lasts. */
const ROTATIONS = 10;

let server: RealServer | undefined;
let nginx: RealNginx | undefined;
let agent: AgentProcess | undefined;
const pods: StreamedPod[] = [];
afterEach(async () => {
  await nginx?.stop();
  for (const pod of pods.splice(0)) await pod.stop();
  await agent?.kill9();
  await server?.stop();
  nginx = agent = server = undefined;
});

interface Stage {
  readonly folder: string;
  readonly root: string;
  readonly opensearch: RealServer;
  readonly agent: AgentProcess;
}

async function setStage(name: string, multiline: readonly string[]): Promise<Stage> {
  const opensearch = await startOpenSearch({ heap: '512m' });
  server = opensearch;
  await putLogTemplate(opensearch, { stream: STREAM });
  const folder = temporaryFolder(name);
  const root = join(folder, 'log');
  mkdirSync(root);
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(root) },
    ...(multiline.length === 0
      ? {}
      : { transforms: { traces: { type: 'multiline', inputs: ['pods'], preset: multiline } } }),
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: [multiline.length === 0 ? 'pods' : 'traces'],
        endpoints: [opensearch.url],
        data_stream: STREAM,
        // A line that is sent twice shows as two documents.
        id: 'none',
      },
    },
  });
  agent = await startAgent(configPath);
  return { folder, root, opensearch, agent };
}

function identity(pod: string): ContainerIdentity {
  return { namespace: 'shop', pod, podUid: `0f3b6c1e-58a2-4d27-9c40-${pod.padEnd(12, '0')}`, container: 'logs' };
}

function addPod(stage: Stage, name: string, options: readonly string[]): StreamedPod {
  const pod = new StreamedPod(stage.root, identity(name), options);
  pods.push(pod);
  return pod;
}

const once = { missing: [], doubled: [], foreign: 0 };

function found(tally: NumberTally): typeof once {
  return { missing: [...tally.missing()] as never[], doubled: [...tally.doubled()] as never[], foreign: tally.foreign };
}

test('every request to nginx is found once, and so is every error, while logrotate rotates both logs', {
  timeout: TIMEOUT_MS,
}, async () => {
  const requests = inForm(12_000, 100_000);
  const stage = await setStage('nginx', []);
  const logs = join(stage.folder, 'logs');
  mkdirSync(logs);
  nginx = await startNginx(stage.folder, logs);
  const pod = addPod(stage, 'nginx', [join(logs, '*.log'), '--shutdown-grace', '4s']);
  let rotations = 0;
  let sent = 0;
  let errors = 0;
  const { url } = nginx;
  const connections = new Agent({ keepAlive: true, maxSockets: 16 });
  const work = async (): Promise<void> => {
    while (sent < requests || rotations < ROTATIONS) {
      const n = sent++;
      // Every tenth is of a file that is not there, which is a line in both logs.
      if (n % 10 === 9) errors++;
      await request(`${url}/${n % 10 === 9 ? 'missing' : 'hit'}/${n}`, connections);
    }
  };
  const load = Promise.all(Array.from({ length: 16 }, work));
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  load.then(done, done);
  while (!isDone) {
    nginx.rotateLogs();
    rotations++;
    await new Promise((resolve) => setTimeout(resolve, 250));
    // An update of the pod's image, say: the next one goes on where this one ended.
    if (rotations === ROTATIONS / 2) {
      expect(await pod.terminateSidecar(), pod.words).toBe(0);
      pod.startSidecar();
    }
  }
  await load;
  connections.destroy();
  progress(`${sent} requests, ${rotations} rotations; left: ${readdirSync(logs).join(' ')}`);
  await untilStored(stage.opensearch, STREAM, sent + errors, () => `${pod.words}\n${stage.agent.logEnd()}`);
  expect(await pod.terminateSidecar(), pod.words).toBe(0);
  const access = new NumberTally(sent);
  const failed = new NumberTally(errors);
  await walk(stage.opensearch, STREAM, (source) => {
    const message = String(at(source, 'message'));
    const served = /^127\.0\.0\.1 - - \[.*\] "GET \/(?:hit|missing)\/(\d+) HTTP\/1\.1" (?:200|404) /.exec(message)?.[1];
    const missing = /^\d{4}\/.* \[error\] .*\/missing\/(\d+)" failed \(2: No such file or directory\)/.exec(
      message,
    )?.[1];
    if (served !== undefined) access.see(Number(served));
    else if (missing !== undefined) failed.see((Number(missing) - 9) / 10);
    // What startNginx asked for, and what nginx says of its own.
    else if (!/"GET \/ HTTP|\[notice\]|directory index of/.test(message)) access.see(undefined);
  });
  expect({ access: found(access), failed: found(failed) }).toEqual({ access: once, failed: once });
});

/** Numbered records; every tenth with a traceback of two chained exceptions. It opens its file again when that has another name. */
const PYTHON = `
import logging, logging.handlers, sys, time
log = logging.getLogger()
log.setLevel(logging.INFO)
handler = logging.handlers.WatchedFileHandler(sys.argv[1])
handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s'))
log.addHandler(handler)
def inner(n):
    raise ValueError(f'bad order {n}')
def outer(n):
    try:
        inner(n)
    except ValueError as error:
        raise RuntimeError(f'order {n} failed') from error
for n in range(int(sys.argv[2])):
    if n % 10 != 9:
        log.info('order %d paid', n)
    else:
        try:
            outer(n)
        except RuntimeError:
            log.exception('order %d broken', n)
    if n % 50 == 0:
        time.sleep(0.01)
`;

/** The same in Java, with causes. */
const JAVA = `
import java.io.*;
public class Orders {
  static void find(int n) { throw new IllegalArgumentException("bad order " + n); }
  public static void main(String[] args) throws Exception {
    PrintStream log = new PrintStream(new FileOutputStream(args[0], true), false, "UTF-8");
    for (int n = 0; n < Integer.parseInt(args[1]); n++) {
      if (n % 10 != 9) log.println("2026-11-29 INFO order " + n + " paid");
      else {
        log.println("2026-11-29 ERROR order " + n + " broken");
        try { try { find(n); } catch (RuntimeException e) { throw new IllegalStateException("order " + n + " failed", e); } }
        catch (IllegalStateException e) { e.printStackTrace(log); }
      }
      log.flush();
      if (n % 50 == 0) Thread.sleep(10);
    }
  }
}
`;

test('a stack trace of Python or Java is one document, and every record is found once', {
  timeout: TIMEOUT_MS,
}, async () => {
  const records = inForm(10_000, 50_000);
  if (!commandExists('python3')) installDebianPackages(['python3-minimal'], 'tracebacks are written by Python');
  const stage = await setStage('traces', ['python', 'java']);
  const { folder } = stage;
  const logs = join(folder, 'logs');
  mkdirSync(join(logs, 'python'), { recursive: true });
  mkdirSync(join(logs, 'java'));
  const script = join(folder, 'orders.py');
  writeFileSync(script, PYTHON);
  writeFileSync(join(folder, 'Orders.java'), JAVA);
  expect(spawnSync(jdk().javac, ['-d', folder, join(folder, 'Orders.java')], { encoding: 'utf8' })).toMatchObject({
    status: 0,
  });
  const python = addPod(stage, 'python', [join(logs, 'python', '*.log'), '--rotate', '64KiB', '--keep', '1']);
  const java = addPod(stage, 'java', [join(logs, 'java', '*.log')]);
  const programs = [
    spawnLeashed('python3', [script, join(logs, 'python', 'app.log'), String(records)], { stdio: 'inherit' }),
    spawnLeashed(jdk().java, ['-cp', folder, 'Orders', join(logs, 'java', 'app.log'), String(records)], {
      stdio: 'inherit',
    }),
  ];
  const codes = programs.map((program) => new Promise((resolve) => program.once('exit', resolve)));
  expect(await Promise.all(codes)).toEqual([0, 0]);
  const traces = records / 10;
  await untilStored(
    stage.opensearch,
    STREAM,
    2 * (records + traces),
    () => `${python.words}${java.words}\n${stage.agent.logEnd()}`,
  );
  for (const pod of [python, java]) expect(await pod.terminateSidecar(), pod.words).toBe(0);
  const tallies = { python: new NumberTally(records), java: new NumberTally(records) };
  const traced = { python: new NumberTally(traces), java: new NumberTally(traces) };
  await walk(stage.opensearch, STREAM, (source) => {
    const message = String(at(source, 'message'));
    const of = at(source, 'kubernetes', 'pod', 'name') === 'java' ? 'java' : 'python';
    const line = /^2026-[^\n]* (?:INFO|ERROR) order (\d+) (?:paid|broken)$/.exec(message)?.[1];
    if (line !== undefined) tallies[of].see(Number(line));
    else traced[of].see(traceNumber(message));
  });
  const kept = readdirSync(join(logs, 'python')).filter((name) => name.startsWith('app.log-'));
  progress(`2 times ${records} records; ${kept.length} rotated files of Python's are left`);
  const all = {
    tallies: { python: found(tallies.python), java: found(tallies.java) },
    traced: { python: found(traced.python), java: found(traced.java) },
  };
  expect(all).toEqual({ tallies: { python: once, java: once }, traced: { python: once, java: once } });
  expect(kept.length).toBeGreaterThan(0);
});

/** @returns which trace it is, where it is a whole one */
function traceNumber(message: string): number | undefined {
  const python =
    /^Traceback \(most recent call last\):\n {2}File [\s\S]*\nValueError: bad order (\d+)\n\nThe above exception was the direct cause[\s\S]*\nRuntimeError: order \1 failed$/;
  const java =
    /^java\.lang\.IllegalStateException: order (\d+) failed\n\tat Orders\.main\([\s\S]*\nCaused by: java\.lang\.IllegalArgumentException: bad order \1\n\tat Orders\.find\([\s\S]*\.\.\. 1 more$|^java\.lang\.IllegalStateException: order (\d+) failed\n\tat Orders\.main\([\s\S]*\nCaused by: java\.lang\.IllegalArgumentException: bad order \2\n\tat Orders\.find\([\s\S]*Orders\.java:\d+\)$/;
  const match = python.exec(message) ?? java.exec(message);
  const n = match?.[1] ?? match?.[2];
  return n === undefined ? undefined : (Number(n) - 9) / 10;
}

function request(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once('end', resolve);
    }).once('error', reject);
  });
}
