/** The part of the library that is used here; it comes without types. */
declare module 'picomatch' {
  /** Whether paths match a glob. */
  export default function picomatch(glob: string): (path: string) => boolean;
}
