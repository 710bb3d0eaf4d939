use super::*;

#[test]
fn names_can_be_respelled() {
    let mut map = CaseMap::default();
    assert!(map.add(b"content-length", b"Content-Length"));
    assert!(!map.add(b"CONTENT-LENGTH", b"x"));
    let mut response = Response::default();
    response.set_status(200, b"OK");
    response.fields.append(b"x-a", b"1");
    map.add(b"content-length", b"Content-Length");
    response.fields.append(b"content-length", b"0");
    let mut out = Vec::new();
    let options = WriteOptions { announce: Announce::Close, case: Some(&map) };
    write_response_head(&response, options, &mut out);
    assert_eq!(out, b"HTTP/1.1 200 OK\r\nx-a: 1\r\nContent-Length: 0\r\nconnection: close\r\n\r\n");
}

#[test]
fn interim_heads() {
    let mut out = Vec::new();
    write_interim(100, &mut out);
    assert_eq!(out, b"HTTP/1.1 100 Continue\r\n\r\n");
}
