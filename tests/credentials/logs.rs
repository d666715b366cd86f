//! The logs of each trial. The trials run at the same time in one process, so logs are collected by thread.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use crate::log_collector;

/// The logs of one trial. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<String>>);

/// The logs of threads that belong to no trial. The crate starts such threads.
static OTHER: Mutex<String> = Mutex::new(String::new());

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<Logs>> = const { RefCell::new(None) };
}

/// Collects all logs of this process, at any level.
pub(crate) fn collect() {
    log_collector::install(|line| {
        // A thread that ends may log after its variables are dropped.
        let logs = OF_THIS_THREAD.try_with(|logs| logs.borrow().clone()).ok().flatten();
        match logs {
            Some(logs) => logs.0.lock().unwrap().push_str(&line),
            None => OTHER.lock().unwrap().push_str(&line),
        }
    });
}

/// Returns the logs of threads that belong to no trial.
pub(crate) fn of_other_threads() -> String {
    OTHER.lock().unwrap().clone()
}

impl Logs {
    /// Writes the logs of this thread here, from now on.
    pub(crate) fn attach(&self) {
        OF_THIS_THREAD.with(|logs| *logs.borrow_mut() = Some(self.clone()));
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// Returns a runtime whose threads write their logs here.
    pub(crate) fn runtime(&self) -> tokio::runtime::Runtime {
        let logs = self.clone();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().on_thread_start(move || logs.attach()).build().unwrap()
    }
}
