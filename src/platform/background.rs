//! Work that nobody waits for.

use super::BoxFuture;

/// Drives a future to its end on a thread of its own, with the runtime that reqwest asks for. It is
/// dropped where there are no threads, so that it can tell those who count on it.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn in_background(name: &str, work: BoxFuture<'static, ()>) {
    let drive = move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(work);
        }
    };
    // Without a thread the future is dropped with the closure.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(drive);
}

/// Drives a future to its end on a thread of its own, with the runtime that reqwest asks for. It is
/// dropped where there are no threads, so that it can tell those who count on it.
#[cfg(target_arch = "wasm32")]
pub(crate) fn in_background(_: &str, work: BoxFuture<'static, ()>) {
    drop(work);
}
