import { describe, expect, it } from 'vitest';
import { chartedQuery, expressionOf } from '../../src/context/charted-query.ts';

describe('the expression of an alert', () => {
  it.each([
    ['http://prom.example/graph?g0.expr=up+%3E+1&g0.tab=1', 'up > 1'],
    ['https://grafana.example/explore?left=x', undefined],
    ['http://prom.example/graph?g0.expr=', undefined],
    ['', undefined],
  ])('is in its link: %s', (url, expression) => {
    expect(expressionOf(url)).toBe(expression);
  });
});

describe('what is drawn of it', () => {
  it.each([
    ['up == 0', 'up', '==', 0],
    ['rate(errors_total[5m]) > 0.5', 'rate(errors_total[5m])', '>', 0.5],
    ['5 * 60 < time() - last_success', 'time() - last_success', '>', 300],
    ['-1 >= temperature', 'temperature', '<=', -1],
    ['(a / b) > (10 / 100) and on (job) up == 1', 'a / b', '>', 0.1],
    ['(node_load1 > 2 ^ 3) unless silenced', 'node_load1', '>', 8],
  ])('is what it compares, with a threshold: %s', (expression, query, operator, value) => {
    expect(chartedQuery(expression)).toEqual({ query, threshold: { operator, value } });
  });

  it.each([
    ['a > b', 'a'],
    ['absent(up{job="x"})', 'absent(up{job="x"})'],
    ['up == bool 0', 'up == bool 0'],
    ['vector(1)', 'vector(1)'],
    ['a or b > 1', 'a or b > 1'],
  ])('has no threshold where there is no number to compare with: %s', (expression, query) => {
    expect(chartedQuery(expression)).toEqual({ query, threshold: undefined });
  });

  it.each(['up ==', '"text"', 'up[5m]'])('is nothing where there are no series: %s', (expression) => {
    expect(chartedQuery(expression)).toBeUndefined();
  });
});
