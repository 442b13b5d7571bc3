import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};

const files = ['cli.js', ...readdirSync(`${DIST}chunks`).map((file) => `chunks/${file}`)].filter((file) =>
  file.endsWith('.js'),
);
const imports = files.flatMap((file) =>
  [...readFileSync(DIST + file, 'utf8').matchAll(/^import (?:[^'\n]* from )?'([^']+)';$/gm)].map(
    (match) => match[1] as string,
  ),
);

it('is the program with what it needs, but for packages that are installed in production', () => {
  const packages = imports.filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier));
  expect(packages).toContain('@temporalio/client');
  const names = packages.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)![0]);
  expect(names.filter((name) => !(name in dependencies))).toEqual([]);
});
