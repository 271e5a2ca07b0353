import { describe, expect, it } from 'vitest';
import { CpuCollector, parseCpuList, parseCpuTicks, SteadyCpuTicks } from '../../../src/host-metrics/collectors/cpu.ts';
import { recordedHost } from '../recorded-host.ts';

describe('CPU times', () => {
  it('are zero in the columns that an old kernel does not have', () => {
    expect(parseCpuTicks('cpu  5 6\ncpu0 1 2 3 4\ncpufreq 1\n')).toEqual(
      new Map([['0', [1, 2, 3, 4, 0, 0, 0, 0, 0, 0]]]),
    );
  });

  it('never go back, except for a CPU that was taken out and put in again', () => {
    const steady = new SteadyCpuTicks();
    const shown = (line: string): number[] => [...(steady.advance(parseCpuTicks(line)).get('0') ?? [])].slice(0, 5);
    expect(shown('cpu0 10 0 20 5000 70')).toEqual([10, 0, 20, 5000, 70]);
    expect(shown('cpu0 11 0 20 4999 60')).toEqual([11, 0, 20, 5000, 70]);
    expect(shown('cpu0 11 0 21 5002 71')).toEqual([11, 0, 21, 5002, 71]);
    expect(shown('cpu0 1 0 2 3 4')).toEqual([1, 0, 2, 3, 4]);
  });

  it.each([
    ['', []],
    ['2\n', [2]],
    ['1,3-5', [1, 3, 4, 5]],
  ])('the list %j is %j', (list, cpus) => expect(parseCpuList(list)).toEqual(cpus));

  it('come with throttling, once for each core and package, and with isolated CPUs', async () => {
    const families = await new CpuCollector().collect(recordedHost('metal'));
    const shown = Object.fromEntries(
      families.map(({ name, samples }) => [
        name,
        samples.map(({ labels, value }) => `${labels.map(([, text]) => text).join('/')}=${value}`),
      ]),
    );
    expect(shown).toMatchObject({
      node_cpu_isolated: ['1=1', '3=1', '4=1', '5=1'],
      node_cpu_core_throttles_total: ['0/0=5', '0/1=6', '1/0=7'],
      node_cpu_package_throttles_total: ['0=30'],
    });
  });
});
