-- What wrk sends while instances are restarted: mostly GET, every fourth request a POST, which no front may send twice, and
-- every tenth on a connection that ends with it.
local count = 0
local note = string.rep("note ", 200)

local answered = false

response = function(status, _, body)
  if status >= 400 then io.stderr:write("failed: ", status, " ", body, "\n") end
  if answered then return end
  answered = true
  -- Where nothing collects it: the load has begun.
  io.stderr:write("answered\n")
end

request = function()
  count = count + 1
  local headers = {}
  if count % 10 == 0 then headers["Connection"] = "close" end
  if count % 4 == 0 then return wrk.format("POST", "/upload", headers, note) end
  return wrk.format("GET", "/whoami", headers)
end
