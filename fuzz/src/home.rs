//! A home folder for one input.

use std::path::PathBuf;

/// A folder of this thread, which is removed at the end.
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let name = format!("bedrock-chat-fuzz-{}-{}", std::process::id(), thread.replace(['(', ')'], "-"));
        // In memory if possible: renewed tokens are synchronized with the disk.
        let memory = PathBuf::from("/dev/shm");
        Self(if memory.is_dir() { memory } else { std::env::temp_dir() }.join(name))
    }

    /// Writes a file and the folders that it is in. Returns its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, bytes));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.display().to_string()
    }

    pub(crate) fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
