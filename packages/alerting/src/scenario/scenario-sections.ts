/** What a file of scenarios may say. Format: docs/reference/scenarios.md. */
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import { flag, optionalText, textList, textMap } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { parseApiTime } from '../api/api-time.ts';
import { logDelayFields, logStoreType, receiverOptionsSection } from '../config/alerting-config-sections.ts';
import { count } from '../config/written-fields.ts';
import { inputLineSection, offset } from './input-lines.ts';
import { REASONS } from './scenario.ts';

/** A Thursday. */
const DEFAULT_START = '2026-01-01T00:00:00Z';
/** Of a server that is restarted. */
const DEFAULT_STATUS = '503';

const sinceStart = v.nullish(duration(), 0);
const oneOrMore = v.nullish(v.union([v.array(v.string()), v.string()]), []);
const time = parsed('a time such as 2026-11-30T22:00:00Z', (written) =>
  written === '' ? undefined : parseApiTime(written),
);
const status = parsed('a status of HTTP that is an error, such as 503', (written) =>
  /^[45]\d\d$/.test(written) ? Number(written) : undefined,
);

const notifiedSection = section({
  at: duration(),
  receiver: v.string(),
  integration: optionalText,
  firing: textList,
  resolved: textList,
  text: oneOrMore,
});

const silenceSection = section({
  matchers: v.array(v.string()),
  from: sinceStart,
  until: v.nullish(duration({ min: 1 })),
  until_resolved: flag(false),
  recurs: v.nullish(v.string()),
});

const recordedSection = section({
  files: v.pipe(v.array(v.string()), v.minLength(1, 'at least one pattern of files')),
  at: v.nullish(offset, 0),
  since: v.nullish(time),
  late: sinceStart,
  arrives: sinceStart,
  fields: textMap,
});

const scenarioSection = section({
  name: v.string(),
  start: v.nullish(time, DEFAULT_START),
  lasts: v.nullish(duration({ min: 1 })),
  interval: v.nullish(duration({ min: 1 })),
  input_series: v.nullish(v.array(section({ series: v.string(), values: v.string() })), []),
  input_lines: v.nullish(v.array(inputLineSection), []),
  input_files: v.nullish(v.array(recordedSection), []),
  silences: v.nullish(v.array(silenceSection), []),
  acknowledged: v.nullish(
    v.array(section({ alert: v.string(), at: duration(), until: v.nullish(duration({ min: 1 })) })),
    [],
  ),
  failing: v.nullish(
    v.array(
      section({
        receiver: v.string(),
        from: sinceStart,
        until: v.nullish(duration({ min: 1 })),
        status: v.nullish(status, DEFAULT_STATUS),
      }),
    ),
    [],
  ),
  heartbeats: v.nullish(
    v.array(section({ name: v.string(), at: sinceStart, every: v.nullish(duration({ min: 1 })), times: count(1) })),
    [],
  ),
  receivers: v.nullish(v.array(v.string())),
  notified: v.nullish(v.array(notifiedSection), []),
  not_notified: v.nullish(
    v.array(section({ alert: v.string(), receiver: optionalText, because: v.nullish(v.picklist(REASONS)) })),
    [],
  ),
});

export const scenarioFileSection = section({
  alerting_config: optionalText,
  rule_files: v.nullish(v.array(optionalText)),
  log_rule_files: v.nullish(v.array(optionalText)),
  logs: v.nullish(section({ type: v.nullish(logStoreType), ...logDelayFields })),
  alertmanager_config: optionalText,
  evaluation_interval: v.nullish(duration({ min: 1 })),
  external_labels: v.nullish(named(optionalText)),
  external_url: optionalText,
  receivers: v.nullish(named(receiverOptionsSection)),
  scenarios: v.pipe(v.array(scenarioSection), v.minLength(1, 'at least one scenario')),
});

export type WrittenScenarioFile = v.InferOutput<typeof scenarioFileSection>;
export type WrittenScenario = v.InferOutput<typeof scenarioSection>;
export type WrittenNotified = v.InferOutput<typeof notifiedSection>;
