-- wrk against an echo server: what it sends is the response that it then gets.
local response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
local is_first = true

request = function()
  -- Never sent: wrk asks for one beforehand, and wants a request to see.
  if is_first then
    is_first = false
    return "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
  end
  return response
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"us":%d,"p50":%d,"p99":%d,"p99.9":%d,"max":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), latency.max,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
