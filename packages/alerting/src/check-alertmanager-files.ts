/** `vigie check alertmanager` */
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { formatWarning } from '@vigie/core/config/findings';
import type { ExitCode } from '@vigie/core/lifecycle';
import { loadAlertmanagerConfig } from './config/load-config.ts';
import type { RouteConfig } from './config/route-section.ts';
import { loadTemplates } from './templates/load-templates.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Says of each file how much is in it, and warns of matchers that will not mean the same in later releases of Alertmanager.
 *  @returns 2 where one is bad or cannot be read */
export async function checkAlertmanagerFiles(files: readonly string[], stdout: Output): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      const { route, receivers, inhibitRules, templates, warnings } = await loadAlertmanagerConfig(file);
      await loadTemplates(templates, () => 0);
      const found = [
        countOf(routesIn(route), 'route'),
        countOf(receivers.length, 'receiver'),
        countOf(inhibitRules.length, 'inhibition rule'),
      ];
      stdout.write(`${file}: ok, ${found.join(', ')}\n`);
      for (const warning of warnings) stdout.write(`${formatWarning(warning)}\n`);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}

function routesIn({ routes }: RouteConfig): number {
  return routes.reduce((sum, route) => sum + routesIn(route), 1);
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
