import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { durationOptionOf } from '../src/command-line.ts';

describe('durationOptionOf', () => {
  const command = (): Command =>
    new Command('backtest')
      .exitOverride()
      .addOption(durationOptionOf('--since <duration>', 'how far back', 604_800_000));

  it('shows its default in help as people write durations', () => {
    expect(command().helpInformation()).toContain('how far back (default: 1w)');
  });

  it('is the default, or what is asked for, in milliseconds', () => {
    expect(command().parse([], { from: 'user' }).opts()).toEqual({ since: 604_800_000 });
    expect(command().parse(['--since', '1h30m'], { from: 'user' }).opts()).toEqual({ since: 5_400_000 });
  });

  it('refuses what is no duration', () => {
    const silent = command().configureOutput({ writeErr: () => undefined });
    expect(() => silent.parse(['--since', 'soon'], { from: 'user' })).toThrow(
      /expected a duration such as 15s or 1h30m/,
    );
  });
});
