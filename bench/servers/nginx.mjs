// Debian's nginx, one worker, with what its own guide sets for static files. This process only starts and ends it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { folder, makeFiles } from '../lib/files.mjs';

makeFiles();
const own = mkdtempSync(join(tmpdir(), 'fapws-bench-nginx-'));
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
  name => `${name}_temp_path ${own}/${name};`,
);
writeFileSync(
  join(own, 'nginx.conf'),
  `daemon off;
master_process off;
pid ${own}/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  types { text/html html; text/css css; application/octet-stream bin; }
  charset utf-8;
  charset_types text/html text/css;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000;
  open_file_cache_valid 1s;
  keepalive_timeout ${IDLE_SECONDS};
  keepalive_requests 1000000000;
  server {
    listen ${host}:${port};
    root ${folder};
    expires 1h;
  }
}
`,
);
const nginx = spawn('nginx', ['-c', join(own, 'nginx.conf'), '-e', 'stderr'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
nginx.on('exit', code => {
  rmSync(own, { recursive: true, force: true });
  process.exit(code ?? 1);
});
process.on('exit', () => {
  nginx.kill('SIGKILL');
  rmSync(own, { recursive: true, force: true });
});
