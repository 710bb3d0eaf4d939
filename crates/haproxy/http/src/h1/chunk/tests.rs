use super::*;

/// Decodes a body given in two pieces cut at `cut`; data and trailers as text, or the fault.
fn decode(raw: &[u8], cut: usize) -> Result<String, ChunkError> {
    let mut decoder = ChunkDecoder::default();
    let mut data = Vec::new();
    let mut buffer = raw[..cut].to_vec();
    let mut fed_all = false;
    loop {
        let (used, found) = decoder.decode(&buffer)?;
        if let Step::Data(range) = &found {
            data.extend_from_slice(&buffer[range.clone()]);
        }
        buffer.drain(..used);
        match found {
            Step::Data(_) => {}
            Step::End => {
                let mut trailers = Vec::new();
                decoder.trailers().write(&mut trailers);
                data.push(b'|');
                data.extend_from_slice(&trailers);
                data.push(b'|');
                data.extend_from_slice(&buffer);
                data.extend_from_slice(if fed_all { b"" } else { &raw[cut..] });
                return Ok(String::from_utf8_lossy(&data).into_owned());
            }
            Step::NeedMore if fed_all => return Ok("incomplete".into()),
            Step::NeedMore => {
                buffer.extend_from_slice(&raw[cut..]);
                fed_all = true;
            }
        }
    }
}

#[test]
fn every_cut_gives_the_same() {
    use ChunkError::*;
    let cases: &[(&[u8], Result<&str, ChunkError>)] = &[
        (b"3\r\nabc\r\n0\r\n\r\nrest", Ok("abc||rest")),
        (b"1\r\na\r\n2;x=y\r\nbc\r\n000\r\n\r\n", Ok("abc||")),
        (b"3;a=\"b;\\\"\"\r\nabc\r\n0\r\n\r\n", Ok("abc||")),
        (b"3 ;a\r\nabc\r\n0\r\n\r\n", Ok("abc||")),
        (b"3 \t\r\nabc\r\n0\r\n\r\n", Ok("abc||")),
        (b"A\r\n0123456789\r\n0\r\n\r\n", Ok("0123456789||")),
        (b"00000000000000000000000003\r\nabc\r\n0\r\n\r\n", Ok("abc||")),
        (b"3\r\nabc\r\n0\r\nX-T: 1\r\n 2\r\ncontent-length: 3\r\n\r\n", Ok("abc|x-t: 1   2\r\n|")),
        (b"FFFFFFFFFFFFF\r\nabc", Ok("incomplete")),
        (b"FFFFFFFFFFFFFF\r\nabc", Err(Size)),
        (b"\r\nabc", Err(Size)),
        (b" 3\r\nabc\r\n0\r\n\r\n", Err(Size)),
        (b"-3\r\nabc\r\n0\r\n\r\n", Err(Size)),
        (b"0x3\r\nabc\r\n0\r\n\r\n", Err(Size)),
        (b"3g\r\nabc\r\n0\r\n\r\n", Err(Size)),
        (b"3\nabc\r\n0\r\n\r\n", Err(LineEnd)),
        (b"3\r\nabc\n0\r\n\r\n", Err(LineEnd)),
        (b"3\r\nabcd\r\n0\r\n\r\n", Err(LineEnd)),
        (b"3\rx\nabc\r\n0\r\n\r\n", Err(LineEnd)),
        (b"3;a=\"b\r\nabc\r\n0\r\n\r\n", Err(Extension)),
        (b"3;a\nabc\r\n0\r\n\r\n", Err(LineEnd)),
        (b"3\r\nabc\r\n0\r\nX-T\r\n\r\n", Err(Trailer)),
    ];
    for (raw, expected) in cases {
        for cut in 0..=raw.len() {
            let expected = expected.map(str::to_owned);
            assert_eq!(decode(raw, cut), expected, "{} cut at {cut}", String::from_utf8_lossy(raw));
        }
    }
}

#[test]
fn trailers_have_a_limit() {
    let mut raw = b"0\r\n".to_vec();
    raw.resize(9000, b'a');
    assert_eq!(decode(&raw, 0), Err(ChunkError::TooLarge));
}

#[test]
fn data_can_be_skipped() {
    let mut decoder = ChunkDecoder::default();
    assert_eq!(decoder.decode(b"64\r\n"), Ok((4, Step::NeedMore)));
    assert_eq!(decoder.data_left(), 100);
    decoder.skip_data(99);
    assert_eq!(decoder.decode(b"x\r\n0\r\n\r\n"), Ok((1, Step::Data(0..1))));
    assert_eq!(decoder.decode(b"\r\n0\r\n\r\n"), Ok((7, Step::End)));
    assert!(decoder.is_done());
}

#[test]
fn size_lines() {
    assert_eq!(size_line(0).as_bytes(), b"0\r\n");
    assert_eq!(size_line(10).as_bytes(), b"A\r\n");
    assert_eq!(size_line(u64::MAX).as_bytes(), b"FFFFFFFFFFFFFFFF\r\n");
    let mut out = Vec::new();
    write_chunk(b"", &mut out);
    write_chunk(b"abc", &mut out);
    write_end(&Fields::default(), &mut out);
    assert_eq!(out, b"3\r\nabc\r\n0\r\n\r\n");
}

proptest::proptest! {
    #[test]
    fn no_input_panics(raw: Vec<u8>, cut: proptest::sample::Index) {
        let _ = decode(&raw, cut.index(raw.len() + 1));
    }
}
