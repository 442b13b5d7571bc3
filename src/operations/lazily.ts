import { createRequire } from 'node:module';

/**
 * `require` as `@terascope/utils` has it: what that package depends on need not be found from anywhere else.
 */
function libraryRequire(): NodeJS.Require {
  const ours = createRequire(import.meta.url);
  const components = createRequire(ours.resolve('@terascope/job-components'));
  return createRequire(components.resolve('@terascope/utils'));
}

let requireFromLibrary: NodeJS.Require | undefined;

/** Loads a CommonJS package that `@terascope/utils` or `@terascope/job-components` depends on. */
export function requireOfLibrary(name: string): unknown {
  requireFromLibrary ??= libraryRequire();
  return requireFromLibrary(name);
}

/**
 * Stands for a function, class or object that is loaded when it is first used in any way. It behaves as what it
 * stands for, but for `===`.
 */
export function lazily<T extends object>(load: () => T): T {
  let loaded: T | undefined;
  const target = (): T => (loaded ??= load());
  const handler: ProxyHandler<T> = {
    apply: (_, self, args) => Reflect.apply(target() as never, self, args),
    construct: (_, args) => Reflect.construct(target() as never, args) as object,
    get: (_, key) => Reflect.get(target(), key),
    has: (_, key) => Reflect.has(target(), key),
    set: (_, key, value) => Reflect.set(target(), key, value),
  };
  // A function, for only functions can be called and constructed.
  return new Proxy(function lazy() {} as unknown as T, handler);
}
