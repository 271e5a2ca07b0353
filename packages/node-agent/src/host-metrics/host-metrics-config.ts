/** What agent.yaml says of the metrics of its host. */
import { duration, section, text } from '@vigie/core/config/fields';
import { regexText } from '@vigie/log-pipeline/transforms/regex-text';
import * as v from 'valibot';
import { COLLECTORS } from './collector-names.ts';

export const hostMetricsSection = section({
  /** Where the host's /proc is mounted, as a whole. */
  procfs: v.optional(text(), '/proc'),
  sysfs: v.optional(text(), '/sys'),
  /** Where the host's root is; undefined: sizes of those file systems of which something is mounted here too. */
  rootfs: v.optional(text()),
  /** udev's data on disks. */
  udev: v.optional(text(), '/run/udev/data'),
  /** Default: all. */
  collectors: v.optional(v.pipe(v.array(v.picklist(COLLECTORS)), v.minLength(1, 'at least one collector'))),
  exclude: v.optional(
    section({
      /** Default: node_exporter's, as of the types of file systems. */
      mount_points: v.optional(regexText),
      filesystem_types: v.optional(regexText),
      /** Default: none. */
      network_devices: v.optional(regexText),
    }),
    {},
  ),
  /** How long one collector may take. */
  timeout: v.optional(duration({ min: 100, max: 60_000 }), '5s'),
});

export type HostMetricsConfig = v.InferOutput<typeof hostMetricsSection>;
