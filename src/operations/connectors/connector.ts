/** `connectors.<type>.<name>`: the configuration of a connection, as in the section `terafoundation`. */
export type Connectors = Record<string, Record<string, Record<string, unknown>>>;

/** What an operation asks for. */
export interface ClientRequest {
  type: string;
  /** Name of the connection. Default `default`. */
  endpoint?: string;
  /** Whether a client made before for the same type and endpoint will do. */
  cached?: boolean;
}

export interface Connection {
  client: unknown;
  logger: unknown;
}

/** A field of `config_schema`, as convict takes it. */
export interface SchemaField {
  default?: unknown;
  doc?: string;
  format?: unknown;
  [property: string]: unknown;
}

/**
 * The module of a connector, as terafoundation defines it (`Terafoundation.Connector` of @terascope/types).
 * Older ones have `create`, which returns the client alone and at once.
 */
export interface Connector {
  createClient?(
    config: Record<string, unknown>,
    logger: unknown,
    request: ClientRequest,
  ): Promise<{ client: unknown; logger?: unknown }>;
  create?(config: Record<string, unknown>, logger: unknown, request: ClientRequest): unknown;
  config_schema?(): Record<string, SchemaField>;
  /** Checks what concerns several fields. @throws Error */
  validate_config?(config: Record<string, unknown>, sysconfig: unknown): void;
}
