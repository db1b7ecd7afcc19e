// What anybody may test a protocol with, and beside it what tests of this package alone need.
@_exported import SwitchboardTesting
