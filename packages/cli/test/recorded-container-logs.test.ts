/** Lines of container runtimes, as the decoder of the agent reads them. */
import { describe, expect, it } from 'vitest';
import { recordedContainerLogs } from '../src/recorded-container-logs.ts';

const TIME = '2026-11-21T03:10:00.123456789Z';

describe('recorded logs of containers', () => {
  const logs = recordedContainerLogs();
  const decoded = (text: string) => {
    const line = logs.decode(Buffer.from(text));
    return line && { ...line, message: Buffer.from(line.message).toString() };
  };

  it('are decoded a line at a time', () => {
    expect(decoded(`${TIME} stdout F hello`)).toEqual({
      time: TIME,
      stream: 'stdout',
      message: 'hello',
      isFragment: false,
    });
    expect(decoded(`${TIME} stderr P hällo `)).toEqual({
      time: TIME,
      stream: 'stderr',
      message: 'hällo ',
      isFragment: true,
    });
    expect(decoded(`${TIME} stdout F `)).toMatchObject({ message: '' });
    expect(decoded(`${TIME} stdout F:tag x y`)).toMatchObject({ message: 'x y' });
  });

  it.each(['', 'hello', `${TIME} stdin F x`, `${TIME} stdout`, '\u0000\u0001'])('are none: %j', (text) => {
    expect(decoded(text)).toBeUndefined();
  });

  it('have lines of up to a MiB', () => {
    expect(decoded(`${TIME} stdout F ${'x'.repeat(1_000_000)}`)?.message).toHaveLength(1_000_000);
    expect(decoded(`${TIME} stdout F ${'x'.repeat(2 ** 20)}`)).toBeUndefined();
  });

  it('are of the container that their path names', () => {
    expect(logs.labelsOf('/var/log/pods/shop_web-1_0e1c/app/0.log')).toEqual({
      namespace: 'shop',
      pod: 'web-1',
      container: 'app',
    });
    const link = `night/web-1_shop_app-${'0'.repeat(64)}.log`;
    expect(logs.labelsOf(link)).toEqual({ namespace: 'shop', pod: 'web-1', container: 'app' });
    expect(logs.labelsOf('/tmp/app.log')).toEqual({});
  });
});
