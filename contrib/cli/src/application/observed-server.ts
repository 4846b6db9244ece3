// Core's server, which remembers what a module has put on it that core itself tells nobody.

import { type Application, type LinkOptions, Server } from '@fapws/core';

export class ObservedServer extends Server {
  /** Whether there is an application for what nothing is mounted for. */
  hasFallback = false;

  override fallback(application: Application, options?: LinkOptions): this {
    this.hasFallback = true;
    return super.fallback(application, options);
  }

  get isEmpty(): boolean {
    return !this.hasFallback && this.links().next().done === true;
  }
}
