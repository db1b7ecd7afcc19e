//! The frames protocol on tokio: the current-thread runtime, one task per connection.
use std::io;

use memchr::memchr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a connection has to remember.
#[derive(Default)]
struct Frames {
    inside: bool,
}

impl Frames {
    /// Turns what was received into its reply, in place, and returns the part that holds it.
    /// Whole runs at a time: `memchr`, a move, and a loop the compiler vectorises.
    fn reply<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        let (mut at, mut out) = (0, 0);
        while at < bytes.len() {
            if !self.inside {
                let Some(start) = memchr(b'^', &bytes[at..]) else { break };
                at += start + 1;
                self.inside = true;
            }
            let stop = memchr(b'$', &bytes[at..]);
            let run = stop.unwrap_or(bytes.len() - at);
            bytes.copy_within(at..at + run, out);
            for byte in &mut bytes[out..out + run] {
                *byte = byte.wrapping_add(1);
            }
            out += run;
            at += run;
            if stop.is_some() {
                at += 1;
                self.inside = false;
            }
        }
        &bytes[..out]
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"*").await?;
    // Lives in the task, as is usual; an idle connection holds it too.
    let mut buffer = vec![0; 16 << 10];
    let mut frames = Frames::default();
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        let reply = frames.reply(&mut buffer[..n]);
        if !reply.is_empty() {
            stream.write_all(reply).await?;
        }
    }
}

async fn listen(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // An error ends its own connection and concerns nobody else.
        tokio::spawn(async move { serve(stream).await.ok() });
    }
}

fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let Some(port) = argument else {
        eprintln!("usage: frames PORT");
        std::process::exit(64);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(listen(port))
}
