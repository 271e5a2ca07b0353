import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { FILE_CHECK_INTERVAL_MS } from '@vigie/core/reloaded-files';
import { expect, it } from 'vitest';
import { tempFolder } from '../temp-folder.ts';
import { ApiBed } from './api-bed.ts';
import { Authority } from './authority.ts';

async function commonName(port: number): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

it('shows the certificate of its files, also when another one has come', async () => {
  const folder = await tempFolder();
  const authority = await Authority.create('ca');
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  const put = async (name: string): Promise<void> => {
    const { cert, key } = await authority.issue({ subject: `CN=${name}`, use: 'server' });
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
  };
  await put('first');
  const bed = await ApiBed.start({ api: { certificate: { kind: 'files', files } } });
  const { port } = bed.api.address;
  expect(await commonName(port)).toBe('first');
  await put('second');
  await bed.clock.advance(FILE_CHECK_INTERVAL_MS);
  expect(await commonName(port)).toBe('second');
});
