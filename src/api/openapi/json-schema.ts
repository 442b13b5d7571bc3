import { z } from 'zod';

/** A JSON Schema of draft 2020-12, which is what OpenAPI 3.1 takes. */
export type JsonSchema = Record<string, unknown>;

/** Where the document keeps the schemas that have an id. */
const COMPONENTS = '#/components/schemas/';

/**
 * Turns schemas of Zod into those of the document. What has an `id` goes into `components`, once, and is referred to.
 */
export class Schemas {
  readonly components: Record<string, JsonSchema> = {};

  /** The schema of what is answered. */
  reply(schema: z.ZodType): JsonSchema {
    return this.convert(schema, 'output');
  }

  /** The parameters of a query: by name, what is sent, and whether it must be. */
  parameters(query: z.ZodObject): Array<{ name: string; required: boolean; schema: JsonSchema }> {
    const { properties, required } = this.convert(query, 'input') as {
      properties: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, schema]) => ({
      name,
      required: required?.includes(name) ?? false,
      schema,
    }));
  }

  private convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const {
      $schema: _,
      $defs = {},
      ...root
    } = z.toJSONSchema(schema, {
      io,
      // What a conversion makes of a text is noted in its metadata.
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // The numbers that JavaScript knows exactly: of no interest to callers.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        // Left out by Zod where there is a conversion.
        const { default: absent } = z.globalRegistry.get(zodSchema) ?? {};
        if (absent !== undefined) jsonSchema.default = absent as typeof jsonSchema.default;
      },
    });
    for (const [id, definition] of Object.entries($defs)) {
      this.components[id] ??= located(definition) as JsonSchema;
    }
    return located(this.hoisted(root));
  }

  /** A schema with an id that is not within another is no definition. */
  private hoisted({ id, ...schema }: JsonSchema): JsonSchema {
    if (typeof id !== 'string') return schema;
    this.components[id] ??= located(schema);
    return { $ref: `#/$defs/${id}` };
  }
}

/** With references to where the document has what they refer to. */
function located<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', `"${COMPONENTS}`)) as T;
}
