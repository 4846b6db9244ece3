// Dates of HTTP as they are received: the one form that is sent today, and two that were (RFC 9110 5.6.7).

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const month = `(${months.join('|')})`;
const time = '(\\d\\d):(\\d\\d):(\\d\\d)';

/** Sun, 06 Nov 1994 08:49:37 GMT */
const imfFixdate = new RegExp(`^${day}, (\\d\\d) ${month} (\\d{4}) ${time} GMT$`);
/** Sunday, 06-Nov-94 08:49:37 GMT */
const rfc850Date = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d\\d)-${month}-(\\d\\d) ${time} GMT$`,
);
/** Sun Nov  6 08:49:37 1994 */
const asctimeDate = new RegExp(`^${day} ${month} ([ \\d]\\d) ${time} (\\d{4})$`);

/** Seconds since the epoch; undefined for what is no date: whoever asks ignores it then. */
export function parseHttpDate(text: string, now: () => number = Date.now): number | undefined {
  const imf = imfFixdate.exec(text);
  if (imf !== null) return seconds(imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]);
  const rfc850 = rfc850Date.exec(text);
  if (rfc850 !== null) {
    // A year that would be more than 50 years ahead is the one a century before.
    const current = new Date(now()).getUTCFullYear();
    let year = current - (current % 100) + Number(rfc850[3]);
    if (year > current + 50) year -= 100;
    return seconds(String(year), rfc850[2], rfc850[1], rfc850[4], rfc850[5], rfc850[6]);
  }
  const asctime = asctimeDate.exec(text);
  if (asctime !== null)
    return seconds(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  return undefined;
}

function seconds(...fields: (string | undefined)[]): number | undefined {
  const [year, monthName, dayOfMonth, hour, minute, second] = fields;
  const date = [Number(year), months.indexOf(monthName as string), Number(dayOfMonth)] as const;
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const milliseconds = Date.UTC(...date, ...clock);
  const back = new Date(milliseconds);
  // 60 is a leap second. A day that the month does not have, or a 25th hour, is no date.
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 60 || date[2] === 0) return undefined;
  if (clock[2] !== 60 && (back.getUTCDate() !== date[2] || back.getUTCMonth() !== date[1])) return undefined;
  return milliseconds / 1000;
}
