import { describe, expect, it } from 'vitest';
import { decodeBatches, encodeBatch, sharedObjectBody, sharedObjectForm } from '../../src/ha/shared-object.ts';

const PLACE = { namespace: 'mon', name: 'alerts', replica: 'a' };
const LINES = [
  { version: 7, record: '{"kind":"group"}' },
  { version: 1.5, record: '{"text":"é"}' },
];

describe('an object that replicas share', () => {
  it('has batches one behind the other, which are read from any of them on', async () => {
    const [first, second] = await Promise.all([encodeBatch(LINES), encodeBatch(LINES.slice(1))]);
    const body = sharedObjectBody(PLACE, 3, Buffer.concat([first, second]), undefined);
    expect(body).toMatchObject({
      metadata: {
        name: 'alerts-state-a-3',
        namespace: 'mon',
        labels: { 'vigie.io/alerting': 'alerts', 'vigie.io/replica': 'a', 'vigie.io/format': '1' },
      },
    });
    const metadata = { ...Reflect.get(body, 'metadata'), uid: 'u', resourceVersion: '7' };
    const { bytes, ...object } = sharedObjectForm.decode({ ...body, metadata });
    expect(object).toEqual({ uid: 'u', name: 'alerts-state-a-3', version: '7', replica: 'a' });
    expect(decodeBatches(bytes)).toEqual({ lines: [...LINES, LINES[1]], damaged: 0 });
    expect(decodeBatches(bytes.subarray(first.length))).toEqual({ lines: [LINES[1]], damaged: 0 });
    expect(decodeBatches(Buffer.alloc(0))).toEqual({ lines: [], damaged: 0 });
  });

  it('counts what is damaged', () => {
    expect(decodeBatches(Buffer.from('no gzip'))).toEqual({ lines: [], damaged: 1 });
  });

  it.each([
    undefined,
    {},
    { metadata: { name: 'x', uid: 'u', labels: { 'vigie.io/replica': 'a', 'vigie.io/format': '2' } } },
  ])('refuses another, or one of a later version: %j', (object) => {
    expect(() => sharedObjectForm.decode(object)).toThrow('a ConfigMap without the state of alerts');
  });
});
