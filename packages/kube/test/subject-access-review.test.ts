import { expect, test } from 'vitest';
import { type AccessQuestion, reviewAccess } from '../src/subject-access-review.ts';
import { clientOf, never, startServer } from './fixture.ts';

const USER = { name: 'kim', uid: 'u1', groups: ['devs'], extra: { scopes: ['x'] } };
const RESOURCE: AccessQuestion = {
  kind: 'resource',
  verb: 'get',
  group: 'custom.metrics.k8s.io',
  version: 'v1beta2',
  resource: 'pods',
  subresource: 'requests',
  name: '*',
  namespace: 'shop',
};

async function ask(question: AccessQuestion, status: object) {
  const specs: unknown[] = [];
  const access = (spec: unknown): object => {
    specs.push(spec);
    return status;
  };
  const server = await startServer({ reviews: { token: () => ({}), access } });
  const { client } = clientOf(server.config());
  return { verdict: await reviewAccess(client, USER, question, never), spec: specs[0] };
}

test('asks about a resource with all that says who asks', async () => {
  const { verdict, spec } = await ask(RESOURCE, { allowed: true });
  expect(verdict).toEqual({ status: 'allowed' });
  expect(spec).toEqual({
    user: 'kim',
    uid: 'u1',
    groups: ['devs'],
    extra: { scopes: ['x'] },
    resourceAttributes: {
      verb: 'get',
      group: 'custom.metrics.k8s.io',
      version: 'v1beta2',
      resource: 'pods',
      subresource: 'requests',
      name: '*',
      namespace: 'shop',
    },
  });
});

test('asks about a path', async () => {
  const { spec } = await ask({ kind: 'path', verb: 'get', path: '/apis' }, { allowed: true });
  expect(spec).toMatchObject({ nonResourceAttributes: { path: '/apis', verb: 'get' } });
});

test.each([
  ['not allowed', { allowed: false, reason: 'no RBAC' }, 'no RBAC'],
  ['denied, whatever else', { allowed: true, denied: true }, ''],
  ['no answer', {}, ''],
])('%s is denied', async (_what, status, reason) => {
  expect((await ask(RESOURCE, status)).verdict).toEqual({ status: 'denied', reason });
});
