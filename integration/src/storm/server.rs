//! What stands behind the proxy: HTTP with an upgrade to an echo, and a plain echo.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the servers are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// HTTP.
    pub http: SocketAddr,
    /// Echo.
    pub tcp: SocketAddr,
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/// The answer to the clients' one key (RFC 6455 §1.3).
const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Starts both; they end with their runtime.
pub async fn start() -> Result<Addresses> {
    let (http, tcp) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let addresses = Addresses { http: http.local_addr()?, tcp: tcp.local_addr()? };
    tokio::spawn(async move {
        while let Ok((stream, _)) = http.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    Ok(addresses)
}

async fn answer(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk).await {
            Ok(length) if length > 0 => seen.extend_from_slice(&chunk[..length]),
            _ => return,
        }
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let upgrades = seen[..end].windows(9).any(|window| window.eq_ignore_ascii_case(b"websocket"));
            seen.drain(..end + 4);
            let sent = stream.write_all(if upgrades { UPGRADED } else { ANSWER }).await;
            if sent.is_err() {
                return;
            }
            if upgrades {
                return echo(stream).await;
            }
        }
    }
}

async fn echo(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut chunk = [0; 4096];
    while let Ok(length) = stream.read(&mut chunk).await {
        if length == 0 || stream.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}
