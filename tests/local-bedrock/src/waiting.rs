//! Waiting in tests: for a future, and for a condition.

use std::time::Duration;

/// The time after which a test that still waits fails. It only ends tests that hang: a machine may be slow and busy,
/// so no test depends on how much of it passes.
pub const HANGS: Duration = Duration::from_secs(180);

/// Awaits a future.
///
/// # Panics
///
/// If the future hangs.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANGS, future).await {
        Ok(value) => value,
        Err(_) => hang("the future hangs"),
    }
}

/// Waits until a condition is met. `what` names it.
///
/// # Panics
///
/// If the condition is never met.
pub async fn until(what: &str, is_met: impl Fn() -> bool) {
    let waiting = async {
        while !is_met() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(HANGS, waiting).await.is_err() {
        hang(&format!("never: {what}"))
    }
}

#[expect(clippy::panic, reason = "these functions are for tests")]
#[track_caller]
fn hang(why: &str) -> ! {
    panic!("{why}")
}
