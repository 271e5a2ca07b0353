/** The answer of `vigie alert explain`, for people. */
import { formatDuration } from '@vigie/core/durations';
import { assertNever } from '@vigie/core/errors';
import { formatGroupLabels } from '../identity/group-key.ts';
import { formatMatchers } from '../matchers/alert-matcher.ts';
import type { RouteOptions } from '../routing/route.ts';
import type {
  AlertExplanation,
  AlertQuestion,
  ExplainedInhibition,
  ExplainedNotification,
  ExplainedRoute,
} from './explain-alert.ts';

/** Lines, each with its end. */
export function explanationText({ question, fingerprint, root, notifications, inhibitions }: AlertExplanation): string {
  const time = new Date(question.timeMs).toISOString().replace('.000Z', 'Z');
  const lines = [
    `alert ${formatGroupLabels(question.labels)}, fingerprint ${fingerprint}, at ${time}`,
    '',
    'routes',
    ...routeLines(root, question, '', ''),
    ...notifications.flatMap((notification) => ['', ...notificationLines(notification)]),
    '',
    'inhibition',
    ...(inhibitions.length === 0
      ? ['  no rule has this alert among its targets']
      : inhibitions.flatMap(inhibitionLines)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function routeLines(
  { route, decision, routes }: ExplainedRoute,
  question: AlertQuestion,
  first: string,
  rest: string,
): readonly string[] {
  const continues = route.continues ? ', continue' : '';
  const outcome = `${formatMatchers(route.matchers)} ${route.options.receiver}${continues}: `;
  const lines = routes.flatMap((child, index) => {
    const isLast = index === routes.length - 1;
    return routeLines(child, question, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`);
  });
  return [`  ${first}${outcome}${decisionText(decision, question)}`, ...lines];
}

function decisionText(decision: ExplainedRoute['decision'], { labels }: AlertQuestion): string {
  switch (decision.kind) {
    case 'told':
      return 'told';
    case 'passed':
      return 'matches, a route below is told';
    case 'unmatched': {
      const { name } = decision.by;
      return `no match, ${labels.has(name) ? `${name} is ${JSON.stringify(labels.get(name))}` : `no label ${name}`}`;
    }
    case 'unreached':
      return `not reached, ${decision.taker} has taken the alert`;
    default:
      return assertNever(decision);
  }
}

function notificationLines(notification: ExplainedNotification): readonly string[] {
  const { route, integrations, groupKey, groupLabels, isOpen } = notification;
  const { options } = route;
  const labels = Object.entries(options.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [
    `receiver ${options.receiver}${isOpen ? '' : ', not now'}`,
    `  by             ${integrations.length === 0 ? 'nothing: the receiver is empty' : integrations.join(', ')}`,
    `  route          ${route.place}`,
    `  group          ${formatGroupLabels(groupLabels)}, by ${groupByText(options)}`,
    `  group key      ${groupKey}`,
    `  timers         group_wait ${formatDuration(options.groupWaitMs)}, group_interval ${formatDuration(options.groupIntervalMs)}, repeat_interval ${formatDuration(options.repeatIntervalMs)}`,
    ...(labels.length === 0 ? [] : [`  route labels   ${labels.join(', ')}`]),
    ...intervalLines(notification),
  ];
}

function groupByText({ groupBy }: RouteOptions): string {
  if (groupBy === 'all') return 'every label';
  return groupBy.length === 0 ? 'no label' : groupBy.join(', ');
}

function intervalLines({ route, mutedBy, activeIn }: ExplainedNotification): readonly string[] {
  const { muteTimeIntervals, activeTimeIntervals } = route.options;
  const line = (title: string, names: readonly string[], now: readonly string[]): readonly string[] =>
    names.length === 0
      ? []
      : [`  ${title}${names.map((name) => `${name} (${now.includes(name) ? 'now' : 'not now'})`).join(', ')}`];
  return [
    ...line('muted in       ', muteTimeIntervals, mutedBy),
    ...line('active in      ', activeTimeIntervals, activeIn),
  ];
}

function inhibitionLines({ rule, index, equal, source }: ExplainedInhibition): readonly string[] {
  const place = rule.place ?? `inhibit_rules[${index}]`;
  const title = rule.name === '' ? place : `${place} ${rule.name}`;
  const missing = rule.equal.filter((name) => !equal.has(name));
  const wanted = [
    `matches ${formatMatchers(rule.source)}`,
    ...(equal.size === 0 ? [] : [`has ${formatGroupLabels(equal)}`]),
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
  ];
  const outcome = source === undefined ? 'not inhibited' : `inhibited by ${formatGroupLabels(source)}`;
  return [`  ${title}: ${outcome}`, `    by an alert that ${wanted.join(', and ')}`];
}
