// What is measured, in the order of the report. A new scenario is a file beside this one and a line here.
import { browserHeaders } from './browser-headers.mjs';
import { compressed } from './compressed.mjs';
import { connectionPerRequest } from './connection-per-request.mjs';
import { echo } from './echo.mjs';
import { file1k, file10m, file100k, fileNotModified, filesMany } from './files.mjs';
import { hello, hello512 } from './hello.mjs';
import { idleConnection } from './idle-connection.mjs';
import { json } from './json.mjs';
import { pipelined } from './pipelined.mjs';
import { python } from './python.mjs';
import { routeParameters } from './route-parameters.mjs';
import { slowLatency, slowMemory } from './slow.mjs';
import { start } from './start.mjs';
import { stream } from './stream.mjs';
import { upload } from './upload.mjs';

/** @type {import('../lib/scenario.mjs').Scenario[]} */
export const scenarios = [
  hello,
  hello512,
  pipelined,
  browserHeaders,
  json,
  routeParameters,
  echo,
  upload,
  stream,
  connectionPerRequest,
  idleConnection,
  slowMemory,
  slowLatency,
  start,
  file1k,
  file100k,
  file10m,
  fileNotModified,
  filesMany,
  ...compressed,
  ...python,
];
