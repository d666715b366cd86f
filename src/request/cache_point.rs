//! Cache points in JSON.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{View, quoted};
use crate::message::{CachePoint, CacheTtl};

/// Parses a cache point in `cache_control` or `cachePoint`.
///
/// # Errors
/// `Encode`, if the `ttl` is unknown.
pub(crate) fn point_of_json(point: View<'_>) -> Result<CachePoint> {
    let Some(ttl) = point.get("ttl") else { return Ok(CachePoint { ttl: None }) };
    match CacheTtl::parse(ttl.word()) {
        Some(ttl) => Ok(CachePoint { ttl: Some(ttl) }),
        None => {
            let shown: String = ttl.string().unwrap_or_else(|| ttl.raw().to_owned()).chars().take(40).collect();
            Err(Error::of(
                ErrorKind::Encode,
                format_args!("unknown `ttl` of a cache point: {}; use \"5m\" or \"1h\"", quoted(&shown)),
            ))
        }
    }
}
