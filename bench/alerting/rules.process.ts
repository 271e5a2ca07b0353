/** A database that takes remote write, and rules over it in the same process. Arguments: its folder, and the rule file, which SIGHUP reads again;
 *  SIGTERM ends it. */
import { systemClock } from '@vigie/core/clock';
import { collectWhenIdle } from '@vigie/core/idle-memory';
import { createLog } from '@vigie/core/log';
import { Telemetry } from '@vigie/core/telemetry';
import { Engine } from '@vigie/promql/evaluate/engine';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import { engineQuery } from '@vigie/rules/query';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESEND_DELAY_MS, DEFAULT_RESTORE, RuleRunner } from '@vigie/rules/rule-runner';
import { RULE_METRICS, reportRules } from '@vigie/rules/telemetry';
import { appendRuleSamples } from '../../packages/collector/src/rules/append-rule-samples.ts';
import { serveVigie } from '../../test/promql/vigie-server.ts';

const [folder = '', rulesFile = ''] = process.argv.slice(2);
const telemetry = new Telemetry(RULE_METRICS);
const bounds = { maxSeriesPerJob: 1_000_000, maxSeriesPerNamespace: 1_000_000 };
let runner: RuleRunner | undefined;
const server = await serveVigie(folder, bounds, async (app, tsdb) => {
  const world = {
    query: engineQuery(new Engine(), tsdb.querier),
    append: appendRuleSamples(tsdb),
    notify: () => undefined,
    clock: systemClock,
    log: createLog('warn'),
  };
  runner = new RuleRunner(world, { ...DEFAULT_RESTORE, restoreFrom: undefined });
  app.get('/metrics', async () => (await telemetry.expose()).body);
});
telemetry.collect((report) => reportRules(runner?.groups ?? [], report));

async function reload(): Promise<void> {
  await runner?.update(await loadRuleFiles([rulesFile]), {
    intervalMs: 15_000,
    queryOffsetMs: 0,
    resendDelayMs: DEFAULT_RESEND_DELAY_MS,
    externalLabels: new Map(),
    externalUrl: '',
    policy: DEFAULT_POLICY,
  });
}

await reload();
runner?.start();
// As every long-running command does.
collectWhenIdle(systemClock);
process.on('SIGHUP', () => {
  reload().catch((error: unknown) => console.error(error));
});
process.once('SIGTERM', () => {
  Promise.all([runner?.close(), server.close()]).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.stderr.write(`listening on ${server.url} (http)\n`);
