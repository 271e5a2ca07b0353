import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { authoritiesOf, lastChainEnd } from '../../src/probe/verified-chain.ts';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const DAY_MS = 86_400_000;

const keys = new Map<string, webcrypto.CryptoKeyPair>();
let serial = 1;

/** @param days that it has from now on */
async function certificate(subject: string, issuer: string, days: number): Promise<X509Certificate> {
  const [own, signing] = [keys.get(subject), keys.get(issuer)];
  if (own === undefined || signing === undefined) throw new Error('no such key');
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: String(serial++).padStart(2, '0'),
      subject: `CN=${subject}`,
      issuer: `CN=${issuer}`,
      notBefore: new Date(NOW_MS - 100 * DAY_MS),
      notAfter: new Date(NOW_MS + days * DAY_MS),
      publicKey: own.publicKey,
      signingKey: signing.privateKey,
      signingAlgorithm: { ...KEY, hash: 'SHA-256' },
      extensions: [new BasicConstraintsExtension(subject !== 'shop', undefined, true)],
    },
    webcrypto,
  );
  return new X509Certificate(made.toString('pem'));
}

function daysUntil(endMs: number | undefined): number | undefined {
  return endMs === undefined ? undefined : (endMs - NOW_MS) / DAY_MS;
}

describe('the end of the chains that a certificate was verified by', () => {
  let own: X509Certificate;
  let middle: X509Certificate;
  let root: X509Certificate;
  beforeAll(async () => {
    for (const name of ['shop', 'middle', 'root', 'older'])
      keys.set(name, (await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair);
    own = await certificate('shop', 'middle', 90);
    middle = await certificate('middle', 'root', 60);
    root = await certificate('root', 'root', 30);
  });

  it('is that of its first certificate, the root included, which no server has to send', () => {
    expect(daysUntil(lastChainEnd([own, middle], [root], NOW_MS))).toBe(30);
  });

  it('leaves out what was sent and has expired, where the chain goes on without it', async () => {
    const crossSigned = await certificate('root', 'older', -1);
    const older = await certificate('older', 'older', -1);
    expect(daysUntil(lastChainEnd([own, middle, crossSigned], [root, older], NOW_MS))).toBe(30);
  });

  it('is that of the chain that ends last, of several', async () => {
    const crossSigned = await certificate('root', 'older', 50);
    const older = await certificate('older', 'older', 55);
    expect(daysUntil(lastChainEnd([own, crossSigned, middle], [root, older], NOW_MS))).toBe(50);
  });

  it('is that of a certificate that is trusted itself', () => {
    expect(daysUntil(lastChainEnd([own], [own], NOW_MS))).toBe(90);
  });

  it('is not known where no authority is', () => {
    expect(lastChainEnd([own, middle], [], NOW_MS)).toBeUndefined();
  });

  it('is looked for among the authorities of a file, or those that Node.js brings', () => {
    const bundle = Buffer.from(`# two\n${root.toString()}\n${middle.toString()}`);
    expect(authoritiesOf({ ca: bundle }).map(({ subject }) => subject)).toEqual(['CN=root', 'CN=middle']);
    expect(authoritiesOf({}).length).toBeGreaterThan(50);
    expect(authoritiesOf({})).toBe(authoritiesOf({}));
  });
});
