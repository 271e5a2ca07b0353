import { describe, expect, it } from 'vitest';
import { formatHostPort, isLoopback, parseHostPort } from '../src/host-port.ts';

describe('parseHostPort', () => {
  it.each([
    ['127.0.0.1:9880', { host: '127.0.0.1', port: 9880 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    [':9880', { host: '', port: 9880 }],
    ['node-1.example:65535', { host: 'node-1.example', port: 65_535 }],
  ])('reads %s, and writes it back', (text, expected) => {
    const address = parseHostPort(text);
    expect(address).toEqual(expected);
    expect(address && formatHostPort(address)).toBe(text);
  });

  it.each([
    '',
    '9880',
    '127.0.0.1',
    '::1:80',
    '[127.0.0.1]:80',
    'a:65536',
    'a:-1',
    'http://a:1',
    'a b:1',
    'a:1 ',
  ])('refuses %j', (text) => {
    expect(parseHostPort(text)).toBeUndefined();
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', 'localhost'])('holds for %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', '', '::ffff:10.0.0.1'])('does not hold for %j', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
