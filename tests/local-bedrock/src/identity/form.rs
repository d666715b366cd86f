//! Parameters of the Query protocol: a form in the body, or the query of the URL.

use crate::auth::Wire;
use crate::route::percent_decode;

/// The parameters of one call, in order.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(wire: &Wire<'_>) -> Self {
        let form =
            wire.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if form { Self::parse(&String::from_utf8_lossy(wire.body)) } else { Self::query(wire) }
    }

    pub(crate) fn query(wire: &Wire<'_>) -> Self {
        Self::parse(wire.query.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode(&part.replace('+', " "));
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
