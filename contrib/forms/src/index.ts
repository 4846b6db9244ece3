// What @fapws/forms offers: what browsers send, taken apart within limits, and the small things that answers to forms need.

export {
  type CookieAttributes,
  type CookieScope,
  deleteCookie,
  parseCookies,
  setCookie,
} from './cookies.ts';
export { FormError, type FormErrorReason } from './errors.ts';
export { Fields } from './fields.ts';
export type { FormFile, IncomingFile, KeepOptions } from './file.ts';
export { safeFileName } from './file-name.ts';
export { Form } from './form.ts';
export { escapeHtml, Html, html, unsafeHtml } from './html.ts';
export { defaultFormLimits, type FormLimits } from './limits.ts';
export type { FileDestination, QueryOptions, ReadFormOptions } from './options.ts';
export { readForm, readQuery } from './read.ts';
export { isLocalLocation, type RedirectOptions, type RedirectStatus, redirect } from './redirect.ts';
export { type SignedCookies, type SignedCookiesOptions, signedCookies } from './signed-cookies.ts';
