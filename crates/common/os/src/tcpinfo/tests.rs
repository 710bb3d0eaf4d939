use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use super::*;

#[test]
fn a_connection_has_a_round_trip_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    assert!(tcp_info(client.as_raw_fd()).unwrap().rtt_us > 0);
    assert_eq!(saved_syn(server.as_raw_fd()).unwrap(), Vec::<u8>::new());
}

#[test]
fn a_file_is_no_connection() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(tcp_info(file.as_raw_fd()).is_err());
    assert!(saved_syn(file.as_raw_fd()).is_err());
}
