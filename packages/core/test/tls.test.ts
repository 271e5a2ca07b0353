import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';
import { clientTls, serverTls } from '../src/tls.ts';
import { tempFolder } from './temp-folder.ts';

const pem = (name: string): string => fileURLToPath(new URL(`../testdata/tls/${name}`, import.meta.url));

it('answers the same options until the files change', async () => {
  const folder = await tempFolder();
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  await copyFile(pem('server.crt'), files.certFile);
  await copyFile(pem('server.key'), files.keyFile);
  const clock = new FakeClock();
  const tls = serverTls(files, clock);
  const before = tls.current();
  await clock.advance(10_000);
  expect(tls.current()).toBe(before);

  await copyFile(pem('renewed.crt'), files.certFile);
  await clock.advance(10_000);
  expect(tls.current()).toBe(before);
  expect(tls.failure).toMatchObject({ code: 'TLS_INVALID' });

  await copyFile(pem('renewed.key'), files.keyFile);
  await clock.advance(10_000);
  expect(tls.current()).not.toBe(before);
  expect(tls.failure).toBeUndefined();
});

it('needs no file at all for a client, and passes on what is set', () => {
  const clock = new FakeClock();
  expect(clientTls({}, clock).current()).toEqual({ minVersion: 'TLSv1.2' });
  const options = clientTls({ caFile: pem('ca.crt'), serverName: 'es', insecureSkipVerify: true }, clock).current();
  expect(options).toMatchObject({ servername: 'es', rejectUnauthorized: false });
  expect(options.ca?.toString()).toContain('BEGIN CERTIFICATE');
});

it('takes PEM texts beside files, and versions', async () => {
  const ca = await readFile(pem('ca.crt'), 'utf8');
  const key = await readFile(pem('client.key'), 'utf8');
  const options = clientTls(
    { ca, certFile: pem('client.crt'), key, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
    new FakeClock(),
  ).current();
  expect(options).toMatchObject({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' });
  expect([options.ca, options.key].map(String)).toEqual([ca, key]);
});

it('refuses at first use what is no certificate', () => {
  const tls = clientTls(
    { caFile: pem('ca.crt'), certFile: pem('README.md'), keyFile: pem('client.key') },
    new FakeClock(),
  );
  expect(() => tls.current()).toThrow(expect.objectContaining({ code: 'TLS_INVALID' }));
});
