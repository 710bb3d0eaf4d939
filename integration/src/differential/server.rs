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

/// What came, shared by all servers of a case.
#[derive(Clone, Debug, Default)]
pub struct Received(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    connection: usize,
    bytes: Vec<u8>,
}

impl Entry {
    fn is_of(&self, server: &str) -> bool {
        self.bytes.strip_prefix(server.as_bytes()).is_some_and(|rest| rest.starts_with(b"< "))
    }
}

impl Received {
    /// Takes what there is: requests, and the bytes of whole connections that are no HTTP.
    pub fn take(&self) -> Vec<Vec<u8>> {
        let all = self.0.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        all.into_iter().map(|entry| entry.bytes).collect()
    }

    fn request(&self, connection: usize, server: &str, bytes: &[u8]) {
        if let Ok(mut all) = self.0.lock() {
            all.push(Entry { connection, bytes: [server.as_bytes(), b"< ", bytes].concat() });
        }
    }

    /// A stream has no borders: what comes on one connection is one entry.
    fn stream(&self, connection: usize, server: &str, bytes: &[u8]) {
        if let Ok(mut all) = self.0.lock()
            && let Some(last) =
                all.iter_mut().rev().find(|last| last.connection == connection && last.is_of(server))
        {
            last.bytes.extend_from_slice(bytes);
            return;
        }
        self.request(connection, server, bytes);
    }
}

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
        let mut connection = 0;
        while !stopped.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    connection += 1;
                    let (name, script, received, stop) =
                        (name.clone(), Arc::clone(&script), received.clone(), Arc::clone(&stopped));
                    thread::spawn(move || {
                        // A connection the proxy resets is part of the test.
                        let _ = Serving { name: &name, connection, script: &script, received: &received }
                            .run(stream, &stop);
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

struct Serving<'a> {
    name: &'a str,
    connection: usize,
    script: &'a Server,
    received: &'a Received,
}

impl Serving<'_> {
    fn run(&self, mut stream: TcpStream, stop: &AtomicBool) -> Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.set_nodelay(true)?;
        if let Some(greet) = &self.script.greet {
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
                    self.received.request(self.connection, self.name, &buffer);
                }
                return Ok(());
            }
            if self.script.echo {
                self.received.stream(self.connection, self.name, &chunk[..len]);
                stream.write_all(&chunk[..len])?;
                continue;
            }
            buffer.extend_from_slice(&chunk[..len]);
            while let Some(len) = message_len(&buffer, Kind::Request) {
                let request: Vec<u8> = buffer.drain(..len).collect();
                self.received.request(self.connection, self.name, &request);
                if self.reply(&mut stream, &request)? == After::Close {
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

    fn reply(&self, stream: &mut TcpStream, request: &[u8]) -> Result<After> {
        match self.script.replies.iter().find(|reply| request.starts_with(reply.to.as_bytes())) {
            Some(reply) => {
                send(stream, &reply.send)?;
                Ok(if reply.close { After::Close } else { After::Keep })
            }
            None => {
                stream.write_all(default_reply(request))?;
                Ok(After::Keep)
            }
        }
    }
}

#[derive(PartialEq)]
enum After {
    Keep,
    Close,
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
