use super::*;

/// The future can be spawned on any runtime.
#[test]
fn the_runner_can_be_sent() {
    fn is_send<T: Send>(_: &impl Fn(Arc<Process>) -> T) {}
    is_send(&run);
}
