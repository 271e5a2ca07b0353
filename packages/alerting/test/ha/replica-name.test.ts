import { expect, it } from 'vitest';
import { replicaName } from '../../src/ha/replica-name.ts';

it.each([
  ['as configured', 'one', 'pod-1', 'one'],
  ['of the pod', undefined, 'vigie-alerting-0', 'vigie-alerting-0'],
  ['of a machine, as a name of Kubernetes', undefined, 'My_Host.example.', 'my-host-example'],
  ['the end of a long one', undefined, `${'x'.repeat(60)}-7d9f-abcde`, `${'x'.repeat(52)}-7d9f-abcde`],
])('a replica has a name %s', (_title, replica, POD_NAME, expected) => {
  expect(replicaName({ replica }, { POD_NAME })).toBe(expected);
});
