/** What a source is asked for. */
export interface FetchOptions {
  directory: string;
  digest?: string;
  maxBytes: number;
  environment: NodeJS.ProcessEnv;
  /** Fetch the contract that lies beside the model too. */
  withContract: boolean;
}

/** A source of models outside this machine: fetches into the directory and gives the file's path. Rejects with
 * `ServingError`. */
export type Source = (uri: string, options: FetchOptions) => Promise<string>;
