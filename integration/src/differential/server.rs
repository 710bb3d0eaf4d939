//! The servers behind the proxy: scripted, and keeping what they got.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::case::{Server, Text};
use crate::framing::{Kind, find, message_len};

/// What came, in the order it was complete.
pub type Received = Arc<Mutex<Vec<Vec<u8>>>>;

/// A running server; ends with its handle.
#[derive(Debug)]
pub struct Running {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    stop: Arc<AtomicBool>,
}

/// Starts a server on a free port; what it gets goes to `received`, with `name` before it.
pub fn start(name: &str, script: Server, received: Received) -> Result<Running> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let stop = Arc::new(AtomicBool::new(false));
    let (name, stopped) = (name.to_owned(), Arc::clone(&stop));
    thread::spawn(move || {
        let script = Arc::new(script);
        while !stopped.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    let (name, script, received, stop) =
                        (name.clone(), Arc::clone(&script), Arc::clone(&received), Arc::clone(&stopped));
                    thread::spawn(move || {
                        // A connection the proxy resets is part of the test.
                        let _ = serve(&name, stream, &script, &received, &stop);
                    });
                }
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    });
    Ok(Running { port, stop })
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn serve(
    name: &str,
    mut stream: TcpStream,
    script: &Server,
    received: &Received,
    stop: &AtomicBool,
) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    stream.set_nodelay(true)?;
    let keep = |bytes: &[u8]| {
        if let Ok(mut all) = received.lock() {
            all.push([name.as_bytes(), b"< ", bytes].concat());
        }
    };
    if let Some(greet) = &script.greet {
        send(&mut stream, greet)?;
    }
    let mut buffer = Vec::new();
    let mut chunk = [0; 65536];
    loop {
        let len = match stream.read(&mut chunk) {
            Ok(len) => len,
            Err(e)
                if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
                    && !stop.load(Ordering::Relaxed) =>
            {
                continue;
            }
            Err(_) => 0,
        };
        if len == 0 {
            if !buffer.is_empty() {
                keep(&buffer);
            }
            return Ok(());
        }
        buffer.extend_from_slice(&chunk[..len]);
        if script.echo {
            stream.write_all(&chunk[..len])?;
            continue;
        }
        while let Some(len) = message_len(&buffer, Kind::Request) {
            let request: Vec<u8> = buffer.drain(..len).collect();
            keep(&request);
            let reply = script.replies.iter().find(|reply| request.starts_with(reply.to.as_bytes()));
            match reply {
                Some(reply) => send(&mut stream, &reply.send)?,
                None => stream.write_all(default_reply(&request))?,
            }
            if reply.is_some_and(|reply| reply.close) {
                return Ok(());
            }
        }
        // A client that waits for permission gets it, as long as the head is complete.
        if find(&buffer, b"\r\n\r\n").is_some()
            && find(&buffer.to_ascii_lowercase(), b"expect: 100-continue").is_some()
        {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
    }
}

fn default_reply(request: &[u8]) -> &'static [u8] {
    if request.starts_with(b"HEAD ") {
        b"HTTP/1.1 200 OK\r\nServer: built-in\r\nContent-Length: 2\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\nServer: built-in\r\nContent-Length: 2\r\n\r\nok"
    }
}

fn send(stream: &mut TcpStream, text: &Text) -> Result<()> {
    for (pause_ms, run) in text.runs() {
        thread::sleep(Duration::from_millis(pause_ms));
        stream.write_all(&run)?;
    }
    Ok(())
}
