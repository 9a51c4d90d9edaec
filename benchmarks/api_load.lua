-- One endpoint's load for wrk: wrk … -s api_load.lua URL -- ENDPOINT USERS DIALOGS SEED TOKEN
-- Prints one line of JSON at the end.
local make

local function pick(count)
  return math.random(count)
end

local function makers(users, dialogs)
  return {
    subscription = function() return wrk.format("GET", "/api/v1/subscriptions/" .. pick(users)) end,
    user = function() return wrk.format("GET", "/api/v1/users/" .. pick(users)) end,
    dialogs = function() return wrk.format("GET", "/api/v1/dialogs/?limit=20&user_id=" .. pick(users)) end,
    dialog = function() return wrk.format("GET", "/api/v1/dialogs/" .. pick(dialogs)) end,
    messages = function() return wrk.format("GET", "/api/v1/dialogs/" .. pick(dialogs) .. "/messages") end,
    new_dialog = function()
      return wrk.format("POST", "/api/v1/dialogs/", nil, '{"user_id":' .. pick(users) .. ',"title":"New"}')
    end,
    change_dialog = function()
      return wrk.format("PATCH", "/api/v1/dialogs/" .. pick(dialogs), nil, '{"title":"Changed"}')
    end,
    nothing = function() return wrk.format("GET", "/nothing") end,
  }
end

function init(given)
  math.randomseed(tonumber(given[4]))
  make = makers(tonumber(given[2]), tonumber(given[3]))[given[1]]
  wrk.headers["Content-Type"] = "application/json"
  if given[5] then wrk.headers["Authorization"] = "Bearer " .. given[5] end
end

function request()
  return make()
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"per_second": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "requests": %d, "errors": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
