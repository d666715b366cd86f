//! `Display` and `Debug` of errors.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (&inner.aws_type, inner.status) {
            (Some(name), Some(status)) => write!(f, "{name} (HTTP {status}): ")?,
            (Some(name), None) => write!(f, "{name}: ")?,
            (None, Some(status)) => write!(f, "HTTP {status}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        let mut separator = " [";
        let attempts = (inner.attempts > 1).then(|| inner.attempts.to_string());
        let notes = [
            ("model ", &inner.model),
            ("region ", &inner.region),
            ("request id ", &inner.request_id),
            ("attempts ", &attempts),
        ];
        for (name, value) in notes {
            let Some(value) = value else { continue };
            for part in [separator, name, value] {
                f.write_str(part)?;
            }
            separator = ", ";
        }
        if separator == ", " { f.write_str("]") } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    /// Reads like `Display`, followed by the other data of the error. A `main` that returns an error prints it in
    /// this form. Blocks are counted, not printed: conversations stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{self} (kind {}", inner.kind.as_str())?;
        if self.is_retryable() {
            f.write_str(", retryable")?;
        } else if self.is_transient() {
            f.write_str(", transient")?;
        }
        if let Some(after) = self.retry_after() {
            // `{:?}` of a duration is 2 KB of WebAssembly.
            write!(f, ", retry after {} ms", u64::try_from(after.as_millis()).unwrap_or(u64::MAX))?;
        }
        if let Some(headers) = &inner.headers {
            write!(f, ", {} response headers", headers.iter().count())?;
        }
        if let Some(partial) = &inner.partial {
            write!(f, ", partial message of {} blocks", partial.content.len())?;
        }
        let mut separator = ", caused by: ";
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, "{separator}{error}")?;
            (separator, cause) = (": ", error.source());
        }
        f.write_str(")")
    }
}
