/** What a scenario expects, held against what has come: pure. */
import { formatDuration } from '@vigie/core/durations';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { matchRoutes, type Route } from '../routing/route.ts';
import { areLike, describeAlert, isLike } from './alert-pattern.ts';
import type { ScenarioOutcome } from './run-scenario.ts';
import type { ExpectedNotification, Reason, Scenario, UntoldAlert } from './scenario.ts';
import type { ToldNotification } from './scenario-receivers.ts';

/** @param root of the routes
 *  @returns what is not as expected, each with its place; none where all is */
export function checkOutcome(scenario: Scenario, outcome: ScenarioOutcome, root: Route): readonly string[] {
  const { notified, notNotified, place, name } = scenario;
  const unexpected = new Set(outcome.told.filter((one) => isChecked(one, scenario)));
  const failures: string[] = outcome.errors.map((error) => `${place}: ${name}: ${error}`);
  for (const expected of notified) {
    const found = outcome.told.filter((one) => isExpected(one, expected));
    for (const one of found) unexpected.delete(one);
    if (found.length === 0) failures.push(missing(name, expected, outcome.told));
    else failures.push(...found.flatMap((one) => missingTexts(name, expected, one)));
  }
  if (unexpected.size > 0) {
    const lines = Array.from(unexpected, (one) => `\n        ${describeTold(one)}`);
    failures.push(`${place}: ${name}: expected no other notifications, got${lines.join('')}`);
  }
  for (const untold of notNotified) failures.push(...checkUntold(name, untold, outcome, root));
  return failures;
}

function isChecked({ receiver }: ToldNotification, { receivers }: Scenario): boolean {
  return receivers === undefined || receivers.includes(receiver);
}

function isExpected(told: ToldNotification, expected: ExpectedNotification): boolean {
  return (
    told.atMs === expected.atMs &&
    told.receiver === expected.receiver &&
    (expected.integration === undefined || told.kind === expected.integration) &&
    areLike(expected.firing, told.firing) &&
    areLike(expected.resolved, told.resolved)
  );
}

function missing(name: string, expected: ExpectedNotification, told: readonly ToldNotification[]): string {
  const { place, atMs, receiver, integration, firing, resolved } = expected;
  const to = integration === undefined ? receiver : `${receiver} (${integration})`;
  const alerts = describeAlerts(
    firing.map(({ text }) => text),
    resolved.map(({ text }) => text),
  );
  const lines = told.map((one) => `\n        ${describeTold(one)}`);
  return `${place}: ${name}: expected\n        ${formatDuration(atMs)} ${to}: ${alerts}\n    got${lines.length === 0 ? ' nothing' : lines.join('')}`;
}

function missingTexts(
  name: string,
  { place, texts }: ExpectedNotification,
  { integration, text }: ToldNotification,
): readonly string[] {
  return texts
    .filter((wanted) => !text.includes(wanted))
    .map((wanted) => {
      const shown = text.replaceAll('\n', '\n        ');
      return `${place}: ${name}: expected of ${integration} the text\n        ${wanted.replaceAll('\n', '\n        ')}\n    got\n        ${shown}`;
    });
}

function checkUntold(
  name: string,
  { place, alert, receiver, because }: UntoldAlert,
  outcome: ScenarioOutcome,
  root: Route,
): readonly string[] {
  const told = outcome.told.filter(
    (one) =>
      (receiver === undefined || one.receiver === receiver) && one.firing.some((labels) => isLike(alert, labels)),
  );
  const of = `${alert.text}${receiver === undefined ? '' : ` to ${receiver}`}`;
  if (told.length > 0) {
    const lines = told.map((one) => `\n        ${describeTold(one)}`);
    return [`${place}: ${name}: expected no notification of ${of}, got${lines.join('')}`];
  }
  if (because === undefined) return [];
  const reasons = reasonsOf(outcome, (labels) => isLike(alert, labels), receiver, root);
  if (reasons.has(because)) return [];
  return [
    `${place}: ${name}: expected no notification of ${of} because of ${because}, got none because of ${[...reasons].join(', ')}`,
  ];
}

/** Of alerts that nobody was told of: they may differ in why. */
function reasonsOf(
  { fired, pending, mutes }: ScenarioOutcome,
  isMeant: (labels: LabelSet) => boolean,
  receiver: string | undefined,
  root: Route,
): ReadonlySet<Reason> {
  const alerts = fired.filter(isMeant);
  if (alerts.length === 0) return new Set([pending.some(isMeant) ? 'pending' : 'inactive']);
  return new Set(
    alerts.flatMap((labels): readonly Reason[] => {
      const goesThere = matchRoutes(root, labels).some(
        ({ options }) => receiver === undefined || options.receiver === receiver,
      );
      if (!goesThere) return ['route'];
      const own = mutes.filter(
        (mute) => mute.labels.equals(labels) && (receiver === undefined || mute.receiver === receiver),
      );
      return own.length === 0 ? ['waiting'] : own.map(({ by }) => by);
    }),
  );
}

/** `12m30s pager/slack/0: firing Slow{job="web"}, resolved Down{}` */
function describeTold({ atMs, integration, firing, resolved }: ToldNotification): string {
  return `${formatDuration(atMs)} ${integration}: ${describeAlerts(firing.map(describeAlert), resolved.map(describeAlert))}`;
}

function describeAlerts(firing: readonly string[], resolved: readonly string[]): string {
  const parts = [
    ...(firing.length === 0 ? [] : [`firing ${firing.join(' ')}`]),
    ...(resolved.length === 0 ? [] : [`resolved ${resolved.join(' ')}`]),
  ];
  return parts.join(', ');
}
