/** `GET /explain`: who is told of an alert, and why, by what fires and is silenced now. */

import { jsonText } from '@vigie/promql/api/json-text';
import { parseTime } from '@vigie/promql/api/time';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { FastifyPluginAsync } from 'fastify';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import { isResolved } from '../dispatch/alert.ts';
import { groupIdOf } from '../dispatch/alert-group.ts';
import {
  type AlertExplanation,
  type ExplainedInhibition,
  type ExplainedNotification,
  type ExplainedRoute,
  explainAlert,
} from '../explain/explain-alert.ts';
import { explanationText } from '../explain/explanation-text.ts';
import { labelSetOf } from '../explain/written-labels.ts';
import { formatMatchers } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher } from '../matchers/parse-matchers.ts';
import { type Silence, shownState } from '../silences/silence.ts';
import { formatApiTime } from './api-time.ts';
import type { ApiWorld } from './api-world.ts';
import { parametersIn } from './parameters.ts';

/** What is known of a group that there is now, beside what the configuration says. */
interface LiveGroup {
  /** When it is told next, Unix ms. */
  readonly flushMs: number;
  /** And when of what goes on; undefined: nobody was told of it. */
  readonly repeatMs: number | undefined;
  /** Its escalation; undefined: there is none. */
  readonly page: { readonly json: object; readonly text: string } | undefined;
}

/** By the id of a group; undefined: there is no such group. */
type LiveGroupOf = (groupId: string) => LiveGroup | undefined;

type Question = { readonly labels: LabelSet; readonly timeMs: number } | { readonly problem: string };

/** `GET /explain?label=NAME=VALUE&label=…&time=TIME`, JSON, or text for people with `format=text`.
 *  @param config of now
 *  @param groupOf what is known of a group, beside what the configuration says */
export function explainApi(
  world: Pick<ApiWorld, 'alerts' | 'clock' | 'silences'>,
  config: () => AlertmanagerConfig,
  groupOf: LiveGroupOf = () => undefined,
): FastifyPluginAsync {
  return async (app) => {
    app.get('/explain', async (request, reply) => {
      const parameters = parametersIn(request);
      const question = questionOf(parameters, world.clock.nowMs());
      if ('problem' in question) {
        const body = Buffer.from(`${jsonText({ error: question.problem })}\n`);
        return reply.code(400).header('content-type', 'application/json').send(body);
      }
      const { labels, timeMs } = question;
      const firing = world
        .alerts()
        .filter((alert) => alert.startsAtMs <= timeMs && !isResolved(alert, timeMs))
        .map((alert) => alert.labels);
      const explanation = explainAlert(config(), { labels, timeMs, firing });
      const silences = world.silences.query({ labels }).filter((silence) => shownState(silence, timeMs) === 'active');
      if (parameters.get('format') === 'text')
        return reply
          .type('text/plain; charset=utf-8')
          .send(explanationText(explanation) + silencesText(silences) + groupsText(explanation, groupOf));
      const body = Buffer.from(`${jsonText(explanationJson(explanation, silences, groupOf))}\n`);
      return reply.header('content-type', 'application/json').send(body);
    });
  };
}

function questionOf(parameters: URLSearchParams, nowMs: number): Question {
  const time = parameters.get('time') ?? '';
  const timeMs = time === '' ? nowMs : parseTime(time);
  if (timeMs === undefined) return { problem: 'time: expected 2026-11-29T10:00:00Z or Unix seconds' };
  const written = parameters.getAll('label');
  if (written.length === 0) return { problem: 'label: expected the labels of an alert, NAME=VALUE each' };
  try {
    return { labels: labelSetOf(written.flatMap((text) => parseMatcher(text).matchers)), timeMs };
  } catch (error) {
    if (error instanceof MatcherError) return { problem: `label: ${error.message}` };
    throw error;
  }
}

