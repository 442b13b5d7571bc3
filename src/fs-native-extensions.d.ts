/** The part of the library that is used here; it comes without types. */
declare module 'fs-native-extensions' {
  /** False if another open file holds the lock. */
  export function tryLock(fd: number, offset?: number, length?: number): boolean;
}
