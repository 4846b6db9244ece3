// Times as log lines have them, in the process's time zone and in English. What is the same for a whole second is rendered once.

/** Seconds whose renderings are kept: requests that took longer began in earlier ones. */
const keptSeconds = 16;

/** HOT. Makes a rendering of seconds one that remembers. @returns takes milliseconds since 1970 */
export function oncePerSecond(render: (date: Date) => string): (milliseconds: number) => string {
  const seconds: number[] = new Array<number>(keptSeconds).fill(Number.NaN);
  const texts: string[] = new Array<string>(keptSeconds).fill('');
  return milliseconds => {
    const second = Math.floor(milliseconds / 1000);
    const slot = second & (keptSeconds - 1);
    if (seconds[slot] !== second) {
      texts[slot] = render(new Date(second * 1000));
      seconds[slot] = second;
    }
    return texts[slot] as string;
  };
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const padded = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const hour12 = (date: Date): number => date.getHours() % 12 || 12;
const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) /
      86_400_000,
  );
/** Weeks of the year that begin on a certain day; the days before the first one are week 0. */
const week = (date: Date, firstDay: number): number =>
  Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 7 - firstDay) % 7)) / 7);

/** ISO 8601: the week belongs to the year that has its Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(size / 60))}${padded(size % 60)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone(date);
}

/** Conversions of strftime(3) in the POSIX locale; a string is another format. Those that break lines are not here. */
const conversions: Readonly<Record<string, string | ((date: Date) => string)>> = {
  a: date => (days[date.getDay()] as string).slice(0, 3),
  A: date => days[date.getDay()] as string,
  b: date => (months[date.getMonth()] as string).slice(0, 3),
  B: date => months[date.getMonth()] as string,
  c: '%a %b %e %H:%M:%S %Y',
  C: date => padded(Math.floor(date.getFullYear() / 100)),
  d: date => padded(date.getDate()),
  D: '%m/%d/%y',
  e: date => padded(date.getDate(), 2, ' '),
  F: '%Y-%m-%d',
  g: date => padded(isoWeek(date).year % 100),
  G: date => String(isoWeek(date).year),
  h: '%b',
  H: date => padded(date.getHours()),
  I: date => padded(hour12(date)),
  j: date => padded(dayOfYear(date) + 1, 3),
  k: date => padded(date.getHours(), 2, ' '),
  l: date => padded(hour12(date), 2, ' '),
  m: date => padded(date.getMonth() + 1),
  M: date => padded(date.getMinutes()),
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  P: date => (date.getHours() < 12 ? 'am' : 'pm'),
  r: '%I:%M:%S %p',
  R: '%H:%M',
  s: date => String(Math.floor(date.getTime() / 1000)),
  S: date => padded(date.getSeconds()),
  T: '%H:%M:%S',
  u: date => String(date.getDay() || 7),
  U: date => padded(week(date, 0)),
  V: date => padded(isoWeek(date).week),
  w: date => String(date.getDay()),
  W: date => padded(week(date, 1)),
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  y: date => padded(date.getFullYear() % 100),
  Y: date => String(date.getFullYear()),
  z: zone,
  Z: zoneName,
  '%': () => '%',
};

/**
 * Makes a function of a strftime format.
 * @throws {RangeError} naming a conversion that is none
 */
export function strftime(format: string): (date: Date) => string {
  const parts: (string | ((date: Date) => string))[] = [];
  for (let at = 0; at < format.length; at += 1) {
    if (format[at] !== '%') {
      parts.push(format[at] as string);
      continue;
    }
    at += 1;
    const letter = format[at] ?? '';
    if (!Object.hasOwn(conversions, letter)) {
      throw new RangeError(`%${letter} is no conversion of strftime that a log line can have.`);
    }
    const conversion = conversions[letter] as string | ((date: Date) => string);
    parts.push(typeof conversion === 'string' ? strftime(conversion) : conversion);
  }
  return date => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(date);
    return text;
  };
}

/** Apache's own form: `[10/Oct/2000:13:55:36 -0700]`. */
export const commonLogTime: (milliseconds: number) => string = oncePerSecond(
  strftime('[%d/%b/%Y:%H:%M:%S %z]'),
);
