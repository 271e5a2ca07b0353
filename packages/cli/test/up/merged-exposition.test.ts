import { expect, it } from 'vitest';
import { mergedExposition } from '../../src/up/merged-exposition.ts';

const collector = `# HELP evaluations Evaluations of rules.
# TYPE evaluations counter
evaluations{rule_group="a.yml;a"} 3

# HELP last_seconds When.
# TYPE last_seconds gauge
last_seconds{rule_group="a.yml;a"} 100
`;
const alerting = `# HELP evaluations Evaluations of rules.
# TYPE evaluations counter
evaluations{rule_group="a.yml;a"} 4
evaluations{rule_group="b c.yml;b"} 1

# HELP last_seconds When.
# TYPE last_seconds gauge
last_seconds{rule_group="a.yml;a"} 90

# HELP own Of alerting alone.
# TYPE own histogram
own_bucket{le="+Inf"} 2
own_sum 0.5
own_count 2
`;

it('has each metric once: what counts is added up, and the largest of gauges holds', () => {
  expect(mergedExposition([collector, alerting])).toBe(`# HELP evaluations Evaluations of rules.
# TYPE evaluations counter
evaluations{rule_group="a.yml;a"} 7
evaluations{rule_group="b c.yml;b"} 1

# HELP last_seconds When.
# TYPE last_seconds gauge
last_seconds{rule_group="a.yml;a"} 100

# HELP own Of alerting alone.
# TYPE own histogram
own_bucket{le="+Inf"} 2
own_sum 0.5
own_count 2
`);
});

it('leaves what one part tells as it is', () => {
  expect(mergedExposition([alerting])).toBe(alerting);
  expect(mergedExposition([])).toBe('');
});
