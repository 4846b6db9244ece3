// Why a request is refused: a claim of the front that can't be read, or that another one contradicts.

/** Thrown where it is found, caught by the middleware, which answers 400 with it. The text shows nothing of the request. */
export class Refused extends Error {
  override readonly name: string = 'Refused';
}
