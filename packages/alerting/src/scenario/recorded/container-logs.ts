/** What reads logs as a container runtime writes them: handed in, for the decoder of the agent is none that alerting may use. */

export interface ContainerLine {
  /** As written, RFC 3339. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** UTF-8, as a rule. */
  readonly message: Uint8Array;
  /** Whether the next line of the stream goes on with it. */
  readonly isFragment: boolean;
}

export interface ContainerLogs {
  /** @param line without its newline
   *  @returns undefined for one that no runtime has written. Its bytes are good until the next call. */
  decode(line: Uint8Array): ContainerLine | undefined;
  /** What the path of a file says of the container, by the names of labels. */
  labelsOf(path: string): Readonly<Record<string, string>>;
}
