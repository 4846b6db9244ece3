// How far an answer is.

/** No content yet: nothing is decided. */
export const Open = 0;
/** Content passes as it is: it is not compressed, or it is that of an answer to HEAD, which nobody sees. */
export const Plain = 1;
/** Content is compressed piece by piece. */
export const Coded = 2;

export type Stage = typeof Open | typeof Plain | typeof Coded;
