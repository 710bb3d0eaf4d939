use std::net::SocketAddr;

use super::*;

fn note(id: u64) -> Rc<Note> {
    Rc::new(Note::new(id, Endpoint::Ip(SocketAddr::from(([127, 0, 0, 1], 1))), -1, ProxyId(0)))
}

#[test]
fn connections_without_a_stream_are_not_listed() {
    let notes = Notes::default();
    notes.add(&note(1));
    assert!(notes.streams().is_empty());
    notes.remove(1);
    assert!(notes.all.borrow().is_empty());
}

#[tokio::test]
async fn a_killed_stream_ends_and_others_go_on() {
    let (killed, other) = (note(1), note(2));
    let kill = async {
        tokio::task::yield_now().await;
        killed.kill();
    };
    let mut never = std::pin::pin!(std::future::pending::<()>());
    let (ended, ()) = tokio::join!(killable(&killed, never.as_mut()), kill);
    assert_eq!(ended, None);
    assert_eq!(killable(&other, std::pin::pin!(async { 5 })).await, Some(5));
    assert_eq!(other.calls.get(), 1);
}
