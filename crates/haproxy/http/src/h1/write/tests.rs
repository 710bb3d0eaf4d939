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
    let options = WriteOptions { announce: Announce::Close, case: Some(&map), last: None };
    write_response_head(&response, options, &mut out);
    assert_eq!(out, b"HTTP/1.1 200 OK\r\nx-a: 1\r\nContent-Length: 0\r\nconnection: close\r\n\r\n");
}

#[test]
fn interim_heads() {
    let mut out = Vec::new();
    write_interim(100, &mut out);
    assert_eq!(out, b"HTTP/1.1 100 Continue\r\n\r\n");
}

fn request_with(fields: &[(&str, &str)], framing: Framing) -> String {
    let mut request = Request::default();
    request.set_method(b"POST");
    request.set_uri(b"/");
    request.framing = framing;
    for (name, value) in fields {
        request.fields.append(name.as_bytes(), value.as_bytes());
    }
    let mut out = Vec::new();
    write_request_head(&request, WriteOptions::default(), &mut out);
    String::from_utf8(out).unwrap().replace("\r\n", "|").replace("POST / HTTP/1.1|", "")
}

#[test]
fn the_written_framing_is_the_true_one() {
    for (fields, framing, expected) in [
        (&[("content-length", "5")][..], Framing::None, "|"),
        (&[("transfer-encoding", "chunked"), ("a", "b")], Framing::None, "a: b||"),
        (&[("content-length", "03")], Framing::Length(3), "content-length: 03||"),
        (&[("content-length", "5"), ("a", "b")], Framing::Length(3), "a: b|content-length: 3||"),
        (&[("a", "b")], Framing::Length(3), "a: b|content-length: 3||"),
        (
            &[("content-length", "3"), ("transfer-encoding", "chunked")],
            Framing::Length(3),
            "content-length: 3||",
        ),
        (&[("content-length", "3")], Framing::Chunked, "transfer-encoding: chunked||"),
        (&[("transfer-encoding", "chunked")], Framing::Chunked, "transfer-encoding: chunked||"),
        (&[("content-length", "3")], Framing::Tunnel, "content-length: 3||"),
    ] {
        assert_eq!(request_with(fields, framing), expected, "{fields:?} {framing:?}");
    }
    let mut response = Response::default();
    response.set_status(304, b"x");
    response.fields.append(b"content-length", b"33");
    let mut out = Vec::new();
    write_response_head(&response, WriteOptions::default(), &mut out);
    assert_eq!(out, b"HTTP/1.1 304 x\r\ncontent-length: 33\r\n\r\n");
}
