//! Background work.

use super::BoxFuture;

/// Runs a future to its end on a separate thread, with the runtime that reqwest needs. On targets without threads the
/// future is dropped, so that its guards can report that.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn in_background(name: &str, work: BoxFuture<'static, ()>) {
    let drive = move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(work);
        }
    };
    // If no thread can be started, the future is dropped with the closure.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(drive);
}

/// Runs a future to its end on a separate thread, with the runtime that reqwest needs. On targets without threads the
/// future is dropped, so that its guards can report that.
#[cfg(target_arch = "wasm32")]
pub(crate) fn in_background(_: &str, work: BoxFuture<'static, ()>) {
    drop(work);
}