function explanationJson(explanation: AlertExplanation, silences: readonly Silence[], groupOf: LiveGroupOf) {
  const { question, fingerprint, root, notifications, inhibitions } = explanation;
  const isHeld = silences.length > 0 || inhibitions.some(({ source }) => source !== undefined);
  return {
    labels: question.labels,
    fingerprint,
    time: formatApiTime(question.timeMs),
    /** Receivers that are told. */
    told: isHeld ? [] : notifications.filter(({ isOpen }) => isOpen).map(({ route }) => route.options.receiver),
    route: routeJson(root),
    notifications: notifications.map((notification) => ({
      ...notificationJson(notification),
      ...liveJson(groupOf(groupIdOf(notification.route, notification.groupLabels))),
    })),
    inhibitions: inhibitions.map(inhibitionJson),
    silences: silences.map(silenceSummary),
  };
}

function routeJson({ route, decision, routes }: ExplainedRoute): object {
  return {
    place: route.place,
    matchers: formatMatchers(route.matchers),
    receiver: route.options.receiver,
    continue: route.continues,
    decision: decision.kind === 'unmatched' ? { kind: decision.kind, by: String(decision.by) } : decision,
    routes: routes.map(routeJson),
  };
}

function notificationJson(notification: ExplainedNotification): object {
  const { route, integrations, groupKey, groupLabels, mutedBy, activeIn, isOpen } = notification;
  const { receiver, groupWaitMs, groupIntervalMs, repeatIntervalMs, muteTimeIntervals, activeTimeIntervals } =
    route.options;
  return {
    ...{ receiver, integrations, route: route.place, groupKey, groupLabels, isOpen },
    ...{ muteTimeIntervals, mutedBy, activeTimeIntervals, activeIn },
    groupWaitSeconds: groupWaitMs / 1000,
    groupIntervalSeconds: groupIntervalMs / 1000,
    repeatIntervalSeconds: repeatIntervalMs / 1000,
  };
}

function inhibitionJson({ rule, index, equal, source }: ExplainedInhibition): object {
  return {
    ...{ index, name: rule.name, source: formatMatchers(rule.source), target: formatMatchers(rule.target) },
    ...{ equal, inhibitedBy: source ?? null },
  };
}

function silenceSummary({ id, createdBy, comment, endsAtMs, matcherSets }: Silence): object {
  return { id, createdBy, comment, endsAt: formatApiTime(endsAtMs), matchers: matcherSets.map(formatMatchers) };
}

function silencesText(silences: readonly Silence[]): string {
  const lines = silences.map(
    ({ id, createdBy, comment, endsAtMs, matcherSets }) =>
      `  ${id} ${matcherSets.map(formatMatchers).join(' or ')} until ${formatApiTime(endsAtMs)}, by ${createdBy}: ${comment}`,
  );
  return ['', 'silences', ...(lines.length === 0 ? ['  none is active'] : lines)].map((line) => `${line}\n`).join('');
}

function liveJson(group: LiveGroup | undefined): object {
  const timeOf = (timeMs: number | undefined): string | null => (timeMs === undefined ? null : formatApiTime(timeMs));
  return {
    nextFlush: timeOf(group?.flushMs),
    nextRepeat: timeOf(group?.repeatMs),
    page: group?.page?.json ?? null,
  };
}

/** Of groups that there are: when they are told next; and of those that were told, where they escalate or are acknowledged. */
function groupsText({ notifications }: AlertExplanation, groupOf: LiveGroupOf): string {
  const groups = notifications.flatMap(({ route, groupLabels, groupKey }) => {
    const group = groupOf(groupIdOf(route, groupLabels));
    return group === undefined ? [] : [{ ...group, groupKey }];
  });
  if (groups.length === 0) return '';
  const timers = groups.map(({ groupKey, flushMs, repeatMs }) => {
    const repeat = repeatMs === undefined ? '' : `, of what goes on at ${formatApiTime(repeatMs)}`;
    return `  ${groupKey} is told next at ${formatApiTime(flushMs)}${repeat}`;
  });
  const pages = groups.flatMap(({ page }) => (page === undefined ? [] : [`  ${page.text}`]));
  const lines = ['', 'groups', ...timers, ...(pages.length === 0 ? [] : ['', 'escalation', ...pages])];
  return lines.map((line) => `${line}\n`).join('');
}
