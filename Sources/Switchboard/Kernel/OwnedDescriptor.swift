/// A descriptor that is closed exactly once, with its owner's end.
///
/// It is a type of its own, and not generic over the kernel, for a reason. Swift 6.3.1 passes over
/// the `deinit` of a generic type whose layout depends on its parameter wherever such a value is
/// destroyed by code that does not know the type: it destroys the members alone, in optimized code
/// always, and in debug builds where they are plain bytes. So a reactor that was dropped left its
/// connections open. A type that is a `Kernel`'s, and owns something, keeps it in a member of this
/// kind.
///
/// The kernel stands here as an existential: no allocation for ``Linux``, which has no size.
@usableFromInline
struct OwnedDescriptor: ~Copyable, Sendable {
  @usableFromInline let number: Descriptor
  @usableFromInline let system: any Kernel

  init(_ number: Descriptor, of system: some Kernel) {
    self.number = number
    self.system = system
  }

  // Inlinable, since what other modules may inline (`Listener.Incoming`) destroys one.
  @inlinable deinit { _ = system.close(number) }
}
