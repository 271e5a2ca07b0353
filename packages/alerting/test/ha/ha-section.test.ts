import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { folderWith } from '../folder.ts';

async function read(ha: object) {
  const folder = await folderWith({
    'am.yml': 'route: { receiver: a }\nreceivers: [{ name: a }]\n',
    'alerting.yaml': JSON.stringify({ data_dir: 'data', alertmanager_config: 'am.yml', ha }),
  });
  return (await loadAlertingConfig(join(folder, 'alerting.yaml'), {})).config.ha;
}

describe('ha of alerting.yaml', () => {
  it('has defaults', async () => {
    expect(await read({ type: 'kubernetes' })).toEqual({
      name: 'vigie-alerting',
      namespace: undefined,
      replica: undefined,
      shards: 8,
      kubeconfig: undefined,
    });
  });

  it('is read whole', async () => {
    const written = { name: 'alerts', namespace: 'mon', replica: 'a', shards: 4, kubeconfig: '/k' };
    expect(await read({ type: 'kubernetes', ...written })).toEqual(written);
  });

  it.each([
    [{}, 'ha.type'],
    [{ type: 'gossip' }, 'ha.type: expected kubernetes'],
    [{ type: 'kubernetes', name: 'My Name' }, 'ha.name: expected a name of lower-case letters, digits and dashes'],
    [{ type: 'kubernetes', replica: 'a'.repeat(64) }, 'ha.replica: expected a name'],
    [{ type: 'kubernetes', shards: 0 }, 'ha.shards: expected a whole number, from 1 to 64'],
    [{ type: 'kubernetes', peers: [] }, 'ha.peers'],
  ])('is refused where it is %j', async (written, problem) => {
    await expect(read(written)).rejects.toThrow(problem);
  });
});
