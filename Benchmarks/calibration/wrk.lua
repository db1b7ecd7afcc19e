-- wrk against an echo server: what it sends is the response that it then gets.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

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
