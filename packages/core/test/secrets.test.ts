import { rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';
import { SecretFile } from '../src/secrets.ts';
import { tempFolder } from './temp-folder.ts';

it('trims the secret, and reads it again when the file has changed', async () => {
  const path = join(await tempFolder(), 'password');
  await writeFile(path, 'first\n');
  const clock = new FakeClock();
  const secret = new SecretFile(path, clock);
  expect(secret.value()).toBe('first');
  await writeFile(path, ' second \n');
  expect(secret.value()).toBe('first');
  await clock.advance(10_000);
  expect(secret.value()).toBe('second');
});

it('sees a Secret that the kubelet swaps through a symbolic link', async () => {
  const folder = await tempFolder();
  const link = join(folder, 'token');
  await writeFile(join(folder, 'v1'), 'one');
  await writeFile(join(folder, 'v2'), 'two');
  await symlink('v1', link);
  const clock = new FakeClock();
  const secret = new SecretFile(link, clock);
  expect(secret.value()).toBe('one');
  await symlink('v2', `${link}.new`);
  await rename(`${link}.new`, link);
  await clock.advance(10_000);
  expect(secret.value()).toBe('two');
});

it('keeps the last secret while the file is gone or empty, and says why', async () => {
  const path = join(await tempFolder(), 'password');
  await writeFile(path, 'first');
  const clock = new FakeClock();
  const secret = new SecretFile(path, clock);
  secret.value();
  await unlink(path);
  await clock.advance(10_000);
  expect(secret.value()).toBe('first');
  expect(secret.failure).toMatchObject({ code: 'FILE_UNREADABLE' });
  await writeFile(path, '\n');
  await clock.advance(10_000);
  expect(secret.value()).toBe('first');
  expect(secret.failure).toMatchObject({ code: 'SECRET_EMPTY' });
  await writeFile(path, 'third');
  await clock.advance(10_000);
  expect(secret.value()).toBe('third');
  expect(secret.failure).toBeUndefined();
});

it('throws while there has been no secret', async () => {
  const path = join(await tempFolder(), 'password');
  const secret = new SecretFile(path, new FakeClock());
  expect(() => secret.value()).toThrow(
    expect.objectContaining({ code: 'FILE_UNREADABLE', message: `cannot read ${path}` }),
  );
  await writeFile(path, 'now');
  expect(secret.value()).toBe('now');
  await rm(path);
});
