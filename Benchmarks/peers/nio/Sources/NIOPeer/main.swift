// The frames protocol on SwiftNIO: one event loop, one handler per channel.
import NIOCore
import NIOPosix

/// Answers in the buffer that was read and writes that buffer back, so that a request allocates
/// no second one. Writes are flushed once per read burst.
final class FramesHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var frames = Frames()
  private var hasWritten = false
  private var isWritable = true
  private var owesRead = false

  func channelActive(context: ChannelHandlerContext) {
    let greeting = context.channel.allocator.buffer(string: "*")
    context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    let count = buffer.withUnsafeMutableReadableBytes { frames.reply($0) }
    guard count > 0 else { return }
    buffer.moveWriterIndex(to: buffer.readerIndex + count)
    context.write(wrapOutboundOut(buffer), promise: nil)
    hasWritten = true
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard hasWritten else { return }
    hasWritten = false
    context.flush()
  }

  // A client that does not read its replies is not read either. NIO has a handler for this, but
  // a second handler in the pipeline would cost every request, and so would asking the channel.

  func read(context: ChannelHandlerContext) {
    if isWritable {
      context.read()
    } else {
      owesRead = true
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    guard owesRead, isWritable else { return }
    owesRead = false
    context.read()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
  fatalError("usage: nio-peer PORT")
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let server = try ServerBootstrap(group: group)
  .serverChannelOption(.backlog, value: 4096)
  .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
  .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
  .childChannelInitializer { channel in
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(FramesHandler())
    }
  }
  .bind(host: "127.0.0.1", port: port)
  .wait()
try server.closeFuture.wait()
