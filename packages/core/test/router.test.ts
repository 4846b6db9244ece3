// RadixRouter: the conformance suite of routers, and what only a radix tree can get wrong.
import { describe, expect, expectTypeOf, test } from 'vitest';
import { RouteError } from '../src/router/errors.ts';
import type { PathParameters } from '../src/router/parameters.ts';
import { RadixRouter } from '../src/router/radix.ts';
import { routerSuite } from './router.suite.ts';

routerSuite('RadixRouter', () => new RadixRouter<unknown>());

describe('RadixRouter', () => {
  test('an edge divided anywhere keeps its routes', () => {
    const text = '/abcdef';
    for (let length = 2; length < text.length; length++) {
      const router = new RadixRouter<string>();
      router.route('GET', text, text);
      router.route('GET', `${text}/:x`, 'below');
      router.route('GET', text.slice(0, length), 'short');
      router.route('GET', `${text.slice(0, length)}-`, 'branch');
      expect(router.find('GET', text)).toMatchObject({ value: text });
      expect(router.find('GET', `${text}/1`)).toMatchObject({ value: 'below' });
      expect(router.find('GET', text.slice(0, length))).toMatchObject({ value: 'short' });
      expect(router.find('GET', `${text.slice(0, length)}-`)).toMatchObject({ value: 'branch' });
    }
  });

  test('an edge may be divided inside a surrogate pair', () => {
    const router = new RadixRouter<string>();
    for (const text of ['🐝', '🐞', '🐝🐝']) router.route('GET', `/${text}`, text);
    for (const text of ['🐝', '🐞', '🐝🐝']) {
      expect(router.find('GET', encodeURI(`/${text}`))).toMatchObject({ value: text });
    }
    expect(router.find('GET', encodeURI('/🐟'))).toMatchObject({ kind: 'not-found' });
  });

  test('children are found whatever their first characters and the order of registration', () => {
    const router = new RadixRouter<string>();
    const characters = [...'z!aM~0é€я', 'Z'];
    for (const character of characters) router.route('GET', `/${character}`, character);
    for (const character of characters) {
      expect(router.find('GET', `/${encodeURIComponent(character)}`)).toMatchObject({ value: character });
    }
  });

  test('a raw path does not match a label that holds what must be encoded', () => {
    const router = new RadixRouter<string>();
    router.route('GET', '/a%', 'percent');
    router.route('GET', '/é', 'accent');
    router.route('GET', '/a%/:x', 'below');
    for (const path of ['/a%', '/é', '/a%/x', '/\xe9'])
      expect(router.find('GET', path)).toMatchObject({ kind: 'bad-path' });
    expect(router.find('GET', '/a%25/x')).toMatchObject({ value: 'below' });
  });

  test('a path that only looked as if it needed work is found all the same', () => {
    const router = new RadixRouter<string>();
    router.route('GET', '/:x', 'x');
    for (const text of ['.a', '..a', '\\', 'a\\b']) {
      expect(router.find('GET', `/${text}`)).toMatchObject({ value: 'x', params: { x: text } });
    }
  });

  test('a parameter taken raw is not believed when a later part of the path changes its meaning', () => {
    const router = new RadixRouter<string>();
    router.route('GET', '/:a/b', 'b');
    router.route('GET', '/:a/:b/:c', 'c');
    router.route('GET', '/secret', 'secret');
    expect(router.find('GET', '/x/../secret')).toMatchObject({ value: 'secret' });
    expect(router.find('GET', '/x/y/../b')).toMatchObject({ value: 'b', params: { a: 'x' } });
    expect(router.find('GET', '/../y/z')).toMatchObject({ kind: 'bad-path' });
  });

  test('all outcomes have one shape, so that reading them stays monomorphic', () => {
    const router = new RadixRouter<string>();
    router.route('GET', '/a', 'a');
    router.mount('/m', 'm');
    const keys = ['GET /a', 'PUT /a', 'GET /m', 'GET /x', 'GET /%'].map(request => {
      const [method = '', path = ''] = request.split(' ');
      return Object.keys(router.find(method, path));
    });
    for (const each of keys) expect(each).toEqual(keys[0]);
  });

  test('a RouteError says what is wrong, where, and what to do', () => {
    const router = new RadixRouter<string>();
    router.route('GET', '/users/:id', 'one');
    const attempts: [() => void, RegExp][] = [
      [
        () => router.route('GET', '/users/:name', 'two'),
        /GET "\/users\/:name".*GET "\/users\/:id".*Remove one/,
      ],
      [() => router.route('GET', 'users', 'x'), /"users".*begins with "\/".*Write "\/users"/],
      [() => router.route('get', '/users', 'x'), /"\/users".*"get".*capitals/],
      [() => router.route('GET', '/f/*rest/x', 'x'), /"\*rest".*nothing can follow.*":rest"/],
      [() => router.mount('/u/:id', 'x'), /"\/u\/:id".*no parameters.*route\(\)/],
      [() => router.route('GET', '/caf%C3%A9', 'x'), /percent-encoded.*decoded/],
      [() => router.route('GET', undefined as unknown as string, 'x'), /a path is a string/],
    ];
    for (const [attempt, message] of attempts) {
      expect(attempt).toThrow(RouteError);
      expect(attempt).toThrow(message);
    }
  });
});

describe('PathParameters', () => {
  test('has a string for each parameter of a literal pattern', () => {
    expectTypeOf<PathParameters<'/users/:id/files/*rest'>>().toEqualTypeOf<{ id: string; rest: string }>();
    expectTypeOf<PathParameters<'/:a'>>().toEqualTypeOf<{ a: string }>();
    expectTypeOf<PathParameters<'/*all'>>().toEqualTypeOf<{ all: string }>();
    expectTypeOf<PathParameters<'/a/:b/'>>().toEqualTypeOf<{ b: string }>();
  });

  test('is empty for a static pattern; a colon inside a segment is text', () => {
    expectTypeOf<keyof PathParameters<'/users/v1:list'>>().toEqualTypeOf<never>();
    expectTypeOf<keyof PathParameters<'/'>>().toEqualTypeOf<never>();
  });

  test('is a union for a union of patterns', () => {
    expectTypeOf<PathParameters<'/a/:x' | '/b/:y'>>().toEqualTypeOf<{ x: string } | { y: string }>();
  });

  test('is a record where the pattern is not known', () => {
    expectTypeOf<PathParameters<string>>().toEqualTypeOf<Record<string, string>>();
    expectTypeOf<PathParameters<`/users/${string}`>>().toEqualTypeOf<Record<string, string>>();
  });
});
