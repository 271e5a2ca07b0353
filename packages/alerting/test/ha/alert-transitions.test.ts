import { describe, expect, it } from 'vitest';
import { AlertTransitions } from '../../src/ha/alert-transitions.ts';
import { posted } from '../alerts/alerts.ts';
import { MINUTE, SECOND } from '../lab.ts';

const at = (startsAtMs: number, endsAtMs: number) => posted({ alertname: 'A' }, { startsAtMs, endsAtMs });

describe('transitions of alerts', () => {
  it('are a new alert, its end, and its coming again; not that it goes on', () => {
    const transitions = new AlertTransitions();
    expect(transitions.isNews(at(0, 4 * MINUTE), 0)).toBe(true);
    expect(transitions.isNews(at(0, 5 * MINUTE), MINUTE)).toBe(false);
    expect(transitions.isNews(at(0, 2 * MINUTE), 2 * MINUTE)).toBe(true);
    expect(transitions.isNews(at(0, 2 * MINUTE), 3 * MINUTE)).toBe(false);
    expect(transitions.isNews(at(4 * MINUTE, 8 * MINUTE), 4 * MINUTE)).toBe(true);
  });

  it('are told again before the end that others know of', () => {
    const transitions = new AlertTransitions();
    transitions.isNews(at(0, 4 * MINUTE), 0);
    transitions.isNews(at(0, 5 * MINUTE), MINUTE);
    expect(transitions.takeDue(2 * MINUTE)).toEqual([]);
    transitions.isNews(at(0, 6 * MINUTE), 2 * MINUTE);
    expect(transitions.takeDue(2 * MINUTE + 30 * SECOND)).toEqual([at(0, 6 * MINUTE)]);
    expect(transitions.takeDue(3 * MINUTE)).toEqual([]);
  });

  it('are not told again where others have told of it since, or where it is over', () => {
    const transitions = new AlertTransitions();
    transitions.isNews(at(0, 4 * MINUTE), 0);
    transitions.isNews(at(0, 5 * MINUTE), MINUTE);
    transitions.note(at(0, 6 * MINUTE));
    expect(transitions.takeDue(3 * MINUTE)).toEqual([]);
    transitions.retain(new Set());
    expect(transitions.isNews(at(0, 7 * MINUTE), 3 * MINUTE)).toBe(true);
  });
});
