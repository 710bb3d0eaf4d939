//! A door into the laboratory: a port of the machine's loopback that leads to an address seen by one of the nodes.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::Result;
use integration::netns::Node;
use nix::sched::{CloneFlags, setns};

/// Opens it; it stays as long as the demo runs. Returns where it is.
pub fn open(node: &Node, inside: SocketAddr) -> Result<SocketAddr> {
    let net = File::open(format!("/proc/{}/ns/net", node.init_pid()))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let outside = listener.local_addr()?;
    // The listener was made outside and stays there; what this thread makes from now on is inside.
    thread::spawn(move || {
        if setns(net, CloneFlags::CLONE_NEWNET).is_err() {
            return;
        }
        for visitor in listener.incoming().flatten() {
            if let Ok(server) = TcpStream::connect(inside) {
                let _ = join(visitor, server);
            }
        }
    });
    Ok(outside)
}

fn join(visitor: TcpStream, server: TcpStream) -> io::Result<()> {
    for (mut from, mut to) in [(visitor.try_clone()?, server.try_clone()?), (server, visitor)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}
