import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenApiDocument } from '../../src/api/openapi/document.js';
import { DocumentCheck } from '../support/openapi.js';
import { TestStack } from '../support/stack.js';
import { CASES } from './cases/index.js';
import { differences } from './check.js';
import { Server, type Answer } from './server.js';
import { World } from './world.js';

/** Holds every answer against the OpenAPI document of the server. */
class DescribedServer extends Server {
  readonly differences: string[] = [];
  private document: Promise<DocumentCheck> | undefined;

  override async send(...request: Parameters<Server['send']>): Promise<Answer> {
    this.document ??= super
      .send('GET', '/v1/openapi.json')
      .then(({ json }) => new DocumentCheck(json as OpenApiDocument));
    const [method, path] = request;
    const answer = await super.send(...request);
    const { status, headers, text } = answer;
    const described = { status, contentType: headers.get('content-type') ?? undefined, text };
    this.differences.push(...(await this.document).differences(method, path, described));
    return answer;
  }
}

let stack: TestStack;
let server: DescribedServer;
let world: World;
beforeAll(async () => {
  stack = await TestStack.start();
  server = new DescribedServer(stack.url);
  world = new World(server);
});
afterAll(() => stack.stop());

it('is taken for Temposlice', async () => {
  expect(await server.kind()).toBe('temposlice');
});

// In this order: some change what a later one looks at.
it.each(CASES.map((one) => [one.row, one.request, one] as const))('%s: %s', async (_row, _request, one) => {
  expect(await differences(one, server, 'temposlice', world)).toEqual([]);
});

it('has answered what its OpenAPI document says, which has the schema of jobs', async () => {
  expect(server.differences).toEqual([]);
  const { json } = await server.send('GET', '/v1/openapi.json');
  expect(await new Validator().validate(json as never)).toEqual({ valid: true });
  new DocumentCheck(json as OpenApiDocument).compileAll();
  const { JobConfiguration } = (json as OpenApiDocument).components.schemas;
  expect(JobConfiguration).toMatchObject({
    required: ['operations'],
    properties: { lifecycle: { enum: ['once', 'persistent'] }, operations: { minItems: 2 } },
  });
});

it('leaves nothing behind', async () => {
  await world.remove();
  for (const list of ['jobs', 'assets', 'cluster/controllers']) {
    expect((await server.send('GET', `/v1/${list}?size=1000`)).json).toEqual([]);
  }
});
