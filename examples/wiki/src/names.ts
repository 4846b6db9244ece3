// What pages and pictures may be called, and where they are.

/** Letters, digits, blanks, dashes and dots, beginning with a letter or a digit; up to 60 characters. */
export const pageNamePattern: RegExp = /^[\p{L}\p{N}][\p{L}\p{N}\p{M} .-]{0,59}$/u;

/** An id of ours, and the ending that its content has. */
export const picturePattern: RegExp = /^[0-9a-f]{32}\.(png|jpg|gif|webp)$/;

export function pagePath(page: string): string {
  return `/pages/${encodeURIComponent(page)}`;
}
