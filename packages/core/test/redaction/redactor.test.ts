import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETECTORS, type DetectorName } from '../../src/redaction/detectors.ts';
import { Redactor } from '../../src/redaction/redactor.ts';

const ALL = Object.keys(DETECTORS) as readonly DetectorName[];

function redact(text: string, presets: readonly DetectorName[] = ALL): string {
  return new Redactor({ presets, patterns: [], hashKey: undefined }).redactText(text);
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

describe('redaction', () => {
  it.each([
    ['mail to bob.o+x@mail.example.co.uk, please', 'mail to [email], please'],
    ['<a@b.io> and "c_d@e-f.org".', '<[email]> and "[email]".'],
    ['user@localhost a@b.c @x.com x@ x@.com x@a..com', 'user@localhost a@b.c @x.com x@ x@.com x@a..com'],
    ['.a@b.com-', '.[email]-'],
    ['card 4111 1111 1111 1111 ok', 'card [card_number] ok'],
    ['4111-1111-1111-1111,378282246310005;5555555555554444', '[card_number],[card_number];[card_number]'],
    [
      '4111111111111112 1234567890123 id4111111111111111 4111111111111111x',
      '4111111111111112 1234567890123 id4111111111111111 4111111111111111x',
    ],
    ['0.4111111111111111 4111111111111111.5', '0.4111111111111111 4111111111111111.5'],
    ['4111 1111 1111 1111 12 4111111111111111 2', '[card_number] 12 [card_number] 2'],
    ['paid with 4111111111111111.', 'paid with [card_number].'],
    ['from 10.0.0.255:8080 to 192.168.1.1.', 'from [ipv4]:8080 to [ipv4].'],
    ['v1.2.3.4 1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.4a', 'v1.2.3.4 1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.4a'],
    ['at ::1, [2001:db8::ff00:42:8329]:443 and ::ffff:10.0.0.1', 'at [ipv6], [[ipv6]]:443 and [ipv6]'],
    ['10:00:01 a:b:c std::vector 1:2:3:4:5:6:7:8', '10:00:01 a:b:c std::vector [ipv6]'],
    ['Authorization: Bearer abc.DEF-123~/+==', 'Authorization: Bearer [bearer_token]'],
    ['bearer of bad news; BEARER: 0123456789', 'bearer of bad news; BEARER: [bearer_token]'],
    [`token=${JWT}&x=1`, 'token=[jwt]&x=1'],
    ['eyJhbGciOiJIUzI1NiJ9.nothing', 'eyJhbGciOiJIUzI1NiJ9.nothing'],
    ['key AKIAIOSFODNN7EXAMPLE!', 'key [aws_keys]!'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'aws_secret_access_key = [aws_keys]'],
    [
      'sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 xAKIAIOSFODNN7EXAMPLE',
      'sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 xAKIAIOSFODNN7EXAMPLE',
    ],
    ['nothing at all', 'nothing at all'],
    ['', ''],
  ])('%s', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  it('looks only for what it is told to', () => {
    expect(redact('a@b.io 10.0.0.1', ['ipv4'])).toBe('a@b.io [ipv4]');
  });

  it('replaces own patterns: the first group, or the whole match', () => {
    const redactor = new Redactor({
      presets: [],
      patterns: [
        { name: 'password', pattern: '(?i)password=(\\S+)' },
        { name: 'order', pattern: 'ORD-\\d+' },
      ],
      hashKey: undefined,
    });
    expect(redactor.redactText('Password=hunter2 for ORD-17 and ORD-18')).toBe(
      'Password=[password] for [order] and [order]',
    );
  });

  it('hashes with the key: equal values stay equal, others and other keys differ', () => {
    const hashed = (text: string, hashKey: string) =>
      new Redactor({ presets: ['email'], patterns: [], hashKey }).redactText(text);
    const both = hashed('a@b.io c@d.io a@b.io', 'k').split(' ');
    expect(both[0]).toMatch(/^\[email:[0-9a-f]{16}\]$/);
    expect(both[2]).toBe(both[0]);
    expect(both[1]).not.toBe(both[0]);
    expect(hashed('a@b.io', 'other')).not.toBe(both[0]);
  });

  it('replaces what overlaps once', () => {
    const redactor = new Redactor({
      presets: ['email'],
      patterns: [{ name: 'own', pattern: 'io and \\w+' }],
      hashKey: undefined,
    });
    expect(redactor.redactText('<a@b.io and more>')).toBe('<[email]>');
  });

  it('replaces the rest of a text that is full of findings, and takes no time that grows with their square', () => {
    const redactor = new Redactor({ presets: [], patterns: [{ name: 'x', pattern: 'x.*z|x' }], hashKey: undefined });
    const redacted = redactor.redactText('x'.repeat(200_000));
    expect(redacted).toBe('[x]'.repeat(1_000));
  });

  it('never leaves what it would find again, and keeps the rest', () => {
    const part = fc.constantFrom(
      ...['a@b.io', '4111111111111111', '10.0.0.1', '::1', JWT, 'Bearer abcdefgh1', 'AKIAIOSFODNN7EXAMPLE'],
      ...['@', '.', ':', '-', ' ', '1', 'a', 'é', 'eyJ', 'secret', '[', '"'],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join(' ');
        const once = redact(text);
        expect(redact(once)).toBe(once);
        const outside = once.split(/\[[a-z0-9_]+\]/);
        let at = 0;
        for (const piece of outside) {
          const next = text.indexOf(piece, at);
          expect(next).toBeGreaterThanOrEqual(at);
          at = next + piece.length;
        }
      }),
      { seed: 11, numRuns: 2_000 },
    );
  });
});
