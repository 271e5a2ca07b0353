import { expect, it } from 'vitest';
import { corsHeaders } from '../../src/api/cors.ts';

it('says nothing where no origin may read', () => {
  expect(corsHeaders(undefined)('https://a.example')).toEqual({});
});

it('.* lets every page read, as Prometheus does by default', () => {
  const headers = corsHeaders('.*');
  expect(headers('https://a.example')).toEqual({
    vary: 'Origin',
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-expose-headers': 'Date',
  });
  expect(headers(undefined)).toEqual({ vary: 'Origin' });
});

it('an expression is of the whole origin', () => {
  const headers = corsHeaders('https://(a|b)\\.example');
  expect(headers('https://b.example')).toMatchObject({ 'access-control-allow-origin': 'https://b.example' });
  expect(headers('https://b.example.evil')).not.toHaveProperty('access-control-allow-origin');
});
