// A page in a real browser: images, a font, a script, a video that is sought in, and what a reload asks for.

import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Middleware } from '@fapws/core';
import { Chromium, chromium, optional } from '@fapws/testing';
import { describe, expect, test, vi } from 'vitest';
import { Site, serve, until } from './serving.ts';
import { webm } from './webm.ts';

// A browser is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const here = optional('Chromium', chromium !== undefined, 'apt-get install chromium');

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Files</title>
<link rel="icon" href="picture.svg">
<link rel="stylesheet" href="style.css">
<script type="module" src="script.mjs"></script>
<img id="png" src="picture.png" alt=""><img id="svg" src="picture.svg" alt="">
<p>Text</p>
<video id="video" src="video.webm" preload="auto" muted></video>
`;

const files = {
  'index.html': page,
  'style.css':
    '@font-face { font-family: Own; src: url(font.woff2); } p { font: 20px Own; color: rgb(1, 2, 3); }',
  'script.mjs': 'import { word } from "./other.mjs"; document.body.dataset.word = word;',
  'other.mjs': 'export const word = "loaded";',
  'picture.svg':
    '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20"/></svg>',
  'picture.png': Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
  'encode.html': '<!doctype html><title>Encode</title><link rel="icon" href="picture.svg">',
};

const [width, height] = [640, 480];

/** On a page: encodes frames of noise, which nothing can make small. */
const encode = `(async () => {
  const frames = [];
  const encoder = new VideoEncoder({
    output: chunk => { const bytes = new Uint8Array(chunk.byteLength); chunk.copyTo(bytes); frames.push(bytes); },
    error: error => { throw error; },
  });
  encoder.configure({ codec: 'vp8', width: ${width}, height: ${height}, bitrate: 100_000_000, framerate: 1 });
  const canvas = new OffscreenCanvas(${width}, ${height});
  const context = canvas.getContext('2d');
  for (let number = 0; number < 4; number += 1) {
    const image = context.createImageData(${width}, ${height});
    for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536));
    for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
    context.putImageData(image, 0, 0);
    const frame = new VideoFrame(canvas, { timestamp: number * 1_000_000 });
    encoder.encode(frame, { keyFrame: true });
    frame.close();
  }
  await encoder.flush();
  return frames.map(bytes => { let text = ''; for (const byte of bytes) text += String.fromCharCode(byte); return btoa(text); });
})()`;

interface Seen {
  readonly path: string;
  readonly range: string | undefined;
  readonly condition: string | undefined;
  readonly status: number;
}

describe.runIf(here)('in Chromium', () => {
  test('a page has all that it asks for, a video is sought in, and a reload asks whether anything has changed', async () => {
    const site = new Site(files);
    const font = import.meta.resolve('@fontsource/silkscreen/files/silkscreen-latin-400-normal.woff2');
    copyFileSync(fileURLToPath(font), site.file('font.woff2'));
    const seen: Seen[] = [];
    const watch: Middleware = app => (environ, startResponse) => {
      const { PATH_INFO: path, HTTP_RANGE: range, HTTP_IF_NONE_MATCH: condition } = environ;
      return app(environ, (status, headers, excInfo) => {
        // Not when the answer is over: a browser leaves a video's answer open for as long as it likes.
        seen.push({ path, range, condition, status: Number(status.slice(0, 3)) });
        return startResponse(status, headers, excInfo);
      });
    };
    const serving = await serve(site, { middleware: watch });
    const origin = `http://127.0.0.1:${serving.port}`;
    await using browser = new Chromium(chromium as string);

    await browser.open(`${origin}/encode.html`);
    const frames = (await browser.evaluate<string[]>(encode)).map(frame => Buffer.from(frame, 'base64'));
    const seconds = Math.ceil(40_000_000 / (frames[0] as Buffer).length);
    const video = webm(
      Array.from({ length: seconds }, (_, at) => frames[at % frames.length] as Buffer),
      width,
      height,
    );
    site.write('video.webm', video);

    await browser.open(`${origin}/`);
    await until('the script has run', () =>
      browser.evaluate<boolean>("document.body.dataset.word === 'loaded'"),
    );
    expect(await browser.evaluate("document.getElementById('png').naturalWidth")).toBe(1);
    expect(await browser.evaluate("document.getElementById('svg').naturalWidth")).toBe(30);
    expect(await browser.evaluate("getComputedStyle(document.querySelector('p')).color")).toBe(
      'rgb(1, 2, 3)',
    );
    expect(await browser.evaluate("document.fonts.load('20px Own').then(fonts => fonts.length)")).toBe(1);

    // Into the last part of the video, which the browser can't have by then.
    const target = seconds - 5;
    expect(
      await browser.evaluate(`new Promise((resolve, reject) => {
        const video = document.getElementById('video');
        video.onerror = () => reject(new Error(video.error.message));
        const seek = () => { video.onseeked = () => resolve(video.currentTime); video.currentTime = ${target}; };
        if (video.readyState > 0) seek(); else video.onloadedmetadata = seek;
      })`),
    ).toBe(target);
    expect(await browser.evaluate("document.getElementById('video').duration")).toBe(seconds);
    const starts = seen
      .filter(({ path, status }) => path === '/video.webm' && status === 206)
      .map(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]));
    expect(starts.some(start => start > video.length / 2)).toBe(true);

    seen.length = 0;
    await browser.load(() => browser.evaluate('location.reload()'));
    await until('the script has run again', () =>
      browser.evaluate<boolean>("document.body.dataset.word === 'loaded'"),
    );
    const again = seen.filter(({ path }) => path !== '/video.webm');
    for (const path of ['/', '/style.css', '/script.mjs', '/other.mjs', '/picture.png'])
      expect(again, path).toContainEqual({
        path,
        range: undefined,
        condition: expect.any(String),
        status: 304,
      });
    expect(again.filter(({ status }) => status !== 304)).toEqual([]);

    // What has changed comes anew.
    site.write('style.css', 'p { color: rgb(4, 5, 6); }', new Date());
    await new Promise(resolve => setTimeout(resolve, 1100));
    await browser.load(() => browser.evaluate('location.reload()'));
    expect(await browser.evaluate("getComputedStyle(document.querySelector('p')).color")).toBe(
      'rgb(4, 5, 6)',
    );
    expect(browser.complaints).toEqual([]);
  });
});
