/** The part of the library that is used here; its own declarations deny the default export that it has. */
declare module 'buffer-crc32' {
  const crc32: {
    /** CRC-32 of what `partial` is the CRC-32 of, followed by `bytes`; 0: of nothing. */
    unsigned(bytes: Buffer, partial: number): number;
  };
  export default crc32;
}
