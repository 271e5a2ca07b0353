import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/metrics-api/certificate-chain.ts';
import { Authority } from './authority.ts';

const MINUTE_MS = 60_000;
const ended = { fromMs: -10 * MINUTE_MS, untilMs: -MINUTE_MS };
const toCome = { fromMs: MINUTE_MS, untilMs: 10 * MINUTE_MS };
const present = { fromMs: -MINUTE_MS, untilMs: 10 * MINUTE_MS };

describe('a certificate of an authority that was renewed with its key', () => {
  it.each([
    ['beside the one that has ended', [ended, present], 'trusted'],
    ['before it', [present, ended], 'trusted'],
    ['beside the one that is to come', [toCome, present], 'trusted'],
    ['alone where it has ended', [ended], 'untrusted'],
    ['alone where it is to come', [toCome], 'untrusted'],
  ] as const)('%s', async (_what, times, status) => {
    const authority = await Authority.create('kubernetes-ca');
    const leaf = new X509Certificate((await authority.issue({ subject: 'CN=kim' })).cert);
    const authorities = await Promise.all(times.map(async (one) => new X509Certificate(await authority.renewed(one))));
    expect(verifyChain(leaf, authorities, Date.now())).toMatchObject({ status });
  });
});
