import { expect, test } from 'vitest';
import { reviewToken } from '../src/token-review.ts';
import { clientOf, never, startServer } from './fixture.ts';

const user = {
  username: 'system:serviceaccount:shop:web',
  uid: 'u1',
  groups: ['a', 'b'],
  extra: { Scopes: ['x', 'y'] },
};

async function verdictOf(status: object) {
  const server = await startServer({ reviews: { token: () => status, access: () => ({}) } });
  const { client } = clientOf(server.config());
  const verdict = await reviewToken(client, 'secret', never);
  return { verdict, sent: server.requests.at(-1) };
}

test('a token that is known names its user', async () => {
  const { verdict, sent } = await verdictOf({ authenticated: true, user });
  expect(verdict).toEqual({
    status: 'authenticated',
    user: { name: 'system:serviceaccount:shop:web', uid: 'u1', groups: ['a', 'b'], extra: { scopes: ['x', 'y'] } },
  });
  expect(sent).toMatchObject({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { kind: 'TokenReview', spec: { token: 'secret' } },
  });
});

test.each([
  ['says why', { authenticated: false, error: 'token expired' }, { status: 'unknown', detail: 'token expired' }],
  ['says nothing', {}, { status: 'unknown', detail: 'the token is not known' }],
  ['names nobody', { authenticated: true, user: {} }, { status: 'failed', reason: 'protocol' }],
])('an answer that %s authenticates nobody', async (_what, status, expected) => {
  expect((await verdictOf(status)).verdict).toMatchObject(expected);
});

test('a refusal of the API server is none of the token', async () => {
  const server = await startServer();
  server.refuse({ verb: 'create', status: 403, reason: 'Forbidden', message: 'no tokenreviews for you' });
  const { client } = clientOf(server.config());
  expect(await reviewToken(client, 'secret', never)).toMatchObject({ status: 'refused', httpStatus: 403 });
});
