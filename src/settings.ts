/** Settings of every process, as plain values. `src/cli/options.ts` fills them, from flags, variables and the configuration file. */
export interface Settings {
  /** Port of the REST API. Default 5678. */
  port: number;
  /** Address the API binds to. Default 127.0.0.1: whoever reaches the port can run code. */
  host: string;
  /**
   * Further host names that requests may be addressed to (`Host` header), beside localhost, the bind host and the
   * machine's own name. IP addresses always are: only a name can be rebound by a web page. `*`: any. Default none.
   */
  allowedHosts: string[];
  /** Folder for the store, the embedded Temporal server and logs. Default ./data. */
  dataDir: string;
  /** Worker slots of this node. Default: twice the number of processors, at least 4. */
  slots: number;
  /** Address of a Temporal server; undefined: the embedded one is started. */
  temporal?: string;
  /** Temporal namespace. Default `default`. */
  namespace: string;
  /** PostgreSQL URL; undefined: PGlite in the data folder. */
  store?: string;
  /** URL of a master's API, for nodes. Default http://127.0.0.1:<port>. */
  master?: string;
  /** Name of this node in cluster state. Default: the machine's host name. */
  nodeId: string;
  /** Cluster name, answered by `GET /v1`. Default `temposlice`. */
  name: string;
  /** Shared secret between masters and nodes; undefined: none is asked for. */
  clusterToken?: string;
  /** Port of Temporal's Web UI; 0 or undefined: none is started. Default 8233. */
  temporalUiPort: number;
  /** Port of the embedded Temporal server's gRPC endpoint. Default 7233. */
  temporalPort: number;
  /** URL of the Web UI, shown to people. Default http://127.0.0.1:<temporalUiPort>. */
  temporalUiUrl: string;
  /** Largest JSON body in bytes. Default 10 MB. */
  maxBodyBytes: number;
  /** Largest asset bundle in bytes. Default 128 MB: a master and every node unpack it to disk. */
  maxAssetBytes: number;
  /**
   * Folder with a folder for each unpacked asset, named by its id. Default <dataDir>/assets (Teraslice
   * `assets_directory`).
   */
  assetsDir: string;
  /** Folder whose zip files become assets when a master starts (Teraslice `autoload_directory`). Default ./autoload. */
  autoloadDir: string;
  /** How long a stopped slice may go on, in ms. Default 60,000 (Teraslice `shutdown_timeout`). */
  shutdownTimeout: number;
  /** How long a control verb waits for the settled state, in ms. Default 120,000 (Teraslice `action_timeout`). */
  actionTimeout: number;
  /** Silence after which a node that is cut off ends its hosts, in ms. Default 30,000. */
  fenceTimeout: number;
  /** Old-space limit of a host process in MB. Default 1,024. */
  hostMemory: number;
  /**
   * Workers that a node holds ready, forked and loaded, while slots are free, and a slicer besides. Default 8: a job's hosts
   * start half a second sooner on a calm machine. Each costs about 30 MB of its own.
   */
  warmHosts: number;
  /** pino level. Default info. */
  logLevel: string;
  /** Configuration file that was read, for the processes that read its sections for operations. */
  config?: string;
  /** Days after which executions that have ended are removed; 0, the default: never. */
  keepExecutions: number;
  /** Port on which a node serves the metrics of its operations; 0: any free one; undefined, the default: none. */
  metricsPort?: number;
}
