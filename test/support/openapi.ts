import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApiDocument } from '../../src/api/openapi/document.js';

interface ResponseObject {
  content?: Record<string, { schema?: unknown }>;
  $ref?: string;
}

/** An answer of the API, as far as its description says something of it. */
export interface DescribedAnswer {
  status: number;
  contentType: string | undefined;
  text: string;
}

/** Holds answers of the API against what its OpenAPI document says of them. */
export class DocumentCheck {
  private readonly ajv: Ajv2020;
  private readonly templates: Array<{ template: string; pattern: RegExp }>;

  constructor(private readonly document: OpenApiDocument) {
    // Documents of OpenAPI have keywords that schemas do not know.
    this.ajv = new Ajv2020({
      strict: true,
      strictTypes: false,
      allErrors: true,
      keywords: Object.keys(document),
    });
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema(document, 'document');
    this.templates = Object.keys(document.paths)
      .sort((a, b) => variables(a) - variables(b))
      .map((template) => ({
        template,
        pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
      }));
  }

  /** The path of the document that a request is about; undefined if there is none. */
  templateOf(url: string): string | undefined {
    const path = url.split('?')[0]!;
    const find = (wanted: string): string | undefined =>
      this.templates.find(({ pattern }) => pattern.test(wanted))?.template;
    return find(path) ?? find(path === '/' ? '/v1' : `/v1${path}`);
  }

  /** How an answer differs from what the document says; nothing if it does not, or if it says nothing. */
  differences(method: string, url: string, answer: DescribedAnswer): string[] {
    const template = this.templateOf(url);
    if (template === undefined || method === 'OPTIONS' || [304, 405].includes(answer.status)) return [];
    const item = this.document.paths[template] as Record<
      string,
      { responses: Record<string, ResponseObject> }
    >;
    const operation = item[method === 'HEAD' ? 'get' : method.toLowerCase()];
    const named = `${method} ${template} ${answer.status}`;
    // What is wrong with a body is said ahead of that the method is.
    if (operation === undefined)
      return answer.status >= 400 ? [] : [`${named}: the document has no such method`];
    const response = operation.responses[answer.status];
    if (response === undefined)
      return [`${named}: the document has no such status: ${answer.text.slice(0, 200)}`];
    const media = answer.contentType?.split(';')[0];
    const shared = response.$ref?.replace('#/', '');
    const { content } =
      response.$ref === undefined ? response : this.document.components.responses[answer.status]!;
    if (media === undefined || content?.[media] === undefined) {
      return [`${named}: the document has no content of type ${media}`];
    }
    if (method === 'HEAD') return [];
    const body: unknown = media === 'application/json' ? JSON.parse(answer.text) : answer.text;
    const at = shared ?? `paths/${escaped(template)}/${method.toLowerCase()}/responses/${answer.status}`;
    const validate = this.validator(`${at}/content/${escaped(media)}/schema`);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${named}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  /** Compiles every schema of the document. @throws Error if one is none */
  compileAll(): void {
    for (const name of Object.keys(this.document.components.schemas)) {
      this.validator(`components/schemas/${escaped(name)}`);
    }
    for (const [template, item] of Object.entries(this.document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const { parameters = [], responses } = operation as {
          parameters?: unknown[];
          responses: Record<string, ResponseObject>;
        };
        const at = `paths/${escaped(template)}/${method}`;
        parameters.forEach((_, index) => this.validator(`${at}/parameters/${index}/schema`));
        this.compileResponses(`${at}/responses`, responses);
      }
    }
    this.compileResponses('components/responses', this.document.components.responses);
  }

  private compileResponses(at: string, responses: Record<string, ResponseObject>): void {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      for (const media of Object.keys(content)) {
        this.validator(`${at}/${status}/content/${escaped(media)}/schema`);
      }
    }
  }

  private validator(pointer: string): ValidateFunction {
    const validate = this.ajv.getSchema(`document#/${pointer}`);
    if (validate === undefined) throw new Error(`the document has no schema at ${pointer}`);
    return validate;
  }
}

const variables = (template: string): number => template.split('{').length;
/** For a JSON pointer in a URI. */
const escaped = (part: string): string =>
  encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
