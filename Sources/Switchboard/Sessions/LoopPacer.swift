/// Says when connections of a loop are to act by themselves: for what is due at moments rather than after something
/// has come. So a client makes its requests at a rate, and a server deals out what it has evenly.
///
/// ```swift
/// /// Whom the beat is for: sessions enter themselves when they open, and leave when they close.
/// final class Orchestra { var players: [Key] = [] }
///
/// final class Metronome: LoopPacer {
///   private var beat = Instant(nanoseconds: 0)
///   private var place = 0
///
///   func next(_ moment: borrowing LoopMoment) -> LoopPace {
///     let players = moment.loopLocal { Orchestra() }.players
///     if place < players.count {
///       place += 1
///       return .call(players[place - 1])
///     }
///     if moment.now < beat { return .wait(until: beat) }
///     (beat, place) = (moment.now + .microseconds(250), 0)
///     return players.isEmpty ? .wait(until: beat) : next(moment)
///   }
/// }
///
/// server.pace { _ in Metronome() }
/// ```
///
/// All calls come from the loop's thread. What is due in milliseconds needs none: ``Connection/setTimer(after:)``.
public protocol LoopPacer: AnyObject {
  /// What is to be done next. It is asked at the end of each turn of the loop, and by the moment that it answered
  /// at the latest, and then again and again until it waits; after 1,024 calls the others have their turn in between.
  /// It must not block.
  func next(_ moment: borrowing LoopMoment) -> LoopPace
}

/// What a ``LoopPacer`` wants.
public enum LoopPace: Hashable, Sendable {
  /// This connection is to act now: its ``Session/elapsed(_:)`` is called. Nothing happens where it is not open any
  /// more, or not yet.
  case call(Key)
  /// Nothing more at the moment. It is asked again by then; nil: when something has happened on the loop. The moment
  /// is kept to as exactly as the kernel can: to the nanosecond on every backend, and what the machine adds.
  case wait(until: Instant?)
}

/// A loop's pacer, and when it wants to be asked.
final class Pacing {
  let pacer: any LoopPacer
  /// Nil: when something has happened.
  var next: Instant?

  /// It is asked for the first time at once.
  init(_ pacer: any LoopPacer, now: Instant) { (self.pacer, next) = (pacer, now) }

  /// How many connections it may have called in one turn.
  static var mostCalls: Int { 1024 }
}
