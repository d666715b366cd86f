//! Differences between native targets and wasm32. Besides transports, only this module has `cfg(target_arch)`.

// ---- CRC-32 -------------------------------------------------------------------------------------

/// The table version for wasm32; `crc32fast` would add 17 KB of gzipped code for instructions that wasm does not
/// have. Native tests compare this module with `crc32fast`.
#[cfg(any(test, target_arch = "wasm32"))]
mod crc32;

/// CRC-32 (IEEE) of `bytes`.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// CRC-32 (IEEE) of `bytes`.
#[cfg(target_arch = "wasm32")]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = crc32::Crc32::new();
    crc.update(bytes);
    crc.finish()
}

// ---- SHA-256 ------------------------------------------------------------------------------------

#[cfg(any(test, target_arch = "wasm32"))]
mod sha256;

#[cfg(target_arch = "wasm32")]
pub(crate) use sha256::Sha256;

/// An incremental hash. It is wiped on drop, as its input may be a key.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone)]
pub(crate) struct Sha256(sha2::Sha256);

#[cfg(not(target_arch = "wasm32"))]
impl Sha256 {
    pub(crate) fn new() -> Self {
        Self(sha2::Digest::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.0, bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        sha2::Digest::finalize(self.0).into()
    }
}

/// Returns the SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

// ---- Send, where threads are --------------------------------------------------------------------

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// `Send` on native targets. No bound on wasm32: there are no threads, and objects of the runtime may not leave their
/// thread.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + ?Sized> MaybeSend for T {}

/// `Send` on native targets. No bound on wasm32: there are no threads, and objects of the runtime may not leave their
/// thread.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSend for T {}

/// `Sync` on native targets. No bound on wasm32.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Sync + ?Sized> MaybeSync for T {}

/// `Sync` on native targets. No bound on wasm32.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSync {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSync for T {}

/// A boxed future, `Send` on native targets.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A boxed future, `Send` on native targets.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A boxed stream, `Send` on native targets.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxStream<'a, T> = Pin<Box<dyn futures_core::Stream<Item = T> + Send + 'a>>;
/// A boxed stream, `Send` on native targets.
#[cfg(target_arch = "wasm32")]
pub type BoxStream<'a, T> = Pin<Box<dyn futures_core::Stream<Item = T> + 'a>>;

// ---- Clock, timer, randomness -------------------------------------------------------------------

/// Whether concurrent refreshes of credentials share one request. Not on wasm: a Worker that waits for another
/// request's future hangs.
pub(crate) const SINGLE_FLIGHT: bool = cfg!(not(target_arch = "wasm32"));

/// A clock, a timer and randomness for calls. Defaults to [`SystemRuntime`]. Tests can use a runtime with a fixed
/// time.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::{BoxFuture, Runtime};
///
/// /// A frozen clock, whose timers fire at once.
/// #[derive(Debug)]
/// struct Frozen;
///
/// impl Runtime for Frozen {
///     fn now(&self) -> Duration { Duration::from_secs(1_735_787_045) }
///     fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> { Box::pin(std::future::ready(())) }
///     fn random(&self) -> f64 { 0.5 }
/// }
/// ```
pub trait Runtime: std::fmt::Debug + MaybeSend + MaybeSync + 'static {
    /// Returns the time since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;
    /// Returns a future that is ready after this duration.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// Returns a number in `0.0..1.0`, used for retry jitter. It need not be cryptographically secure.
    fn random(&self) -> f64;
    /// Computes the SHA-256 of a body, for its signature. It is called at most once per call. A platform may have a
    /// faster implementation than the default, such as WebCrypto for large bodies.
    fn sha256<'a>(&'a self, body: &'a [u8]) -> BoxFuture<'a, [u8; 32]> {
        Box::pin(std::future::ready(sha256(body)))
    }
}

impl<R: Runtime + ?Sized> Runtime for std::sync::Arc<R> {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (**self).sleep(duration)
    }

    fn random(&self) -> f64 {
        (**self).random()
    }

    fn sha256<'a>(&'a self, body: &'a [u8]) -> BoxFuture<'a, [u8; 32]> {
        (**self).sha256(body)
    }
}

/// The system's clock, and a timer that works with every async runtime.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct SystemRuntime;

/// An effectively infinite duration that cannot overflow when added to a timestamp.
const LONGEST: Duration = Duration::from_secs(20 * 24 * 3600);

#[cfg(not(target_arch = "wasm32"))]
impl Runtime for SystemRuntime {
    fn now(&self) -> Duration {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(futures_timer::Delay::new(duration.min(LONGEST)))
    }

    fn random(&self) -> f64 {
        // Every RandomState has new random keys, which determine the hash of an empty input.
        use std::hash::{BuildHasher, Hasher};
        let bits = std::collections::hash_map::RandomState::new().build_hasher().finish();
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(target_arch = "wasm32")]
impl Runtime for SystemRuntime {
    fn now(&self) -> Duration {
        // Whole milliseconds; the cast turns times before 1970 into 0.
        Duration::from_millis(js_sys::Date::now() as u64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(timeout::Timeout::new(duration.min(LONGEST)))
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }

    #[cfg(feature = "fetch")]
    fn sha256<'a>(&'a self, body: &'a [u8]) -> BoxFuture<'a, [u8; 32]> {
        Box::pin(digest::sha256(body))
    }
}

// Needs `fetch`, whose dependency `wasm-bindgen-futures` awaits promises.
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
mod digest;

#[cfg(target_arch = "wasm32")]
mod timeout;

// ---- Work in the background ---------------------------------------------------------------------

#[cfg(feature = "langsmith")]
mod background;

#[cfg(feature = "langsmith")]
pub(crate) use background::in_background;
