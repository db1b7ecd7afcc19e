import Switchboard
import SwitchboardTesting
import Testing

@testable import shout

@Test("It shouts", arguments: backends)
func shouts(_ backend: Server.BackendName) throws {
  try serving(Shout(), on: backend) { port, _ in
    let caller = try Caller(to: port)
    try caller.expect("Say something.\n")
    try caller.send("hello\n")
    try caller.expect("HELLO\n")
  }
}
