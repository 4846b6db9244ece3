-- One request (or, pipelined, several in one write), built once; the figures as one line of JSON at the end.
-- Arguments after `--`: method, bytes of body, requests per write, and how many numbers take turns for a `*` in the path.

function init(args)
  local bytes, pipelined = tonumber(args[2]), tonumber(args[3])
  wrk.method = args[1]
  if bytes > 0 then wrk.body = string.rep("x", bytes) end

  -- wrk asks `wrk.format` once for the bytes that all connections send, and counts the requests in them.
  local format = wrk.format
  wrk.format = function(...) return string.rep(format(...), pipelined) end

  local variants = tonumber(args[4])
  if variants > 1 then
    local requests, at = {}, 0
    for number = 0, variants - 1 do
      requests[number] = format(wrk.method, (wrk.path:gsub("*", number)))
    end
    request = function()
      at = (at + 1) % variants
      return requests[at]
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"errors":%d,"cuts":%d}\n',
    summary.requests,
    summary.duration / 1e6,
    latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.write + errors.status + errors.timeout,
    errors.read
  ))
end
