import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: '@fapws/core', include: ['test/**/*.test.ts'] } });
