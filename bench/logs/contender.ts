/** A log shipper under measurement. */

/** Where one run of a contender finds its input and its sink, and may write. */
export interface RunPlace {
  /** Holds containers/ and pods/. */
  readonly logRoot: string;
  readonly sinkPort: number;
  /** Empty at the start of every run. */
  readonly workDir: string;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Contender {
  /** Short and unique: the name in tables and results. */
  readonly name: string;
  readonly version: string;
  /** True when its documents must hold time, stream and message as the line says; false for a measurement of a shortcut. */
  readonly exact: boolean;
  /** Records that it sends of those it reads, where it drops or joins some: counted, not checked against the corpus. */
  readonly sendsFewer?: true;
  /** What it prints once it reads; undefined for one that says nothing. */
  readonly readyPattern?: RegExp;
  /** What was configured, in words or as the file itself with LOGS, SINK_PORT and WORK for this run's places. */
  readonly configuration: string;
  /** Writes its configuration into the run's place and says how to start it. */
  launch(place: RunPlace): Launch;
}

/** A configuration text for the record becomes the one of a run. */
export function fillPlaces(configuration: string, place: RunPlace): string {
  return configuration
    .replaceAll('LOGS', place.logRoot)
    .replaceAll('SINK_PORT', String(place.sinkPort))
    .replaceAll('WORK', place.workDir);
}
