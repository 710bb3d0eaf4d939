//! A small HTTP server inside the test program: it says who it is, and can be stopped and started again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;

use crate::framing::{Kind, message_len};

/// A running server; stops with its handle: the port is closed and so are its connections.
#[derive(Debug)]
pub struct Backend {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    acceptor: Option<JoinHandle<()>>,
}

impl Backend {
    /// Serves on a listener (which may live in a namespace): every answer has `X-Backend: name`.
    pub fn start(listener: TcpListener, name: &str) -> Result<Backend> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let shared = (Arc::clone(&stop), Arc::clone(&answered), Arc::<str>::from(name));
        let acceptor = thread::spawn(move || {
            let (stop, answered, name) = shared;
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let (stop, answered, name) =
                            (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&name));
                        thread::spawn(move || serve(stream, &name, &stop, &answered));
                    }
                    Err(_) => thread::sleep(Duration::from_millis(2)),
                }
            }
        });
        Ok(Backend { address, stop, answered, acceptor: Some(acceptor) })
    }

    /// How many requests it has answered.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn serve(mut stream: TcpStream, name: &str, stop: &AtomicBool, answered: &AtomicUsize) {
    let answer =
        format!("HTTP/1.1 200 OK\r\nX-Backend: {name}\r\nContent-Length: {}\r\n\r\n{name}\n", name.len() + 1);
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
    let _ = stream.set_nodelay(true);
    let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
    while !stop.load(Ordering::Relaxed) {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(len) => buffer.extend_from_slice(&chunk[..len]),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        while let Some(len) = message_len(&buffer, Kind::Request) {
            buffer.drain(..len);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}
