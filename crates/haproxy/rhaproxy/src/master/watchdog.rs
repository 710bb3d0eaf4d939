//! The service manager's watchdog: it is fed while the worker answers, so that a worker that hangs is noticed too.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::notify::Manager;
use super::supervise::Family;
use crate::link::{self, Subject};

/// Begins to feed the watchdog when the manager has one for this process (sd_watchdog_enabled(3)).
pub fn start(manager: &Rc<Manager>, family: &Rc<RefCell<Family>>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    let Some(period_us) = number("WATCHDOG_USEC").filter(|period| *period > 0 && is_ours) else { return };
    let (manager, family) = (Rc::clone(manager), Rc::clone(family));
    let half = Duration::from_micros(period_us / 2);
    tokio::task::spawn_local(async move {
        loop {
            tokio::time::sleep(half).await;
            let link = family.borrow().worker().and_then(|worker| worker.link.clone());
            // without a worker the master decides, not the watchdog
            let alive = match link {
                Some(link) => tokio::time::timeout(half, answers(link.as_fd())).await.unwrap_or(false),
                None => true,
            };
            if alive {
                manager.alive();
            }
        }
    });
}

/// Whether the worker answers to the simplest of commands.
async fn answers(link: std::os::fd::BorrowedFd<'_>) -> bool {
    let ask = async {
        let stream = link::connect(link, Subject::Commands(link::Session::default()))?;
        stream.set_nonblocking(true)?;
        let mut stream = UnixStream::from_std(stream)?;
        stream.write_all(b"show version\n").await?;
        stream.read_u8().await
    };
    ask.await.is_ok()
}
