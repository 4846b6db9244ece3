// One after the other: who writes to the same session waits for those before.

const tails = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Runs `task` when all earlier ones for the same key of the same store are over. It must come to an end by itself.
 * @param store all middlewares of this process that share it share its locks
 */
export async function inTurn<T>(store: object, key: string, task: () => Promise<T>): Promise<T> {
  let ofStore = tails.get(store);
  if (ofStore === undefined) {
    ofStore = new Map();
    tails.set(store, ofStore);
  }
  const before = ofStore.get(key) ?? Promise.resolve();
  const mine = before.then(task, task);
  ofStore.set(key, mine);
  try {
    return await mine;
  } finally {
    if (ofStore.get(key) === mine) ofStore.delete(key);
  }
}
