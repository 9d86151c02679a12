// What the Go program asks of its surroundings. Each function returns a promise
// that belongs to the request in which it was called.

// The most bytes of a chunk of weights, and one more that shows excess.
const chunkBuffer = (4 << 20) + 1;

// createHost reads files through an assets binding and writes weights to memory,
// the kernels'. program is the memory of the Go program.
export function createHost(assets, memory, program) {
  // Buffers for chunks are used again: garbage of some MiB each would count
  // against the worker's memory together with the weights.
  const free = [];
  let inUse = 0;

  return {
    manifest: (path, limit) => fetchFile(assets, path, limit),
    file: (path, sha256, size) => fetchVerified(assets, path, sha256, size, new Uint8Array(size + 1)),
    async weights(at, path, sha256, size) {
      inUse++;
      try {
        const bytes = await fetchVerified(assets, path, sha256, size, free.pop() ?? new Uint8Array(chunkBuffer));
        new Uint8Array(memory.buffer, at, size).set(bytes); // memory.buffer changes when it grows
        free.push(new Uint8Array(bytes.buffer));
      } finally {
        if (--inUse === 0) free.length = 0;
      }
    },
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    body: (stream, limit) => readUpTo(stream, limit),
    memory: () => ({ kernels: memory.buffer.byteLength, program: program.buffer.byteLength }),
  };
}

// fetchVerified returns the content of path if it has this size and hash.
async function fetchVerified(assets, path, sha256, size, buffer) {
  const bytes = await fetchFile(assets, path, size, buffer);
  if (bytes.length !== size || hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256) {
    throw new Error(`${path} does not have the content that its name promises; deploy the file again`);
  }
  return bytes;
}

// fetchFile returns the content of path, at most limit bytes.
async function fetchFile(assets, path, limit, buffer) {
  const response = await assets.fetch(`https://assets.local/${path}`).catch((error) => {
    throw new Error(`${path} could not be fetched (${error.message}); try again`);
  });
  if (!response.ok) {
    await response.body?.cancel();
    const problem = response.status === 404 ? "is missing" : `could not be fetched (status ${response.status})`;
    throw new Error(`${path} ${problem}; deploy the complete folder ${path.split("/")[0]}`);
  }
  const bytes = await readUpTo(response.body, limit + 1, buffer);
  if (bytes.length > limit) {
    throw new Error(`${path} is larger than the ${limit} bytes that were expected; deploy the file again`);
  }
  return bytes;
}

// readUpTo returns the content of a stream, cut at limit bytes. The memory of
// buffer becomes that of the result, unless it is too small.
async function readUpTo(stream, limit, buffer = new Uint8Array(1 << 16)) {
  if (!stream) return new Uint8Array();
  const reader = stream.getReader({ mode: "byob" });
  let size = 0;
  while (size < limit) {
    if (size === buffer.length) {
      const larger = new Uint8Array(Math.min(limit, 2 * size));
      larger.set(buffer);
      buffer = larger;
    }
    const room = buffer.subarray(size, Math.min(limit, buffer.length));
    const wanted = room.length;
    const { value } = await reader.readAtLeast(wanted, room);
    buffer = new Uint8Array(value.buffer); // reading moves the memory to value
    size += value.length;
    if (value.length < wanted) return buffer.subarray(0, size); // the end
  }
  await reader.cancel();
  return buffer.subarray(0, size);
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
