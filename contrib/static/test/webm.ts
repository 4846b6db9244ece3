// A WebM of given VP8 key frames, with an index by which players seek: what no program on a bare machine would make for a test.

/** One element of EBML (RFC 8794): its id, its size in eight octets, its content. */
function element(id: number, ...content: (Buffer | number)[]): Buffer {
  const digits = id.toString(16);
  const body = Buffer.concat(content.map(part => (typeof part === 'number' ? unsigned(part) : part)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(body.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(digits, 'hex'), size, body]);
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/**
 * @param frames encoded; each is a key frame and lasts a second
 * @param width in pixels
 */
export function webm(frames: readonly Buffer[], width: number, height: number): Buffer {
  const header = element(
    0x1a45dfa3,
    element(0x4286, 1),
    element(0x42f7, 1),
    element(0x42f2, 4),
    element(0x42f3, 8),
    element(0x4282, Buffer.from('webm')),
    element(0x4287, 2),
    element(0x4285, 2),
  );
  const information = element(
    0x1549a966,
    element(0x2ad7b1, 1_000_000),
    element(0x4489, double(frames.length * 1000)),
    element(0x4d80, Buffer.from('test')),
    element(0x5741, Buffer.from('test')),
  );
  const tracks = element(
    0x1654ae6b,
    element(
      0xae,
      element(0xd7, 1),
      element(0x73c5, 1),
      element(0x83, 1),
      element(0x86, Buffer.from('V_VP8')),
      element(0xe0, element(0xb0, width), element(0xba, height)),
    ),
  );
  const clusters = frames.map((frame, second) =>
    element(0x1f43b675, element(0xe7, second * 1000), element(0xa3, Buffer.from([0x81, 0, 0, 0x80]), frame)),
  );
  const cuesAt = (first: number): Buffer => {
    let position = first;
    const points = clusters.map((cluster, second) => {
      const point = element(
        0xbb,
        element(0xb3, second * 1000),
        element(0xb7, element(0xf7, 1), element(0xf1, position)),
      );
      position += cluster.length;
      return point;
    });
    return element(0x1c53bb6b, ...points);
  };
  // All numbers take eight octets, so the index is as long wherever the clusters begin.
  const before = information.length + tracks.length;
  const cues = cuesAt(before + cuesAt(0).length);
  return Buffer.concat([header, element(0x18538067, information, tracks, cues, ...clusters)]);
}
