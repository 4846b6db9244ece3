// CRC32C (Castagnoli), the checksum of PROXY version 2. Node has only the other CRC-32, that of zlib.

/** The polynomial, its bits in reverse. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, octet) => {
  let value = octet;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
  return value;
});

/** @param skipped where four octets begin that count as zeros: those that hold the checksum itself */
export function crc32c(octets: Uint8Array, skipped = -1): number {
  let value = 0xffff_ffff;
  for (let at = 0; at < octets.length; at += 1) {
    const octet = skipped !== -1 && at >= skipped && at < skipped + 4 ? 0 : (octets[at] as number);
    value = (table[(value ^ octet) & 0xff] as number) ^ (value >>> 8);
  }
  return ~value >>> 0;
}
