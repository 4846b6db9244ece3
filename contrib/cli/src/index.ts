// What programs can import: the shape of configuration files. The rest is the command.

export { type Config, defineConfig } from './config.ts';
