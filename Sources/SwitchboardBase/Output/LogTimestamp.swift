import Glibc

/// The wall clock as the article's client prints it: local time, milliseconds after a comma.
public func logTimestamp() -> String {
  var time = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  var local = unsafe tm()
  unsafe localtime_r(&time.tv_sec, &local)
  let pad = { (value: Int32, width: Int) in
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  let date = unsafe [pad(local.tm_year + 1900, 4), pad(local.tm_mon + 1, 2), pad(local.tm_mday, 2)]
  let clock = unsafe [pad(local.tm_hour, 2), pad(local.tm_min, 2), pad(local.tm_sec, 2)]
  return date.joined(separator: "-") + " " + clock.joined(separator: ":") + ","
    + pad(Int32(time.tv_nsec / 1_000_000), 3)
}
