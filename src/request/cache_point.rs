//! Cache points in JSON.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{View, quoted};
use crate::message::{CachePoint, CacheTtl};

/// Reads the cache point of a `cache_control` or `cachePoint`.
///
/// # Errors
/// `Encode`, for a `ttl` that no provider has.
pub(crate) fn point_of_json(point: View<'_>) -> Result<CachePoint> {
    let Some(ttl) = point.get("ttl") else { return Ok(CachePoint { ttl: None }) };
    match CacheTtl::parse(ttl.word()) {
        Some(ttl) => Ok(CachePoint { ttl: Some(ttl) }),
        None => {
            let shown: String = ttl.string().unwrap_or_else(|| ttl.raw().to_owned()).chars().take(40).collect();
            let message =
                format_args!("the cache point has an unknown `ttl`: {}; use \"5m\" or \"1h\"", quoted(&shown));
            Err(Error::of(ErrorKind::Encode, message))
        }
    }
}
