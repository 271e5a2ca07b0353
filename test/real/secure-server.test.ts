/** TLS, users and rights by OpenSearch's own security plugin. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { readDeadLetters } from './dead-letters.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { CERTIFIED_USER, SECURE_USERS, type SecureServer, startSecureOpenSearch } from './parts/secure-opensearch.ts';
import { everyRecordOnce, findRecords, podSource, writePodLogs } from './pod-logs.ts';
import { ask } from './rest.ts';
import { countDocuments, untilStored } from './walk.ts';

const RECORDS = 5000;

let server: SecureServer;
beforeAll(async () => {
  server = await startSecureOpenSearch();
});
afterAll(() => server?.stop());

let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  agent = undefined;
});

/** Starts an agent with numbered lines to ship to a stream of its own. */
async function ship(stream: string, sink: object) {
  await putLogTemplate(server, { stream });
  const folder = temporaryFolder('secure');
  const logs = writePodLogs(folder, RECORDS);
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(logs.root) },
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: ['pods'],
        endpoints: [server.url],
        data_stream: stream,
        dead_letter: { path: deadLetters },
        ...sink,
      },
    },
  });
  agent = await startAgent(configPath);
  return { agent, logs, folder, deadLetters };
}

function passwordFile(password: string): string {
  const path = join(temporaryFolder('password'), 'password');
  writeFileSync(path, `${password}\n`);
  return path;
}

test('the wrong password holds everything and says so on /readyz; the right one in the same file lets it go on', async () => {
  const stream = 'logs-password-default';
  const path = passwordFile('wrong');
  const shipping = await ship(stream, {
    tls: { ca_file: server.authority.caFile },
    auth: { basic: { user: SECURE_USERS.shipper.user, password_file: path } },
  });
  const readiness = await until(
    '/readyz to say why',
    60_000,
    async () => {
      const { status, text } = await shipping.agent.readiness();
      return status === 503 ? text : undefined;
    },
    shipping.agent.logEnd,
  );
  expect(readiness).toMatch(/sink es: held \(credentials\)/);
  expect(await shipping.agent.metric('vigie_agent_sink_held', { sink: 'es', reason: 'credentials' })).toBe(1);
  expect(await countDocuments(server, stream)).toBe(0);
  expect(shipping.agent.log()).not.toContain('wrong"');

  writeFileSync(path, `${SECURE_USERS.shipper.password}\n`);
  await untilStored(server, stream, RECORDS, shipping.agent.logEnd);
  await until('/readyz to be content', 60_000, async () =>
    (await shipping.agent.readiness()).status === 200 ? true : undefined,
  );
  expect(await shipping.agent.metric('vigie_agent_sink_held', { sink: 'es', reason: 'credentials' })).toBe(0);
  expect(await shipping.agent.terminate(), shipping.agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(server, stream, shipping.logs)).toEqual(everyRecordOnce(shipping.logs));
  expect(readDeadLetters(shipping.deadLetters)).toEqual([]);
});

test('a client certificate is enough', async () => {
  const stream = 'logs-certificate-default';
  const { certFile, keyFile } = server.authority.issue(CERTIFIED_USER);
  const shipping = await ship(stream, {
    tls: { ca_file: server.authority.caFile, cert_file: certFile, key_file: keyFile },
  });
  await untilStored(server, stream, RECORDS, shipping.agent.logEnd);
  expect(await shipping.agent.terminate(), shipping.agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(server, stream, shipping.logs)).toEqual(everyRecordOnce(shipping.logs));
});

test('a server whose certificate no known authority signed gets nothing', async () => {
  const stream = 'logs-stranger-default';
  const shipping = await ship(stream, { auth: { basic: SECURE_USERS.shipper } });
  await until(
    'the agent to name the certificate',
    60_000,
    () => (/certificate/i.test(shipping.agent.log()) ? true : undefined),
    shipping.agent.logEnd,
  );
  expect(await countDocuments(server, stream)).toBe(0);
});

test('records that a user may not write, 403 an item, go to the dead letters with the reason', async () => {
  // The user's rights are for logs-*.
  const stream = 'audit-kubernetes-default';
  await putLogTemplate(server, { stream });
  await ask(server, 'PUT', `/_data_stream/${stream}`);
  const shipping = await ship(stream, {
    tls: { ca_file: server.authority.caFile },
    auth: { basic: SECURE_USERS.shipper },
  });
  const letters = await until(
    `${RECORDS} dead letters`,
    60_000,
    () => {
      const found = readDeadLetters(shipping.deadLetters);
      return found.length >= RECORDS ? found : undefined;
    },
    shipping.agent.logEnd,
  );
  expect(letters).toHaveLength(RECORDS);
  for (const { status, error } of letters) {
    expect(status).toBe(403);
    expect(error).toMatch(/security_exception.*no permissions for \[indices:data\/write\/bulk/);
  }
  expect(await countDocuments(server, stream)).toBe(0);
  const [row] = await shipping.agent.ledger();
  expect(row).toMatchObject({
    readBytes: row?.droppedBytes.dead_letter,
    ackedBytes: 0,
    inFlightBytes: 0,
    lostBytes: {},
  });
});
