/**
 * Every wait of the harness goes through here: a benchmark that hangs tells nobody anything.
 *
 * @template T
 * @param {number} seconds
 * @param {string} what names the wait in the error
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within(seconds, what, promise) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
