// What the Go program asks of its surroundings. Each function returns a promise
// that belongs to the request in which it was called.

// createHost reads files through an assets binding and writes weights to memory,
// the kernels'. program is the memory of the Go program.
export function createHost(assets, memory, program) {
  const fetchFile = async (path, limit) => {
    const response = await assets.fetch(`https://assets.local/${path}`).catch((error) => {
      throw new Error(`${path} could not be fetched (${error.message}); try again`);
    });
    if (!response.ok) {
      await response.body?.cancel();
      const problem = response.status === 404 ? "is missing" : `could not be fetched (status ${response.status})`;
      throw new Error(`${path} ${problem}; deploy the complete folder ${path.split("/")[0]}`);
    }
    const bytes = await readUpTo(response.body, limit + 1);
    if (bytes.length > limit) {
      throw new Error(`${path} is larger than the ${limit} bytes that were expected; deploy the file again`);
    }
    return bytes;
  };

  const fetchVerified = async (path, sha256, size) => {
    const bytes = await fetchFile(path, size);
    if (bytes.length !== size || hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256) {
      throw new Error(`${path} does not have the content that its name promises; deploy the file again`);
    }
    return bytes;
  };

  return {
    manifest: fetchFile,
    file: fetchVerified,
    async weights(at, path, sha256, size) {
      const bytes = await fetchVerified(path, sha256, size);
      new Uint8Array(memory.buffer, at, size).set(bytes); // memory.buffer changes when it grows
    },
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    body: (stream, limit) => readUpTo(stream, limit),
    memory: () => ({ kernels: memory.buffer.byteLength, program: program.buffer.byteLength }),
  };
}

// readUpTo returns the content of a stream, cut at limit bytes.
async function readUpTo(stream, limit) {
  const parts = [];
  let size = 0;
  const reader = stream?.getReader();
  while (reader && size < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value.subarray(0, limit - size));
    size += parts.at(-1).length;
  }
  if (size === limit) await reader?.cancel();
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
