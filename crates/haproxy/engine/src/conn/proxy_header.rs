//! `accept-proxy`, `accept-netscaler-cip` and the rules that ask for them: the header before everything else.

use std::task::Poll;

use haproxy_expr::cx::{ConnectionFault, Endpoint, ProxyInfo};
use haproxy_http::proxy_protocol::{Command, Decoded, Endpoints, Header, ProxyError, decode, netscaler};

use super::{Connection, deadline_after};
use crate::side::Received;

/// What comes before everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preamble {
    /// A PROXY protocol header.
    Proxy,
    /// A NetScaler client IP header.
    Netscaler {
        /// The number it begins with.
        magic: u32,
    },
}

impl Preamble {
    fn either(self, proxy: ConnectionFault, netscaler: ConnectionFault) -> ConnectionFault {
        match self {
            Preamble::Proxy => proxy,
            Preamble::Netscaler { .. } => netscaler,
        }
    }

    fn refused(self, error: ProxyError) -> ConnectionFault {
        let proxy = match error {
            ProxyError::NotAHeader => ConnectionFault::PROXY_NO_HEADER,
            ProxyError::Line
            | ProxyError::Command
            | ProxyError::Length
            | ProxyError::Checksum
            | ProxyError::Netscaler => ConnectionFault::PROXY_BAD_HEADER,
        };
        self.either(proxy, ConnectionFault::CIP_BAD_MAGIC)
    }
}

/// Receives and applies the header. The addresses of the session change, those of the connection stay.
pub async fn receive(conn: &mut Connection, preamble: Preamble) -> Result<(), ConnectionFault> {
    let timeouts = &conn.frontend().settings.timeouts;
    let timeout = timeouts.client_hs.or(timeouts.http_request).or(timeouts.client);
    let deadline_ms = deadline_after(conn.thread.now_ms(), timeout);
    loop {
        let bytes = conn.client.input.bytes();
        let decoded = match preamble {
            Preamble::Proxy => decode(bytes),
            Preamble::Netscaler { magic } => netscaler::decode(bytes, magic),
        };
        match decoded {
            Ok(Decoded::Complete { header, length }) => {
                conn.client.input.consume(length);
                apply(conn, header);
                return Ok(());
            }
            Ok(Decoded::Partial) => {}
            Err(error) => return Err(preamble.refused(error)),
        }
        let Connection { client, deadline, thread, .. } = conn;
        let more = std::future::poll_fn(|cx| {
            match client.poll_receive(cx, &thread.buffers) {
                Poll::Ready(Ok(Received::Bytes(_))) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(Received::Full)) => {
                    return Poll::Ready(Err(preamble.refused(ProxyError::Length)));
                }
                Poll::Ready(Ok(Received::End)) if client.input.is_empty() => {
                    return Poll::Ready(Err(
                        preamble.either(ConnectionFault::PROXY_EMPTY, ConnectionFault::CIP_EMPTY)
                    ));
                }
                Poll::Ready(Ok(Received::End)) => {
                    return Poll::Ready(Err(
                        preamble.either(ConnectionFault::PROXY_TRUNCATED, ConnectionFault::CIP_TRUNCATED)
                    ));
                }
                Poll::Ready(Err(_)) => {
                    return Poll::Ready(Err(
                        preamble.either(ConnectionFault::PROXY_ABORT, ConnectionFault::CIP_ABORT)
                    ));
                }
                Poll::Pending => {}
            }
            let slow = preamble.either(ConnectionFault::PROXY_TIMEOUT, ConnectionFault::CIP_TIMEOUT);
            deadline.poll(cx, deadline_ms).map(|()| Err(slow))
        })
        .await;
        more?;
    }
}

fn apply(conn: &mut Connection, header: Header) {
    if header.command == Command::Local {
        return;
    }
    match header.endpoints {
        Endpoints::Inet { source, destination } => {
            conn.session.source = Endpoint::Ip(source);
            conn.session.destination = Endpoint::Ip(destination);
        }
        Endpoints::Unix { .. } => {
            conn.session.source = Endpoint::Unix;
            conn.session.destination = Endpoint::Unix;
        }
        Endpoints::Unknown => {}
    }
    let tlvs: Vec<(u8, Vec<u8>)> = header.tlvs.iter().map(|tlv| (tlv.kind.0, tlv.value.to_vec())).collect();
    if !tlvs.is_empty() {
        conn.session.proxy = Some(Box::new(ProxyInfo { tlvs }));
    }
}
