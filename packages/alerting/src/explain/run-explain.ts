/** `vigie alert explain` */
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { ExitCode } from '@vigie/core/lifecycle';
import { loadAlertmanagerConfig } from '../config/load-config.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher, parseMatchers } from '../matchers/parse-matchers.ts';
import { type AlertQuestion, explainAlert } from './explain-alert.ts';
import { explanationText } from './explanation-text.ts';
import { labelSetOf } from './written-labels.ts';

interface Output {
  readonly write: (text: string) => void;
}

export interface ExplainRequest {
  /** alertmanager.yml */
  readonly config: string;
  /** `NAME=VALUE` each. */
  readonly labels: readonly string[];
  /** Of each other alert that fires: `NAME=VALUE,…`. */
  readonly firing: readonly string[];
  /** Unix ms. */
  readonly timeMs: number;
}

/** @returns 2 where labels are none, or the configuration is bad or cannot be read */
export async function runExplain(request: ExplainRequest, stdout: Output, stderr: Output): Promise<ExitCode> {
  let question: AlertQuestion;
  try {
    question = {
      labels: labelSetOf(request.labels.flatMap((text) => parseMatcher(text).matchers)),
      firing: request.firing.map((text) => labelSetOf(parseMatchers(text).matchers)),
      timeMs: request.timeMs,
    };
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    stderr.write(`${error.message}\n`);
    return 2;
  }
  try {
    const config = await loadAlertmanagerConfig(request.config);
    stdout.write(explanationText(explainAlert(config, question)));
    return 0;
  } catch (error) {
    return reportBadConfig(error);
  }
}
