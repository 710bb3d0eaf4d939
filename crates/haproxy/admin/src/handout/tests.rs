use std::net::{SocketAddr, TcpListener};

use super::*;

fn bind(address: BindAddress) -> BindSettings {
    BindSettings::new(address, (String::new(), 0))
}

fn over_a_pair(listeners: &[TcpListener], interface: &str) -> Vec<Inherited> {
    let (giver, taker) = UnixStream::pair().unwrap();
    std::thread::scope(|scope| {
        let given = scope.spawn(|| {
            let mut line = [0; 10];
            (&mut &giver).read_exact(&mut line).unwrap();
            assert_eq!(&line, b"_getsocks\n");
            let sockets: Vec<Given<'_>> = listeners
                .iter()
                .map(|listener| Given { socket: listener.as_fd(), namespace: "", interface })
                .collect();
            give(&giver, &sockets).unwrap();
        });
        let taken = take(&taker).unwrap();
        given.join().unwrap();
        taken
    })
}

#[test]
fn more_sockets_than_one_message_holds_arrive() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let many: Vec<TcpListener> = (0..300).map(|_| listener.try_clone().unwrap()).collect();
    let taken = over_a_pair(&many, "");
    assert_eq!(taken.len(), 300);
    assert!(taken.iter().all(|taken| taken.fits(&bind(BindAddress::Ip(address)))));
}

#[test]
fn a_socket_fits_its_own_bind_line_only() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taken = over_a_pair(&[listener], "lo");
    let own = bind(BindAddress::Ip(address));
    assert!(!taken[0].fits(&own), "it belongs to an interface");
    let own = BindSettings { interface: Some("lo".to_owned()), ..own };
    assert!(taken[0].fits(&own));
    assert!(!taken[0].fits(&BindSettings { namespace: Some("blue".to_owned()), ..own.clone() }));
    assert!(!taken[0].fits(&BindSettings { transparent: true, ..own.clone() }));
    let other = BindAddress::Ip(SocketAddr::new(address.ip(), address.port() ^ 1));
    assert!(!taken[0].fits(&BindSettings { address: other, ..own }));
}

#[test]
fn the_original_s_bytes_are_read() {
    // what HAProxy 2.6 sent for two sockets, the second one bound to `lo`
    let sent = b"\0\0\0\0\0\0\0\x02lo\0\0\0\0";
    let fds = (0..2).map(|_| OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap())).collect();
    let mut taken = Vec::new();
    decode(sent, fds, &mut taken).unwrap();
    let names: Vec<(&str, &str)> = taken.iter().map(|taken| (&*taken.namespace, &*taken.interface)).collect();
    assert_eq!(names, [("", ""), ("", "lo")]);
    let fds = taken.iter().map(|taken| taken.socket.as_fd());
    let given: Vec<Given<'_>> = fds
        .zip(&taken)
        .map(|(socket, taken)| Given { socket, namespace: &taken.namespace, interface: &taken.interface })
        .collect();
    assert_eq!(encode(&given), sent);
}

#[test]
fn cut_records_are_refused() {
    let whole = b"\0\x02lo\0\0\0\0";
    for length in 0..whole.len() {
        let fds = vec![OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap())];
        assert!(decode(&whole[..length], fds, &mut Vec::new()).is_err(), "{length} bytes");
    }
}
