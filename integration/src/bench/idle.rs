//! Memory of an idle keep-alive connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::program::Running;

/// Between the first count and the second the memory must have grown by the connections alone.
const COUNTS: (usize, usize) = (1000, 6000);

/// Bytes of the program's memory for a connection that has had an answer and waits for its next request.
pub fn bytes_per_connection(port: u16, program: &Running) -> Result<f64> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let mut open = Vec::new();
    let mut grow = |count: usize| -> Result<u64> {
        while open.len() < count {
            open.push(answered(port).with_context(|| format!("connection {}", open.len()))?);
        }
        thread::sleep(Duration::from_millis(500));
        Ok(program.memory())
    };
    let (before, after) = (grow(COUNTS.0)?, grow(COUNTS.1)?);
    Ok((after as f64 - before as f64) / (COUNTS.1 - COUNTS.0) as f64)
}

fn answered(port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /small HTTP/1.1\r\nHost: bench\r\n\r\n")?;
    let mut buffer = [0; 4096];
    let mut len = 0;
    while !buffer[..len].ends_with(b"answer\n") {
        match stream.read(&mut buffer[len..])? {
            0 => bail!("closed instead of answered"),
            more => len += more,
        }
    }
    Ok(stream)
}
